/* One listener for the page. Keys are left alone while a person types or works a control. */
(() => {
  "use strict";
  const { vigie } = window;
  const TYPING =
    "input:not([type=radio]), textarea, select, [contenteditable], [role=listbox], [role=option]";

  const focused = () => document.activeElement?.closest?.(".card[data-id]")?.dataset.id;

  const move = (step) => {
    const nodes = vigie.feed.nodes();
    const now = vigie.feed.selected() ?? focused();
    const at = nodes.findIndex((node) => node.dataset.id === now);
    const next = nodes[at < 0 ? 0 : at + step];
    if (next) vigie.feed.select(next.dataset.id);
  };

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
    "?": () => vigie.actions.help(),
    " ": () => vigie.actions.pause(),
    Enter: openCurrent,
    Escape: () => vigie.actions.close(),
  };

  /* Space and Enter belong to a button that has the focus. */
  const belongsToControl = (event) =>
    (event.key === " " || event.key === "Enter") &&
    event.target.closest("button, a, summary, [role=radio], input");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest(TYPING) || belongsToControl(event) || dialogIsOpen()) return;
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || (!document.getElementById("feed") && event.key !== "?")) return;
    event.preventDefault();
    act();
  });
})();
