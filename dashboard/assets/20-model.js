/* What this page shows: a pure model, without document or clock. A window of groups, newest first,
   that is either attached to the newest events or stands further back.

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

  const cut = (length) => {
    if (model.cards.length <= length) return;
    model.cards.length = length;
    model.older = true;
  };

  const absorbCards = (batch) => {
    const known = new Set(batch.reset ? [] : model.cards.map(keyOf));
    const length = batch.reset ? LENGTH : Math.max(LENGTH, model.cards.length);
    if (batch.reset) Object.assign(model, { cards: [], older: batch.cards.length >= LENGTH });
    batch.cards.forEach(put);
    cut(length);
    model.started = true;
    return batch.cards.map(keyOf).filter((key) => !known.has(key));
  };

  const addOlder = (page, columns) => {
    const known = new Set(model.cards.map(keyOf));
    model.cards.push(...page.cards.filter((card) => !known.has(keyOf(card))));
    model.older = page.older;
    const over = model.cards.length - MOST;
    if (over <= 0) return;
    model.cards.splice(0, Math.ceil(over / columns) * columns);
    Object.assign(model, { attached: false, newer: true });
  };

  /* Whole rows, so that no card changes its column; the rest comes with the next page. */
  const addNewer = (page, columns) => {
    const known = new Set(model.cards.map(keyOf));
    const found = page.cards.filter((card) => !known.has(keyOf(card)));
    const rest = page.newer ? found.length % columns : 0;
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

    /* From where the next page at this side is counted; null: nothing to count from. */
    edge(side) {
      const card = side === "older" ? model.cards.at(-1) : model.cards[0];
      if (card) return card.group.order.join("-");
      return side === "newer" && model.at !== null ? `${model.at * 1000}-0-0` : null;
    },

    keyOf,
    put,
    find: (id) => model.cards.find((card) => card.id === id || keyOf(card) === id),
  });
})();
