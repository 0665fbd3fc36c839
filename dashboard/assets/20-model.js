/* What this page shows: a pure model, without document or clock. A window of groups, newest first,
   that is either attached to the newest events or stands further back. Below the events that the
   server has in memory are those of the archive, single ones, after all others in order.

   The page owns its cursor; an update counts only if it answers exactly that cursor, so lost,
   repeated or late ones do nothing. */
(() => {
  "use strict";
  const { vigie } = window;
  const LENGTH = 48; /* as many as the server sends to a new page: live and rebuilt pages agree */
  const MOST = 240; /* five such pages: a screen and more on both sides, and flat memory */

  const model = {
    cursor: null,
    query: "",
    at: null /* where a person wanted to stand, in seconds since 1970 */,
    paused: false,
    waiting: 0,
    started: false,
    attached: true /* the first card is the newest; otherwise pages come from /api/events */,
    cards: [],
    older: false,
    newer: false,
    seam: "" /* where the server's memory ended for this window; empty: not yet */,
    archive: "" /* what the archive last said: "up", or why it gives nothing */,
    era: 0 /* another window: pages asked for before are not for it */,
  };

  const keyOf = (card) => card.group.id;

  const isNewer = (a, b) => {
    for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return a[i] > b[i];
    return false;
  };

  /* A group keeps its place, that of its first event, and shows its newest. */
  const put = (card) => {
    const { cards } = model;
    const known = cards.findIndex((shown) => keyOf(shown) === keyOf(card));
    if (known >= 0) {
      if (isNewer(card.order, cards[known].order)) cards[known] = card;
      return;
    }
    const at = cards.findIndex((shown) => !isNewer(shown.group.order, card.group.order));
    cards.splice(at < 0 ? cards.length : at, 0, card);
  };

  const firstArchived = () => model.cards.findIndex((card) => card.archived);

  const cut = (length) => {
    if (model.cards.length <= length) return;
    model.cards.length = length;
    model.older = true;
    if (firstArchived() < 0) Object.assign(model, { seam: "", archive: "" });
  };

  const absorbCards = (batch) => {
    const known = new Set(batch.reset ? [] : model.cards.map(keyOf));
    const length = batch.reset ? LENGTH : Math.max(LENGTH, model.cards.length);
    /* Whether older ones are kept somewhere is asked for. */
    if (batch.reset) Object.assign(model, { cards: [], older: true, seam: "", archive: "" });
    batch.cards.forEach(put);
    cut(length);
    model.started = true;
    return batch.cards.map(keyOf).filter((key) => !known.has(key));
  };

  /* How many cards go at the upper end, so that at most `MOST` stay: whole rows, and the archive
     begins a row of its own. */
  const tooMany = (columns) => {
    const over = model.cards.length - MOST;
    const rows = (count) => Math.ceil(count / columns) * columns;
    const before = Math.max(0, firstArchived());
    return over > before ? before + rows(over - before) : Math.min(rows(over), before);
  };

  const addOlder = (page, columns) => {
    const { older, seam, archive } = page;
    const known = new Set(model.cards.map(keyOf));
    model.cards.push(...page.cards.filter((card) => !known.has(keyOf(card))));
    Object.assign(model, { older, seam, archive });
    if (model.cards.length <= MOST) return;
    model.cards.splice(0, tooMany(columns));
    Object.assign(model, { attached: false, newer: true });
  };

  /* Whole rows, so that no card changes its column; the rest comes with the next page. Less than a
     row is the beginning of the archive. */
  const addNewer = (page, columns) => {
    const known = new Set(model.cards.map(keyOf));
    const found = page.cards.filter((card) => !known.has(keyOf(card)));
    const rest = page.newer && found.length > columns ? found.length % columns : 0;
    model.cards.unshift(...found.slice(rest));
    model.newer = page.newer;
    cut(MOST);
  };

  vigie.model = Object.assign(model, {
    standing: () => ({ cursor: model.cursor, query: model.query, paused: model.paused }),

    /* Another filter, or another place to stand, is another feed: it starts anew. Returns whether
       it changed. Who leaves the newest events keeps the cursor, to be told how many are new. */
    look(query, at) {
      if (query === model.query && at === model.at) return false;
      const keeps = query === model.query && at !== null;
      Object.assign(model, { query, at, cursor: keeps ? model.cursor : null });
      model.restart();
      model.cards = [];
      return true;
    },

    /* The window begins anew where the page stands; what is shown stays until it is there. */
    restart() {
      const attached = model.at === null;
      if (attached) Object.assign(model, { cursor: null, waiting: 0 });
      Object.assign(model, { attached, older: false, newer: !attached, started: false });
      Object.assign(model, { seam: "", archive: "" });
      model.era += 1;
    },

    /* Returns the keys of the groups that are new, or null when the batch was not for us. */
    absorb(batch) {
      if (batch.after !== model.cursor || batch.query !== model.query) return null;
      Object.assign(model, { cursor: batch.cursor, waiting: batch.waiting });
      return model.attached ? absorbCards(batch) : [];
    },

    /* The first page of a window that stands back in time. */
    place(page) {
      Object.assign(model, { ...page, started: true });
    },

    /* A page of /api/events at one side; what is beyond the bound is let go at the other. */
    extend(side, page, columns) {
      (side === "older" ? addOlder : addNewer)(page, columns);
    },

    /* What people said of a group that is shown. */
    tell({ group, review }) {
      const at = model.cards.findIndex((card) => keyOf(card) === group.id);
      if (at >= 0) model.cards[at] = { ...model.cards[at], review };
    },

    /* Lets go of cards, and gives them. */
    remove(isUnwanted) {
      const gone = model.cards.filter(isUnwanted);
      model.cards = model.cards.filter((card) => !gone.includes(card));
      return gone;
    },

    /* From where the next page at this side is counted, as a question to /api/events; null: nothing
       to count from. */
    edge(side) {
      const { at, seam } = model;
      const card = side === "older" ? model.cards.at(-1) : model.cards[0];
      const place = card?.archived ? card.id : card?.group.order.join("-");
      const spell = (asked) => new URLSearchParams(asked).toString();
      if (side === "older") {
        return spell(card || at === null ? { before: place ?? "", seam } : { at });
      }
      return card || at !== null ? spell({ after: place ?? `a${at * 1_000_000}-0` }) : null;
    },

    firstArchived,
    keyOf,
    put,
    find: (id) => model.cards.find((card) => card.id === id || keyOf(card) === id),
  });
})();
