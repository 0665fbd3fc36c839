/* The large view from nearer: all of its pictures grow about the same point, which follows the
   pointer or the arrow keys. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId } = vigie;
  const STEP = 10; /* percent of the picture per arrow key */
  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  let point = [50, 50]; /* percent of the picture, from its upper left */

  const isNear = () => byId("large")?.classList.contains("near") ?? false;

  const look = (x, y) => {
    point = [x, y].map((part) => Math.min(100, Math.max(0, part)));
    byId("large").style.setProperty("--near-x", `${point[0]}%`);
    byId("large").style.setProperty("--near-y", `${point[1]}%`);
  };

  const setNear = (near) => {
    const box = byId("large");
    if (!box?.open) return;
    box.classList.toggle("near", near);
    box.querySelector("[data-action=zoom]").setAttribute("aria-pressed", String(near));
  };

  const lookAt = (event) => {
    const shot = event.target.closest(".shot");
    if (!shot) return false;
    const { left, top, width, height } = shot.getBoundingClientRect();
    look((100 * (event.clientX - left)) / width, (100 * (event.clientY - top)) / height);
    return true;
  };

  /* On the document: the view is drawn anew with the language. */
  document.addEventListener("click", (event) => {
    if (event.target.closest("#large") && lookAt(event)) setNear(!isNear());
  });
  document.addEventListener("pointermove", (event) => {
    if (isNear()) lookAt(event);
  });
  document.addEventListener(
    "keydown",
    (event) => {
      if (!isNear() || !MOVES[event.key] || event.target.closest("input")) return;
      const [x, y] = MOVES[event.key];
      look(point[0] + x * STEP, point[1] + y * STEP);
      event.preventDefault();
      event.stopPropagation();
    },
    { capture: true },
  );

  vigie.actions.zoom = () => {
    look(50, 50);
    setNear(!isNear());
  };
  vigie.zoom = { reset: () => setNear(false) };
})();
