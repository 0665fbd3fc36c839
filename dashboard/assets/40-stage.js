/* The image and its heat map: one over the other, side by side, or behind a line that a person
   moves; in the pane and in the large view. How they lie is one choice for the page, remembered. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, setText, setHidden, fields, words } = vigie;
  const root = document.documentElement;
  const VIEWS = ["overlay", "side", "swipe"];
  const KEY = "vigie-view";
  let shown = null; /* {card, heat, map}: what both stages show */

  const view = () => (VIEWS.includes(localStorage.getItem(KEY)) ? localStorage.getItem(KEY) : "overlay");

  const setView = (name) => {
    localStorage.setItem(KEY, name);
    root.dataset.view = name;
    document.querySelectorAll(".segment[data-view]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.view === name));
    });
  };

  /* The line is moved by a slider over the image: by mouse, finger and arrow keys alike. */
  const addSwipe = (stage) => {
    const host = stage.querySelector("[data-swipe]");
    if (host.querySelector("input")) return;
    const range = { min: 0, max: 100, step: 1, value: 50, ariaLabel: host.dataset.swipe };
    const slider = fields.slider(range, (percent) => {
      stage.style.setProperty("--swipe", `${percent}%`);
      slider.setAttribute("aria-valuetext", words.percent(percent / 100));
    });
    host.append(slider);
  };

  const tellMissing = (host) => {
    const missing = byId(`${host}-shot`).classList.contains("missing");
    const { detail } = words.texts;
    byId(`${host}-stage`).classList.toggle("without-image", missing);
    setText(byId(`${host}-missing`), shown.card.image ? detail.image_gone : detail.no_image);
    setHidden(byId(`${host}-missing`), !missing || shown.card.severity === "failure");
    setHidden(byId(`${host}-controls`), missing || !shown.heat);
  };

  /* A picture that cannot be had is told by the browser some time later. */
  const watch = (host) => {
    const shot = byId(`${host}-shot`);
    if (shot.isWatched) return;
    shot.isWatched = true;
    const changed = () => shown && byId(`${host}-shot`) === shot && tellMissing(host);
    new MutationObserver(changed).observe(shot, { attributeFilter: ["class"] });
  };

  const mapName = ({ name, isOwn, isDoubtful }) => {
    const { heat_of: own, heat_of_other: other, map_doubt_of: doubtful } = words.texts.detail;
    return (isDoubtful ? doubtful : isOwn ? own : other).replace("{name}", () => name);
  };

  const fill = (host) => {
    const { card, heat, map } = shown;
    const { detail } = words.texts;
    addSwipe(byId(`${host}-stage`));
    watch(host);
    vigie.showShot(byId(`${host}-photo`), card, { large: true, heat: "" });
    vigie.showShot(byId(`${host}-shot`), card, { large: true, heat });
    setText(byId(`${host}-heat`), heat ? mapName(map) : "");
    byId(`${host}-heat`).classList.toggle("other", !map.isOwn);
    byId(`${host}-heat`).classList.toggle("doubtful", map.isDoubtful);
    tellMissing(host);
  };

  const fillHead = () => {
    const { card } = shown;
    setText(byId("large-title"), words.title(card));
    setText(byId("large-p"), card.severity === "failure" ? "" : words.percent(card.p));
    setText(byId("large-meta"), `${words.source(card)} · ${words.moment(card.at)}`);
    byId("large").dataset.severity = card.severity;
  };

  /* `heat` names the map; `map`: the `name` of its class, whether that is the verdict's own, and
     whether the model's self-check found it doubtful. */
  const show = (card, heat, map) => {
    shown = { card, heat, map };
    fill("inspector");
    if (byId("large").open) {
      fill("large");
      fillHead();
    }
    setView(view());
  };

  const open = () => {
    const box = byId("large");
    const isThere = shown && box && !byId("inspector-body").hidden;
    if (!isThere || box.open || byId("inspector-shot").classList.contains("missing")) return;
    box.showModal();
    vigie.zoom.reset();
    fill("large");
    fillHead();
    setView(view());
    listen(box);
  };

  /* Here too the page's keys work; but Escape closes this alone, and what would open under it or
     let the page run on is left for later. */
  const PASSED_ON = new Set(["j", "k", "h", "v", "c", "d", "z", "ArrowLeft", "ArrowRight"]);
  const listen = (box) => {
    if (box.isListening) return;
    box.isListening = true;
    box.addEventListener("keydown", (event) => {
      if (!PASSED_ON.has(event.key.length === 1 ? event.key.toLowerCase() : event.key)) {
        event.stopPropagation();
      }
      if (event.key.toLowerCase() === "l") close();
    });
  };

  const close = () => byId("large")?.close();

  const nextView = () => setView(VIEWS[(VIEWS.indexOf(view()) + 1) % VIEWS.length]);

  Object.assign(vigie.actions, {
    view: (button) => (button ? setView(button.dataset.view) : nextView()),
    large: open,
    small: close,
  });

  setView(view());
  vigie.stage = { show, shown: () => shown };
})();
