/* One event in full: the pane beside the feed, or a drawer over it on a narrow screen. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, make, setText, setHidden, words, cards } = vigie;
  const WIDE = matchMedia("(min-width: 1280px)");
  const KEPT = 64;
  const DURATIONS = new Set(["latency_ms", "read_ms", "decode_ms", "inference_ms"]);
  const MOMENTS = new Set(["at", "published_at", "captured_at"]);
  const known = new Map(); /* events do not change: what was fetched once is not fetched again */
  let shown = null; /* {card, chosen, heat} */

  const fetchDetail = async (id) => {
    if (known.has(id)) return known.get(id);
    const reply = await fetch(`/api/events/${id}`);
    if (!reply.ok) return null;
    const detail = await reply.json();
    known.set(id, detail);
    if (known.size > KEPT) known.delete(known.keys().next().value);
    return detail;
  };

  const showHeat = (row) => {
    const { texts } = words;
    shown.heat = row?.heat ?? shown.card.heat;
    cards.showShot(byId("inspector-shot"), shown.card, { large: true, heat: shown.heat });
    const name = words.behaviour(row?.label ?? shown.card.label);
    setText(byId("inspector-heat"), shown.heat ? texts.heat_of.replace("{name}", name) : "");
    byId("inspector-bars").querySelectorAll("button").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.heat === shown.heat));
    });
  };

  const makeBar = (row) => {
    const item = make("li");
    const button = make("button", "bar-row");
    const track = make("span", "bar");
    const filled = make("span");
    filled.style.width = `${row.p * 100}%`;
    track.append(filled);
    button.type = "button";
    button.dataset.heat = row.heat;
    button.append(make("span", "", words.behaviour(row.label)));
    button.append(make("span", "num", words.percent(row.p, 1)), track);
    button.addEventListener("click", () => showHeat(row));
    item.append(button);
    return item;
  };

  const say = (key, value) => {
    if (DURATIONS.has(key)) return words.milliseconds(value);
    if (MOMENTS.has(key)) return words.moment(value);
    if (key === "size_bytes") return `${words.number(value / 1000)} kB`;
    return String(value);
  };

  const makeFacts = (facts) =>
    Object.entries(words.texts.facts)
      .filter(([key]) => facts[key] !== undefined && facts[key] !== "")
      .flatMap(([key, name]) => [make("dt", "", name), make("dd", "num", say(key, facts[key]))]);

  const fillHead = () => {
    const { card, chosen } = shown;
    const latest = card.severity === "infraction" ? "latest" : "newest";
    setText(byId("inspector-what"), words.texts[chosen ? "selected" : latest]);
    setText(byId("inspector-title"), words.title(card));
    setText(byId("inspector-p"), card.severity === "failure" ? "" : words.percent(card.p));
    setText(byId("inspector-meta"), `${words.source(card)} · ${words.moment(card.at)}`);
    setText(byId("inspector-detail"), card.detail);
    setHidden(byId("inspector-detail"), !card.detail);
    setHidden(byId("inspector-slider"), !card.heat);
    byId("inspector").dataset.severity = card.severity;
    showHeat(null);
  };

  const fillBody = (detail) => {
    setHidden(byId("inspector-classes"), !detail.classes.length);
    byId("inspector-bars").replaceChildren(...detail.classes.map(makeBar));
    byId("inspector-facts").replaceChildren(...makeFacts(detail.facts));
    byId("inspector-raw").textContent = JSON.stringify(detail.raw, null, 2);
    showHeat(null);
  };

  const showNothing = (text) => {
    if (text) setText(byId("inspector-none"), text);
    setHidden(byId("inspector-none"), false);
    setHidden(byId("inspector-body"), true);
  };

  /* `chosen`: by a person. Otherwise the pane follows the latest infraction. */
  const show = async (card, chosen) => {
    if (!byId("inspector")) return;
    shown = { card, chosen, heat: card.heat };
    setHidden(byId("inspector-none"), true);
    setHidden(byId("inspector-body"), false);
    fillHead();
    const detail = await fetchDetail(card.id).catch(() => null);
    if (shown?.card !== card || !byId("inspector")) return; /* overtaken by the next one */
    if (detail) fillBody(detail);
    else if (chosen) vigie.notice(words.texts.gone);
  };

  /* An event by its place alone, as a link names it. */
  const showById = async (id) => {
    const detail = await fetchDetail(id).catch(() => null);
    if (!byId("inspector")) return null;
    if (!detail) showNothing(words.texts.gone);
    else await show(detail.card, true);
    return detail && detail.card;
  };

  const drawer = {
    isNeeded: () => !WIDE.matches,
    isOpen: () => byId("inspector")?.classList.contains("open") ?? false,
    set(open) {
      const pane = byId("inspector");
      if (!pane || drawer.isOpen() === open) return;
      pane.classList.toggle("open", open);
      document.documentElement.classList.toggle("drawer-open", open);
      /* What lies under the drawer cannot be reached meanwhile, by keyboard or reader either. */
      [".header", ".nav", ".tiles", ".toolbar", "#stream"].forEach((selector) => {
        const part = document.querySelector(selector);
        if (part) part.inert = open;
      });
      if (open) pane.focus({ preventScroll: true });
    },
  };
  WIDE.addEventListener("change", () => drawer.set(false));

  vigie.detail = { show, showById, drawer, current: () => shown };
  /* The page was drawn anew (another language): say the same in it. */
  vigie.detail.redraw = () => shown && show(shown.card, shown.chosen);
  vigie.detail.forget = () => {
    shown = null;
  };
})();
