/* What this page has seen: a pure model, without document or clock. The page owns its cursor; an
   update counts only if it answers exactly that cursor, so lost, repeated or late ones do nothing. */
(() => {
  "use strict";
  const { vigie } = window;
  const LENGTH = 48; /* as many as the server sends to a new page: live and rebuilt pages agree */

  const model = {
    cursor: null,
    query: "",
    paused: false,
    cards: [] /* newest first */,
    waiting: 0,
    started: false,
  };

  const isNewer = (a, b) => {
    for (let i = 0; i < a.order.length; i += 1) {
      if (a.order[i] !== b.order[i]) return a.order[i] > b.order[i];
    }
    return false;
  };

  const insert = (card) => {
    const at = model.cards.findIndex((shown) => !isNewer(shown, card));
    if (at >= 0 && model.cards[at].id === card.id) return;
    model.cards.splice(at < 0 ? model.cards.length : at, 0, card);
  };

  vigie.model = Object.assign(model, {
    standing: () => ({ cursor: model.cursor, query: model.query, paused: model.paused }),

    /* Another filter is another feed: it starts anew. Returns whether it changed. */
    look(query) {
      if (query === model.query) return false;
      Object.assign(model, { query, cursor: null, waiting: 0, started: false });
      return true;
    },

    /* Returns the cards that are new, or null when the batch was not for us. */
    absorb(batch) {
      if (batch.after !== model.cursor || batch.query !== model.query) return null;
      const known = new Set(batch.reset ? [] : model.cards.map((card) => card.id));
      if (batch.reset) model.cards = [];
      [...batch.cards].reverse().forEach(insert);
      model.cards.length = Math.min(model.cards.length, LENGTH);
      Object.assign(model, { cursor: batch.cursor, waiting: batch.waiting, started: true });
      return batch.cards.filter((card) => !known.has(card.id));
    },

    find: (id) => model.cards.find((card) => card.id === id),
    isFull: () => model.cards.length >= LENGTH,
  });
})();
