/* The whole page: buttons, notices, colour scheme, the heat maps' opacity. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, setText, setProps, fields, words } = vigie;
  const root = document.documentElement;

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-action]");
    if (button) {
      vigie.actions[button.dataset.action](button);
      return;
    }
    if (!event.target.isConnected) return; /* it has done its work and gone */
    const card = event.target.closest(".card[data-id]");
    if (card) vigie.feed.open(card.dataset.id);
    else if (vigie.detail.drawer.isOpen() && !event.target.closest("#inspector")) {
      vigie.actions.close();
    }
  });

  /* The browser says it, not we: a picture that cannot be had is a state of the card. */
  let noticeEnds = 0;
  vigie.notice = (text) => {
    setText(byId("notice"), text);
    byId("notice")?.classList.add("shown");
    clearTimeout(noticeEnds);
    noticeEnds = setTimeout(() => byId("notice")?.classList.remove("shown"), 2500);
  };

  /* Light, dark, as the system: Mantine's attribute is the one truth, charts follow it. */
  const SCHEMES = ["light", "dark", "auto"];
  const KEY = "mantine-color-scheme-value";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosenScheme = () => localStorage.getItem(KEY) || "auto";
  const effective = (scheme) => {
    if (scheme !== "auto") return scheme;
    return system.matches ? "dark" : "light";
  };
  const applyScheme = () => {
    root.dataset.scheme = chosenScheme();
    const wanted = effective(chosenScheme());
    if (root.dataset.mantineColorScheme !== wanted) root.dataset.mantineColorScheme = wanted;
  };
  /* Before the page is drawn Dash has no store to tell; `refresh` tells it then. */
  const tellScheme = () => {
    if (vigie.words.texts) setProps("scheme", { data: root.dataset.mantineColorScheme });
  };
  system.addEventListener("change", applyScheme);
  new MutationObserver(tellScheme).observe(root, {
    attributeFilter: ["data-mantine-color-scheme"],
  });

  /* How strongly heat maps show: one number for the page, remembered. */
  const OPACITY = "vigie-heat";
  const heat = () => Number(localStorage.getItem(OPACITY) ?? 70);
  const setHeat = (percent) => {
    localStorage.setItem(OPACITY, String(percent));
    root.style.setProperty("--heat", String(percent / 100));
    document.querySelectorAll("[data-slider] input").forEach((slider) => {
      slider.value = String(percent);
      slider.setAttribute("aria-valuetext", words.percent(percent / 100));
    });
    document.querySelectorAll("[data-heat-value]").forEach((node) => {
      setText(node, words.percent(percent / 100));
    });
  };
  const addSliders = () => {
    document.querySelectorAll("[data-slider]").forEach((host) => {
      if (host.querySelector("input")) return;
      const range = { min: 0, max: 100, step: 5, ariaLabel: host.dataset.slider };
      host.append(fields.slider(range, setHeat));
    });
    setHeat(heat());
  };

  let before = 70;
  Object.assign(vigie.actions, {
    help: () => setProps("help", { opened: true }),
    scheme() {
      const next = SCHEMES[(SCHEMES.indexOf(chosenScheme()) + 1) % SCHEMES.length];
      localStorage.setItem(KEY, next);
      applyScheme();
    },
    heat() {
      if (heat() > 0) before = heat();
      setHeat(heat() > 0 ? 0 : before);
    },
  });

  vigie.page = {
    refresh() {
      applyScheme();
      tellScheme();
      addSliders();
    },
  };
})();
