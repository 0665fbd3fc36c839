/* The statistics: a click on a bar leads to its events, links stay on the page, tables are asked for
   when they are opened, and any period can be typed in. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, make, setProps, fields } = vigie;
  const DAY_S = 86_400;
  const LINK = "#statistics a[href^='/']";

  /* As Dash's own links do it, but for links that say which of them is the current one. */
  const go = (href) => {
    const leaves = new URL(href, location.href).pathname !== location.pathname;
    history.pushState({}, "", href);
    dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    if (leaves) window.scrollTo(0, 0);
  };

  document.addEventListener("click", (event) => {
    const other = byId("statistics-other");
    if (other?.open && !other.contains(event.target)) other.open = false;
    const link = event.target.closest(LINK);
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!link || !plain || event.defaultPrevented) return;
    event.preventDefault();
    go(link.getAttribute("href"));
  });

  document.addEventListener("keydown", (event) => {
    const other = byId("statistics-other");
    if (event.key !== "Escape" || !other?.open) return;
    other.open = false;
    other.querySelector("summary").focus();
  });

  document.addEventListener(
    "toggle",
    (event) => {
      if (!event.target.dataset?.table) return;
      const open = [...document.querySelectorAll("details[data-table][open]")];
      setProps("statistics-tables", { data: open.map((box) => box.dataset.table) });
    },
    true, /* this event does not bubble */
  );

  const moment = (title, name) => {
    const label = make("label", "", title);
    const field = make("input", "entry");
    Object.assign(field, { type: "datetime-local", name, required: true });
    label.append(field);
    return label;
  };

  const makeForm = (other) => {
    const form = make("form");
    const show = make("button", "button", other.dataset.show);
    form.append(moment(other.dataset.from, "from"), moment(other.dataset.to, "to"), show);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const { from, to } = form.elements;
      const [start, end] = [from, to].map(fields.readTime).sort((a, b) => a - b);
      other.open = false;
      go(`/statistics?from=${start}&to=${Math.max(end, start + 60)}`);
    });
    return form;
  };

  const refresh = () => {
    const other = byId("statistics-other");
    if (!other) return;
    const place = other.querySelector(".other-period");
    if (!place.firstChild) place.append(makeForm(other));
    const asked = new URLSearchParams(location.search);
    const isChosen = asked.has("from") || asked.has("to");
    other.classList.toggle("chosen", isChosen);
    const { from, to } = place.firstChild.elements;
    const end = Number(asked.get("to")) || Date.now() / 1000;
    to.value = fields.localTime(end);
    from.value = fields.localTime(Number(asked.get("from")) || end - DAY_S);
  };
  addEventListener("_dashprivate_pushstate", refresh);
  addEventListener("popstate", refresh);

  vigie.statistics = { refresh };

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    statistics: {
      /* Where a bar leads is its customdata. Only addresses of this page are followed. */
      follow() {
        const { triggered } = window.dash_clientside.callback_context;
        const href = triggered[0]?.value?.points?.[0]?.customdata;
        if (typeof href === "string" && href.startsWith("/?")) go(href);
      },
    },
  });
})();
