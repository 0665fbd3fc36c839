/* The controls of the feed: its two sheets, the browser's own controls of time, and the filters
   that are set, each with a way to take it off. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, make, setText, setHidden, address, fields, model, words } = vigie;
  const SHEETS = ["filters", "jump"];
  const CLEAR = {
    ...{ behaviour: [], source: null, reason: null, confidence: null },
    ...{ last: null, from: null, to: null, review: null },
  };

  /* --- sheets --- */

  const openSheet = () => SHEETS.map(byId).find((sheet) => sheet && !sheet.hidden);
  const openerOf = (sheet) => document.querySelector(`[aria-controls="${sheet.id}"]`);

  const setSheet = (sheet, open) => {
    setHidden(sheet, !open);
    openerOf(sheet).setAttribute("aria-expanded", String(open));
    document.documentElement.classList.toggle("sheet-open", open);
  };

  const shut = (returnsFocus = true) => {
    const sheet = openSheet();
    if (!sheet) return;
    const had = sheet.contains(document.activeElement);
    setSheet(sheet, false);
    if (had && returnsFocus) openerOf(sheet).focus();
  };

  const show = (name) => {
    const sheet = byId(name);
    const wasOpen = !sheet.hidden;
    shut();
    if (wasOpen) return;
    setSheet(sheet, true);
    if (name === "jump") momentOf("at").value = fields.localTime(model.at ?? Date.now() / 1000);
    sayMoments();
    (name === "jump" ? momentOf("at") : sheet).focus();
  };

  /* Lists of choices hang elsewhere in the document: a click in them is a click in the sheet. */
  const isWithin = (target) =>
    !target.isConnected || target.closest(".sheet, .opener, [data-portal], [role=listbox]");

  document.addEventListener("pointerdown", (event) => {
    if (openSheet() && !isWithin(event.target)) shut(false);
  });
  document.addEventListener("focusin", (event) => {
    if (openSheet() && !isWithin(event.target)) shut(false);
  });
  document.addEventListener("keydown", (event) => {
    const sheet = openSheet();
    if (!sheet?.contains(event.target)) return;
    const choosing = event.target.getAttribute("aria-expanded") === "true";
    if (event.key === "Escape" && !choosing) shut();
    if (event.key === "Enter" && event.target === momentOf("at")) vigie.actions.jump();
  });

  /* --- times --- */

  const momentOf = (name) => document.querySelector(`[data-moment="${name}"] input`);

  const readMoment = (name) => fields.readTime(momentOf(name));

  const setPeriod = () => {
    const inputs = ["from", "to"].map(momentOf);
    if (inputs.some((input) => input.validity.badInput)) return; /* half typed */
    const [from, to] = ["from", "to"].map(readMoment);
    const wrong = from !== null && to !== null && from >= to;
    inputs[1].setCustomValidity(wrong ? words.texts.feed.period_order : "");
    if (wrong) inputs[1].reportValidity();
    else address.change({ last: null, from, to });
  };

  /* The browser's control has the browser's language: said once more in the page's own. */
  const sayMoment = (host) => {
    const at = readMoment(host.dataset.moment);
    setText(host.querySelector(".said"), at ? words.fullDay(at) : "");
  };
  const sayMoments = () => document.querySelectorAll("[data-moment]").forEach(sayMoment);

  const addMoments = () => {
    document.querySelectorAll("[data-moment]").forEach((host) => {
      if (host.querySelector("input")?.ariaLabel === host.dataset.label) return;
      const label = make("label", "field-name", host.dataset.label);
      const input = make("input", "entry moment num");
      input.type = "datetime-local";
      input.ariaLabel = host.dataset.label;
      if (host.dataset.moment !== "at") input.addEventListener("change", setPeriod);
      input.addEventListener("input", () => sayMoment(host));
      label.append(input);
      host.replaceChildren(label, make("p", "said dim small"));
    });
  };

  const showMoments = () => {
    ["from", "to"].forEach((name) => {
      const at = Number(address.get(name));
      const value = at ? fields.localTime(at) : "";
      if (momentOf(name).value !== value) momentOf(name).value = value;
    });
    sayMoments();
  };

  const goTo = (at) => {
    shut();
    if (model.at === at) {
      model.restart();
      model.cards = [];
      vigie.feed.draw();
      vigie.scroll.begin();
    } else address.change({ at });
  };

  /* --- what is set --- */

  const spanOf = () => address.get("confidence")?.split("-").map((percent) => percent / 100);
  const saySpan = () => {
    const span = spanOf();
    return span ? span.map((share) => words.percent(share)).join(" – ") : "";
  };

  const sayPeriod = () => {
    const [last, from, to] = ["last", "from", "to"].map((key) => Number(address.get(key)));
    if (last) return words.texts.feed.last[last] || words.ago(last);
    if (from && to) return words.range(from, to);
    if (from) return words.texts.feed.since.replace("{time}", words.day(from));
    return to ? words.texts.feed.until.replace("{time}", words.day(to)) : "";
  };

  /* Each filter that is set: its words, and the change that takes it off. */
  const chosen = () => {
    const behaviours = address.getAll("behaviour");
    const found = behaviours.map((key) => [
      words.behaviour(key),
      { behaviour: behaviours.filter((other) => other !== key) },
    ]);
    const source = address.get("source");
    if (source) found.push([source, { source: null }]);
    const reason = address.get("reason");
    if (reason) found.push([words.texts.reasons[reason] || reason, { reason: null }]);
    if (spanOf()) found.push([saySpan(), { confidence: null }]);
    const review = address.get("review");
    const { filters, states } = vigie.reviews.texts();
    if (review) found.push([filters[review] ?? states[review] ?? review, { review: null }]);
    if (sayPeriod()) found.push([sayPeriod(), { last: null, from: null, to: null }]);
    return found;
  };

  const makeChip = ([text, change]) => {
    const chip = make("button", "chip num");
    chip.type = "button";
    chip.setAttribute("aria-label", words.texts.feed.take_off.replace("{name}", text));
    chip.append(make("span", "", text), make("span", "icon icon-x"));
    chip.addEventListener("click", () => address.change(change));
    return chip;
  };

  const press = (selector, isPressed) => {
    document.querySelectorAll(selector).forEach((button) => {
      button.setAttribute("aria-pressed", String(isPressed(button)));
    });
  };

  let chips = null;
  const showChips = () => {
    const found = chosen();
    const said = JSON.stringify([words.texts.language, found]);
    if (said !== chips || !byId("chips").childElementCount) {
      byId("chips").replaceChildren(...found.map(makeChip));
    }
    chips = said;
    setHidden(byId("clear"), !found.length);
    const badge = document.querySelector(".filters-opener .set-count");
    setText(badge, found.length ? words.number(found.length) : "");
    setHidden(badge, !found.length);
  };

  Object.assign(vigie.actions, {
    panel: (button) => show(button.getAttribute("aria-controls")),
    filters: () => show("filters"),
    jumper: () => show("jump"),
    shut: () => shut(),
    tab: (button) => address.change({ severity: button.dataset.severity || null }),
    clear: () => address.change(CLEAR),
    all: () => address.change({ ...CLEAR, severity: null, at: null }),
    flat: () => address.change({ flat: address.get("flat") ? null : "1" }),
    period: (button) =>
      address.change({ last: button.dataset.last || null, from: null, to: null }),
    jump() {
      const at = readMoment("at");
      if (at) goTo(at);
    },
    "jump-back": (button) => goTo(Math.floor(Date.now() / 1000 - button.dataset.seconds)),
  });

  vigie.filters = {
    /* Every control says what the address says. */
    show() {
      addMoments();
      showMoments();
      showChips();
      const severity = address.get("severity") || "";
      press(".tabs .choice", (tab) => tab.dataset.severity === severity);
      const ranged = address.get("from") || address.get("to");
      const last = address.get("last") || "";
      press("[data-last]", (button) => !ranged && button.dataset.last === last);
      press("[data-action=flat]", () => !address.get("flat"));
      setText(byId("confidence-text"), saySpan() || words.texts.feed.any);
    },
  };
})();
