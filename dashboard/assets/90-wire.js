/* The two wires on which the server pushes, the way round when it cannot, and the functions that
   Dash calls. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, setProps, model, words, feed, page, summary } = vigie;
  const QUIET_MS = 3000;
  const BEAT_S = 5; /* how often the statistics are drawn anew */
  const NO_UPDATE = () => window.dash_clientside.no_update;
  let pushedAt = 0;
  let beat = 0;

  const onBatch = (batch) => {
    if (batch && words.texts && feed.take(batch)) setProps("page", { data: model.standing() });
  };

  /* Cards are pushed as rows of values: their names would be half of an update. */
  const unpack = (row) => {
    const [ms, id, at, source, severity, label, p, shares, image, heat, reason, detail, review] = row;
    const [order, since, n] = row.slice(-3);
    return {
      ...{ id, order: [ms, ...id.split("-").map(Number)], at, source, severity, label, p },
      ...{ shares, image, heat, reason, detail, review },
      group: { id: order.slice(1).join("-"), order, since, n },
    };
  };
  const onPushed = (batch) => onBatch({ ...batch, cards: batch.cards.map(unpack) });

  const onPulse = (pulse) => {
    summary.take(pulse);
    vigie.operations.redraw();
    vigie.letters.take(pulse);
    vigie.left.take(pulse);
    if (words.texts) feed.showStates();
    const now = Math.floor(pulse.now / BEAT_S);
    if (now !== beat && byId("statistics-scope")) setProps("statistics-beat", { data: now });
    beat = now;
  };

  /* Dash writes the JSON as the text of a hidden element. */
  const wires = [];
  const listen = (id, read) => {
    const node = byId(id);
    const readWire = () => {
      if (node.textContent) read(JSON.parse(node.textContent));
    };
    const changed = () => {
      pushedAt = performance.now();
      readWire();
    };
    wires.push(readWire);
    const what = { childList: true, characterData: true, subtree: true };
    new MutationObserver(changed).observe(node, what);
  };

  /* When nothing is pushed (no SharedWorker, the socket refused, Dash gave up after ten tries) ask
     once a second: the same question, the same answer. */
  const ask = async () => {
    if (document.hidden || !words.texts || performance.now() - pushedAt < QUIET_MS) return;
    const { cursor, query, paused } = model.standing();
    const asked = new URLSearchParams({ cursor: cursor ?? "", query, paused });
    try {
      const reply = await fetch(`/api/feed?${asked}`, { cache: "no-store" });
      if (!reply.ok) return;
      const { batch, pulse } = await reply.json();
      onPulse(pulse);
      onBatch(batch);
    } catch {
      summary.showCondition(); /* still away: the page says so and asks again */
    }
  };
  setInterval(ask, 1000);

  vigie.wire = { unpack };

  const ownLanguage = () => (navigator.language.toLowerCase().startsWith("fr") ? "fr" : "en");

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    vigie: {
      language: (chosen, _, now) => {
        if (!now) return ownLanguage();
        return chosen && chosen !== now ? chosen : NO_UPDATE();
      },
      connect: (batchId, pulseId) => {
        listen(batchId, onPushed);
        listen(pulseId, onPulse);
        return Intl.DateTimeFormat().resolvedOptions().timeZone;
      },
      /* The page was drawn, or a person changed something: where this page stands now. */
      stand: (paused, query, texts) => {
        if (!texts) return NO_UPDATE();
        const isFirst = !words.texts;
        if (words.texts !== texts) words.use(texts);
        page.refresh();
        feed.refresh(byId("feed") ? query || "" : null);
        summary.redraw();
        vigie.statistics.refresh();
        vigie.operations.redraw();
        vigie.letters.refresh();
        vigie.replays.refresh();
        vigie.uploads.refresh();
        vigie.simulator.refresh();
        if (isFirst) wires.forEach((readWire) => readWire()); /* what came before the words did */
        return model.standing();
      },
    },
  });
})();
