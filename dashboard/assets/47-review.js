/* The review of the event in the pane: what stands, who said so, and what can be done. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, make, setText, setHidden, reviews, words } = vigie;
  const PRESSED = { confirmed: "confirm", false_positive: "false-positive", corrected: "correct" };
  let subject = null; /* {card, scope: "group" or "one", history: null until it was read} */

  const texts = () => reviews.texts();
  const size = () => Math.max(subject.card.group?.n ?? 1, vigie.strip.size(subject.card));
  const images = () => (subject.scope === "group" ? size() : 1);

  /* The review of its group: as the feed has it, which is told of every change. */
  const whole = () => {
    const { card } = subject;
    const group = vigie.model.cards.find((one) => vigie.model.keyOf(one) === card.group?.id);
    if (group && group.group.n >= size()) return group;
    return { ...card, review: { ...card.review, done: vigie.strip.done(card), of: size() } };
  };
  const standing = () => subject.history?.find((one) => reviews.isDecision(one) && !one.undone);

  /* What stands of it: {kind, text, by, at}. */
  const stands = () => {
    const one = standing();
    if (subject.scope === "group") {
      const card = whole();
      return { kind: reviews.kind(card), text: reviews.badge(card), ...card.review };
    }
    return one ? { ...one, kind: reviews.state(one.action), text: reviews.sayAction(one) } : {};
  };

  const signed = ({ text, by, at }) => (by ? `${text} · ${by}, ${words.time(at)}` : text);

  const showState = () => {
    const now = stands();
    byId("review-state").dataset.review = now.kind || "none";
    setText(byId("review-standing"), now.kind ? signed(now) : texts().none);
    const note = subject.history?.find((one) => one.action === "note" && !one.undone);
    const said = note && signed({ ...note, text: `“${note.note}”` });
    setText(byId("review-noted"), said ?? "");
    setHidden(byId("review-noted"), !note);
    return now;
  };

  const makeEntry = (one) => {
    const item = make("li", one.undone ? "undone" : "");
    const said = make("span", "num");
    const what = reviews.sayAction(one);
    const more = [one.by, one.events > 1 && reviews.images(one.events), words.moment(one.at)];
    said.append(make(one.undone ? "s" : "strong", "", what));
    said.append(` · ${more.filter(Boolean).join(" · ")}`);
    if (one.note) said.append(make("span", "note", one.note));
    item.append(said);
    if (one.undone || one.action === "undo") return item;
    const undo = make("button", "round small");
    Object.assign(undo, { type: "button", title: texts().undo_of.replace("{what}", () => what) });
    Object.assign(undo.dataset, { action: "undo-one", review: one.id });
    undo.setAttribute("aria-label", undo.title);
    undo.append(make("span", "icon icon-undo-2"));
    item.append(undo);
    return item;
  };

  const showHistory = () => {
    const history = subject.history ?? [];
    setHidden(byId("review-log"), !history.length);
    setText(byId("review-log-title"), texts().history.replace("{n}", words.number(history.length)));
    byId("review-log-events").replaceChildren(...history.map(makeEntry));
  };

  const showScope = () => {
    setHidden(byId("review-scope"), size() < 2);
    if (size() < 2) subject.scope = "one";
    byId("review-scope").querySelectorAll("button").forEach((button) => {
      const { scope } = button.dataset;
      if (scope === "group") setText(button, words.count(texts().whole, size()));
      button.setAttribute("aria-pressed", String(scope === subject.scope));
    });
  };

  const buttons = () => byId("review").querySelectorAll("[data-action]");

  /* While one action is under way no other begins; its own button says so. */
  const showBusy = (now) => {
    const { sending, isBusy } = vigie.reviewing.status();
    byId("review").setAttribute("aria-busy", String(isBusy));
    buttons().forEach((button) => {
      const { action } = button.dataset;
      const text = button.querySelector("span:not(.icon)");
      const isOff = action === "false-positive" && !reviews.asks(subject.card);
      button.setAttribute("aria-disabled", String(isBusy || isOff));
      if (!text || !button.closest(".review-decisions, .review-more")) return;
      if (action === "review-name") return;
      text.dataset.text ??= text.textContent;
      setText(text, sending === action ? texts().saving : text.dataset.text);
    });
    document.querySelectorAll(".review-decisions button").forEach((button) => {
      button.setAttribute("aria-pressed", String(PRESSED[now.kind] === button.dataset.action));
    });
  };

  const draw = () => {
    if (!subject || !byId("review")) return;
    setHidden(byId("review"), reviews.isClosed(subject.card));
    showScope();
    const now = showState();
    showHistory();
    showBusy(now);
    setText(byId("review-who"), vigie.reviewing.reviewer() || texts().nobody);
  };

  /* `alone`: meant by itself, by a link or in the strip, not as the newest of its group. */
  const show = (card, alone, history = null) => {
    const isSame = subject?.card.id === card.id;
    if (!isSame) {
      vigie.reviewForms.close();
      hear("");
    }
    const scope = isSame ? subject.scope : alone ? "one" : "group";
    subject = { card, scope, history: history ?? (isSame ? subject.history : null) };
    vigie.reviewing.showTrouble();
    draw();
  };

  const hear = (text) => {
    setText(byId("review-heard"), text);
    setHidden(byId("review-heard"), !text);
    if (text) vigie.reviewing.say(text);
  };

  /* What somebody else did meanwhile is said, not only shown. */
  const tellOthers = (before, history) => {
    if (!before) return;
    const known = new Set(before.map((one) => one.id));
    const fresh = history.find((one) => !known.has(one.id) && !vigie.reviewing.isOwn(one.id));
    if (!fresh) return;
    const what = reviews.sayAction(fresh);
    hear(texts().heard.replace("{name}", () => fresh.by).replace("{what}", () => what));
  };

  /* Somebody has done something with the event in view. */
  const refresh = async () => {
    const about = subject;
    const detail = about && (await vigie.detail.read(about.card.id).catch(() => null));
    if (!detail || subject?.card.id !== about.card.id || !byId("review")) return;
    tellOthers(subject.history, detail.reviews);
    subject.history = detail.reviews;
    draw();
  };

  const isAbout = (card) => {
    const { id, group } = subject?.card ?? {};
    return Boolean(id) && (card.id === id || card.group.id === group?.id);
  };

  vigie.actions["review-scope"] = (button) => {
    subject.scope = button?.dataset.scope ?? (subject.scope === "group" ? "one" : "group");
    draw();
  };

  vigie.review = {
    show,
    draw,
    refresh,
    isAbout,
    standing: () => (subject.scope === "group" ? whole().review?.id : standing()?.id),
    /* What an action is about; null where no event is shown. */
    subject: () =>
      subject && byId("inspector-body")?.hidden === false && !reviews.isClosed(subject.card)
        ? { ...subject, n: images() }
        : null,
  };
})();
