/* One listener for the page. Keys are left alone while a person types or works a control. */
(() => {
  "use strict";
  const { vigie } = window;
  const TYPING =
    "input:not([type=radio], [type=range]), textarea, select, [contenteditable], [role=listbox], " +
    "[role=option]";

  const focused = () => document.activeElement?.closest?.(".card[data-id]")?.dataset.id;

  /* At the end of what is there, further cards are fetched first. */
  const move = async (step) => {
    const now = vigie.feed.selected() ?? focused();
    const find = () => {
      const nodes = vigie.feed.nodes();
      const at = nodes.findIndex(({ dataset }) => [dataset.id, dataset.group].includes(now));
      return at < 0 ? vigie.scroll.firstVisible() : nodes[at + step];
    };
    if (!find()) await vigie.scroll.extend(step > 0 ? "older" : "newer");
    const next = find();
    if (next) vigie.feed.select(next.dataset.id);
  };

  const nextTab = () => {
    const tabs = [...document.querySelectorAll(".tabs .choice")];
    const chosen = vigie.address.get("severity") ?? "";
    const now = tabs.findIndex((tab) => tab.dataset.severity === chosen);
    tabs[(now + 1) % tabs.length]?.click();
  };

  /* Also where the row of digits writes others, as on a French keyboard. */
  const digitOf = ({ key, code, shiftKey }) => {
    const found = /^\d$/.test(key) ? key : !shiftKey && /^Digit(\d)$/.exec(code)?.[1];
    return found ? vigie.reviewing.digit(Number(found)) : null;
  };

  /* The buttons that do the same keep the focus. */
  const moveAndStay = async (step, button) => {
    await move(step);
    button.focus({ preventScroll: true });
  };
  vigie.actions.next = (button) => moveAndStay(1, button);
  vigie.actions.previous = (button) => moveAndStay(-1, button);

  const openCurrent = () => {
    const id = focused() ?? vigie.feed.selected();
    if (id) vigie.feed.open(id);
    return Boolean(id);
  };

  const dialogIsOpen = () =>
    [...document.querySelectorAll("[role=dialog]")].some((box) => box.checkVisibility());

  const keys = {
    j: () => move(1),
    k: () => move(-1),
    h: () => vigie.actions.heat(),
    v: () => vigie.actions.view(),
    l: () => vigie.actions.large(),
    z: () => vigie.actions.zoom(),
    c: () => vigie.actions.copy(),
    d: () => vigie.actions.download(),
    ArrowLeft: () => vigie.strip.move(-1),
    ArrowRight: () => vigie.strip.move(1),
    g: () => vigie.actions.jumper(),
    f: () => vigie.actions.filters(),
    t: nextTab,
    ...vigie.reviewing.keys,
    "?": () => vigie.actions.help(),
    " ": () => vigie.actions.pause(),
    Enter: openCurrent,
    Escape: () => vigie.actions.close(),
  };

  /* Space and Enter belong to a button that has the focus, arrows to what they move. */
  const belongsToControl = (event) =>
    event.key.startsWith("Arrow")
      ? event.target.closest("input, pre, [role=radio]")
      : (event.key === " " || event.key === "Enter") &&
        event.target.closest("button, a, summary, [role=radio], input");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest(TYPING) || belongsToControl(event) || dialogIsOpen()) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = keys[key] ?? digitOf(event);
    if (!act || (!document.getElementById("feed") && event.key !== "?")) return;
    event.preventDefault();
    act(event);
  });
})();
