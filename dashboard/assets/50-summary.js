/* The numbers over the feed, the ribbon of ten minutes, and the state of the connection. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, make, setText, setHidden, setProps, model, words } = vigie;
  const QUIET_S = 3; /* three pulses missed: the server is gone, or the way to it */
  const KINDS = ["infraction", "check", "normal", "failure"];
  let pulse = null;
  let pulseAt = 0;

  const sinceLast = () => (performance.now() - pulseAt) / 1000;
  const isAway = () => sinceLast() > QUIET_S;

  /* What to say of the connection, and the age in seconds that belongs to it. */
  const condition = () => {
    if (!pulse) return ["loading", null];
    if (isAway()) return ["reconnecting", sinceLast()];
    const age = pulse.newest === null ? null : pulse.now - pulse.newest + sinceLast();
    if (pulse.state === "down") return ["down", age];
    if (pulse.state === "loading") return ["loading", null];
    if (!model.attached) return ["history", age];
    if (model.paused) return ["paused", age];
    if (age === null) return ["waiting", null];
    return [age > words.texts.stale_after_s ? "stale" : "live", age];
  };

  const showCondition = () => {
    const box = byId("state");
    if (!words.texts || !box) return;
    const [name, age] = condition();
    if (box.dataset.state !== name) box.dataset.state = name;
    setText(byId("state-text"), words.texts.states[name]);
    setText(byId("state-age"), age === null ? "" : words.age(age));
    const isTold = name === "down" || name === "reconnecting";
    setText(byId("banner-title"), isTold ? words.texts.states[name] : "");
    setHidden(byId("banner"), !isTold);
    document.documentElement.dataset.paused = String(model.paused);
  };

  const makeColumn = () => {
    const column = make("div", "column");
    KINDS.forEach((kind) => column.append(make("i", kind)));
    return column;
  };

  const showRibbon = (rows) => {
    const box = byId("ribbon");
    if (!box) return;
    const total = (row) => row.reduce((sum, n) => sum + n, 0);
    const peak = Math.max(1, ...rows.map(total));
    while (box.childElementCount < rows.length) box.append(makeColumn());
    rows.forEach((row, i) => {
      row.forEach((n, j) => {
        const part = box.children[i].children[j];
        const height = `${(100 * n) / peak}%`;
        if (part.style.height !== height) part.style.height = height;
      });
    });
  };

  /* A camera that joins can be chosen without a reload. The one in the address stays on offer also
     while nothing came from it: a choice that is not on offer is taken back by the control. */
  let offered = "";
  const offerSources = (known) => {
    const chosen = new URLSearchParams(location.search).get("source");
    const sources = [...new Set(chosen ? [...known, chosen] : known)].sort();
    if (!byId("filter-source") || offered === sources.join("\n")) return;
    offered = sources.join("\n");
    setProps("filter-source", { data: sources });
  };

  const showNumbers = () => {
    if (!words.texts || !pulse) return;
    const { counts, latency } = pulse;
    const all = KINDS.reduce((sum, kind) => sum + counts[kind], 0);
    setText(byId("tile-latency"), latency ? words.milliseconds(latency.p95) : "–");
    document.querySelectorAll(".tabs .choice").forEach((tab) => {
      const { severity } = tab.dataset;
      setText(tab.querySelector(".count"), words.counted(severity ? counts[severity] : all));
    });
    const { unreadable } = pulse;
    const said = unreadable ? words.count(words.texts.unreadable, unreadable) : "";
    setText(byId("feed-unreadable"), said);
    showRibbon(pulse.ribbon);
    offerSources(pulse.sources);
  };

  setInterval(showCondition, 500);

  vigie.summary = {
    take(newPulse) {
      pulse = newPulse;
      pulseAt = performance.now();
      showNumbers();
      showCondition();
    },
    redraw() {
      showNumbers();
      showCondition();
    },
    showCondition,
    pulse: () => pulse,
    isAway,
  };
})();
