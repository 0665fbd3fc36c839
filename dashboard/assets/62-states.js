/* What stands in the place of cards, over them and after the last one. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, setText, setHidden, model, words, summary } = vigie;
  const SAY_AGAIN_MS = 20_000; /* how often a screen reader may be told how many are new */
  let saidAt = -Infinity;

  const showEmpty = (pulse) => {
    const empty = model.started && !model.cards.length && !model.newer;
    const first = empty && pulse !== null && pulse.events === 0 && model.at === null;
    const done = empty && !first && vigie.left.isAllDone();
    setHidden(byId("feed-first"), !first);
    setHidden(byId("feed-reviewed"), !done);
    setHidden(byId("feed-nothing"), !empty || first || done);
    setHidden(byId("feed"), empty); /* a feed without an article is none to a screen reader */
  };

  const showLoading = (pulse) => {
    const loads = !model.started && !model.cards.length && !vigie.scroll.trouble.older;
    byId("feed").setAttribute("aria-busy", String(loads));
    setHidden(byId("feed-loading"), !loads);
    const read = pulse?.state === "loading" ? words.count(words.texts.events, pulse.events) : "";
    setText(byId("loading-text"), read);
  };

  const showEnds = (pulse) => {
    const { trouble } = vigie.scroll;
    const { length } = model.cards;
    setHidden(byId("feed-older"), !length || !model.older || trouble.older);
    setHidden(byId("older-trouble"), !trouble.older);
    setHidden(byId("newer-trouble"), !trouble.newer);
    const reads = typeof pulse?.history === "number";
    setHidden(byId("feed-end"), !length || !model.started || model.older || reads);
  };

  /* When the period that is asked for begins, seconds since 1970; of none, never. */
  const askedFrom = () => {
    const asked = new URLSearchParams(location.search);
    if (asked.has("last")) return Date.now() / 1000 - Number(asked.get("last"));
    return asked.has("from") || asked.has("to") ? Number(asked.get("from")) : Infinity;
  };

  /* Below the last card, or where none is: why older ones, which a chart counted, are not there. */
  const showReach = (pulse) => {
    const oldest = pulse?.oldest ?? 0;
    const all = model.started && !model.older && typeof pulse?.history !== "number";
    const isBeyond = all && oldest > 0 && askedFrom() < oldest;
    setHidden(byId("feed-reach"), !isBeyond);
    if (!isBeyond) return;
    setText(byId("feed-reach"), words.texts.feed.reach.replace("{time}", words.day(oldest)));
  };

  const showHistory = (pulse) => {
    const share = pulse?.history;
    const reads = typeof share === "number";
    setHidden(byId("history-note"), !reads);
    if (!reads) return;
    setText(byId("history-text"), words.texts.feed.history.replace("{share}", words.percent(share)));
    byId("history-bar").value = share;
    /* What is read now may follow the last card. */
    if (model.started && !model.older) {
      model.older = true;
      vigie.scroll.fillSoon();
    }
  };

  /* Where a person looks: the moment that was asked for, as long as it is in sight. */
  const momentInSight = () => {
    const node = vigie.scroll.firstVisible();
    const card = node && model.find(node.dataset.group);
    const landed = document.querySelector(".card.landed");
    const inSight = landed && landed.getBoundingClientRect().top < innerHeight;
    const above = landed && landed.getBoundingClientRect().bottom > 0;
    return model.at !== null && (!card || (inSight && above)) ? model.at : card?.at;
  };

  const showStanding = () => {
    const away = !model.attached || vigie.feed.isDown();
    const waits = model.paused && model.waiting > 0;
    setHidden(byId("standing"), !away && !waits);
    setText(byId("waiting-text"), waits ? words.count(words.texts.waiting, model.waiting) : "");
    const at = model.attached ? null : momentInSight();
    setHidden(byId("standing-at"), !at);
    if (at) setText(byId("standing-text"), words.texts.feed.looking_at.replace("{time}", words.day(at)));
    announce(waits);
  };

  /* New cards are not read out one by one: how many wait is, now and then. */
  const announce = (waits) => {
    const now = performance.now();
    if (waits && now - saidAt < SAY_AGAIN_MS) return;
    saidAt = waits ? now : -Infinity;
    setText(byId("announced"), waits ? words.count(words.texts.waiting, model.waiting) : "");
  };

  vigie.states = {
    show() {
      if (!byId("feed") || !words.texts) return;
      const pulse = summary.pulse();
      showEmpty(pulse);
      showLoading(pulse);
      showHistory(pulse);
      showEnds(pulse);
      showReach(pulse);
      showStanding();
    },
  };
})();
