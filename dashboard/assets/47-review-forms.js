/* What the review asks for in its place: a name, a note, one of the classes. One at a time. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, make, setHidden, reviews, words } = vigie;
  const LONGEST = { name: 80, note: 2000 }; /* characters; the server takes no more */
  let opener = null; /* what had the focus */

  const texts = () => reviews.texts().form;

  const close = () => {
    const box = byId("review-form");
    if (!box || box.hidden) return;
    const had = box.contains(document.activeElement);
    box.replaceChildren();
    setHidden(box, true);
    if (had) (opener?.isConnected ? opener : byId("inspector")).focus({ preventScroll: true });
  };

  const put = (form, first) => {
    close();
    opener = document.activeElement === document.body ? null : document.activeElement;
    byId("review-form").replaceChildren(form);
    setHidden(byId("review-form"), false);
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close();
    });
    first.focus();
  };

  const makeButton = (text, style, type, press) => {
    const button = make("button", style, text);
    button.type = type;
    if (press) button.addEventListener("click", press);
    return button;
  };

  /* Asks for one text; `done` is called with it, but never with an empty one. */
  const askText = (kind, value, done) => {
    const form = make("form", "review-ask");
    const label = make("label", "field-name", texts()[kind]);
    const field = make(kind === "note" ? "textarea" : "input", "entry");
    const name = `review-${kind}`;
    Object.assign(field, { value, maxLength: LONGEST[kind], required: true, name });
    if (kind === "name") field.autocomplete = "name";
    label.append(field);
    const send = makeButton(texts()[`${kind}_done`], "button primary", "submit");
    const foot = make("div", "review-ask-foot");
    foot.append(makeButton(texts().cancel, "button", "button", close), send);
    form.append(label, foot);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const said = field.value.trim();
      if (!said) return;
      close();
      done(said);
    });
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || kind !== "note") return;
      event.preventDefault();
      form.requestSubmit();
    });
    put(form, field);
  };

  /* The classes with the digits that choose them too. */
  const askClass = (own, done) => {
    const list = make("div", "review-classes");
    list.setAttribute("role", "group");
    list.setAttribute("aria-label", texts().classes);
    Object.keys(words.texts.behaviours).slice(0, 10).forEach((key, n) => {
      const button = makeButton("", "review-class", "button", () => {
        close();
        done(key);
      });
      const name = make("span", "", words.behaviour(key));
      if (key === own) name.append(" ", make("span", "dim", `(${texts().model})`));
      button.append(make("kbd", "", String((n + 1) % 10)), name);
      list.append(button);
    });
    put(list, list.firstChild);
  };

  vigie.reviewForms = {
    askName: (value, done) => askText("name", value, done),
    askNote: (done) => askText("note", "", done),
    askClass,
    close,
    isOpen: () => byId("review-form")?.hidden === false,
  };
})();
