/* The operations strip: is a worker at work, what waits and since when, how fast, what failed. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, setText, summary, words } = vigie;
  const LATE_S = 5; /* an image that waits this long is worth a look */
  const narrow = matchMedia("(max-width: 720px)");
  const NOTHING = { worker: "unknown", lag: null, oldest_s: null, dead_letters: null };

  const age = (seconds) => {
    if (seconds < 60) return `${words.number(Math.round(seconds))} s`;
    if (seconds < 3600) return `${words.number(Math.round(seconds / 60))} min`;
    return `${words.number(Math.round(seconds / 3600))} h`;
  };

  const numbered = (text, n) => text.replace("{n}", words.number(n));

  const counted = (forms, more, n, isMore) => (isMore ? numbered(more, n) : words.count(forms, n));

  /* What is said of each figure: in full, and short for a telephone. */
  const waiting = (own, now) => {
    if (now.lag === null) return [own.waiting_unknown, "?"];
    const said = counted(own.waiting, own.waiting_more, now.lag, now.lag_more);
    if (now.oldest_s === null) return [said, said];
    const oldest = age(now.oldest_s);
    return [`${said}, ${own.oldest.replace("{age}", oldest)}`, `${said} · ${oldest}`];
  };

  const rate = (own, known) => {
    const n = known === null ? "–" : words.number(known);
    return [own.rate.replace("{n}", n), `${n}/s`];
  };

  const dead = (own, now) => {
    const count = now.dead_letters;
    if (count === null) return [own.dead_unknown, "?"];
    const isMore = now.dead_letters_more;
    const short = `${words.number(count)}${isMore ? "+" : ""}`;
    return [counted(own.dead, own.dead_more, count, isMore), short];
  };

  const say = (name, [full, short], why, level) => {
    const node = byId(`operations-${name}`);
    setText(node, narrow.matches ? short : full);
    const shown = node.parentElement;
    shown.setAttribute("aria-describedby", `operations-${name}-why`);
    if (narrow.matches) shown.setAttribute("aria-label", full);
    else shown.removeAttribute("aria-label");
    setText(byId(`operations-${name}-why`), why);
    byId(`operations-${name}-box`).dataset.level = level;
  };

  const showBadge = (now) => {
    const badge = byId("letters-badge");
    const count = now.dead_letters;
    setText(badge, count ? `${words.number(count)}${now.dead_letters_more ? "+" : ""}` : "");
  };

  const show = () => {
    const own = words.texts?.operations;
    const strip = byId("operations");
    const pulse = summary.pulse();
    if (!own || !strip || !pulse || pulse.operations.checked_s === null) return;
    const away = summary.isAway();
    const now = away ? NOTHING : pulse.operations;
    const unknown = away ? own.why.away : own.why.unknown;
    if (strip.dataset.worker !== now.worker) strip.dataset.worker = now.worker;
    const worker = own.worker[now.worker];
    say("worker", [worker, worker], now.worker === "unknown" ? unknown : own.why[now.worker], "");
    const late = now.oldest_s > LATE_S ? "late" : "";
    say("waiting", waiting(own, now), now.lag === null ? unknown : own.why.waiting, late);
    say("rate", rate(own, away ? null : pulse.rate), away ? unknown : own.why.rate, "");
    const some = now.dead_letters ? "some" : "";
    say("dead", dead(own, now), now.dead_letters === null ? unknown : own.why.dead, some);
    showBadge(now);
  };

  /* An explanation goes away by Escape, as the guidelines for content on hover ask. */
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.closest?.("#operations")) event.target.blur();
  });

  setInterval(show, 1000);

  vigie.operations = { redraw: show };
})();
