/* What stands in the place of cards, over them and after the last one. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, setText, setHidden, model, words, summary } = vigie;
  const SAY_AGAIN_MS = 20_000; /* how often a screen reader may be told how many are new */
  let saidAt = -Infinity;

  const showEmpty = (pulse) => {
    const asks = model.older && !vigie.scroll.trouble.older;
    const empty = model.started && !model.cards.length && !model.newer && !asks;
    const first = empty && pulse !== null && pulse.events === 0 && model.at === null;
    const done = empty && !first && vigie.left.isAllDone();
    setHidden(byId("feed-first"), !first);
    setHidden(byId("feed-reviewed"), !done);
    setHidden(byId("feed-nothing"), !empty || first || done);
    setHidden(byId("feed"), empty); /* a feed without an article is none to a screen reader */
  };

  const showLoading = (pulse) => {
    const waits = !model.started || (model.older && !model.newer);
    const loads = waits && !model.cards.length && !vigie.scroll.trouble.older;
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
    const isEnd = model.started && !model.older && typeof pulse?.history !== "number";
    const said = words.texts.feed.archive[model.archive];
    const isCut = Boolean(said) && model.archive !== "none"; /* older ones may be kept */
    setHidden(byId("feed-end"), !length || !isEnd || isCut);
    const asked = askedFrom();
    const isWithin = asked !== Infinity && asked >= (pulse?.oldest ?? 0);
    const isFirst = !byId("feed-first").hidden;
    const isSaid = isEnd && said && !isWithin && !isFirst && (length > 0 || isCut);
    setHidden(byId("feed-archive"), !isSaid);
    setText(byId("archive-text"), said ?? "");
    setHidden(byId("archive-again"), !["away", "behind"].includes(model.archive));
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
    const isBeyond = all && model.archive !== "up" && oldest > 0 && askedFrom() < oldest;
    setHidden(byId("feed-reach"), !isBeyond);
    if (!isBeyond) return;
    setText(byId("feed-reach"), words.texts.feed.reach.replace("{time}", words.day(oldest)));
  };

  const showHistory = (pulse) => {
    const share = pulse?.history;
    const reads = typeof share === "number";
    const wasReading = !byId("history-note").hidden;
    setHidden(byId("history-note"), !reads);
    if (!reads && !wasReading) return;
    const said = words.texts.feed.history.replace("{share}", words.percent(share ?? 1));
    setText(byId("history-text"), said);
    byId("history-bar").value = share ?? 1;
    /* What is read now, or was read last, may follow the last card. */
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

  const isArchived = () => {
    const node = vigie.scroll.firstVisible();
    return Boolean(node && model.find(node.dataset.group)?.archived);
  };

  const showStanding = () => {
    const away = !model.attached || vigie.feed.isDown();
    const waits = model.paused && model.waiting > 0;
    setHidden(byId("standing"), !away && !waits);
    setText(byId("waiting-text"), waits ? words.count(words.texts.waiting, model.waiting) : "");
    const isBack = isArchived();
    const at = model.attached && !isBack ? null : momentInSight();
    const { looking_at: looking, looking_back: back } = words.texts.feed;
    setHidden(byId("standing-at"), !at);
    const said = isBack ? back : looking;
    if (at) setText(byId("standing-text"), said.replace("{time}", words.day(at)));
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
