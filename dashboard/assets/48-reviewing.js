/* Reviewing: one action at a time is sent, shown once it is recorded, and can be taken back. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, setText, setHidden, model, reviews, review, reviewForms: forms, words } = vigie;
  const NAME = "vigie-reviewer";
  const ADVANCE = "vigie-advance";
  const SETTLE_MS = 300; /* nobody has looked at an event for less: a double press is not for it */
  const TOAST_MS = 8000; /* as long as it takes to notice a slip */
  const given = []; /* what this page recorded and can take back: {id, wish}, newest last */
  const own = new Set();
  let sending = null; /* the wish under way */
  let settling = false;
  let failed = null; /* {wish, sentence} of the last wish that was not recorded */

  const texts = () => reviews.texts();
  const reviewer = () => localStorage.getItem(NAME) ?? "";
  const advances = () => localStorage.getItem(ADVANCE) !== "off";

  /* --- what is said --- */

  const say = (text) => setText(byId("review-said"), text);

  let toastEnds = 0;
  const toast = (text, button = "") => {
    clearTimeout(toastEnds);
    if (!byId("toast")) return;
    setText(byId("toast-text"), text);
    setHidden(byId("toast-undo"), button !== "undo");
    setHidden(byId("toast-again"), button !== "again");
    setHidden(byId("toast"), false);
    say(text);
    if (button !== "again") toastEnds = setTimeout(hideToast, TOAST_MS);
  };
  const hideToast = () => setHidden(byId("toast"), true);

  const isShown = (wish) => review.subject()?.card.id === wish.event;

  /* At the action where its event is still in view, otherwise over the page. */
  const showTrouble = () => {
    const isHere = Boolean(failed) && isShown(failed.wish);
    setText(byId("review-trouble-text"), isHere ? failed.sentence : "");
    setHidden(byId("review-trouble"), !isHere);
    if (failed && !isHere) toast(failed.sentence, "again");
    else if (byId("toast-again")?.hidden === false) hideToast();
  };

  const sayDone = ({ action, n, label }) => {
    if (action === "note") return texts().noted;
    if (action === "undo") return texts().undone;
    const what = reviews.sayAction({ action, label });
    return n > 1 ? `${what} · ${reviews.images(n)}` : what;
  };

  /* --- sending --- */

  const FIELDS = ["action", "event", "group", "corrected_to", "note", "undoes"];

  const post = async (wish) => {
    const said = FIELDS.filter((name) => name in wish).map((name) => [name, wish[name]]);
    const reply = await fetch("/api/reviews", {
      method: "POST",
      cache: "no-store",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ reviewer: reviewer(), ...Object.fromEntries(said) }),
    });
    return reply.status === 201
      ? { answer: await reply.json() }
      : { trouble: texts().trouble[reply.status] ?? texts().trouble.refused };
  };

  const send = async (wish) => {
    if (sending) return;
    sending = wish;
    failed = null;
    showTrouble();
    review.draw();
    const network = () => ({ trouble: texts().trouble.network });
    const { answer, trouble } = await post(wish).catch(network);
    try {
      if (answer) await recorded(wish, answer);
      else refused(wish, trouble);
    } finally {
      sending = null;
      review.draw();
    }
  };

  const refused = (wish, sentence) => {
    failed = { wish, sentence };
    showTrouble();
    vigie.left.ask(); /* perhaps somebody was faster */
  };

  const recorded = async (wish, answer) => {
    const before = review.subject()?.card.id;
    own.add(answer.review_id);
    if (wish.action === "undo") {
      const at = given.findIndex(({ id }) => id === wish.undoes);
      if (at >= 0) given.splice(at, 1);
    } else given.push({ id: answer.review_id, wish });
    toast(sayDone(wish), wish.action === "undo" ? "" : "undo");
    await vigie.left.ask();
    if (review.subject()?.card.id !== before) return; /* the person went on meanwhile */
    if (wish.action === "undo") returnTo(wish);
    else if (wish.mayAdvance && advances() && isShown(wish)) await advance(wish);
  };

  /* --- from event to event --- */

  const settle = () => {
    settling = true;
    setTimeout(() => {
      settling = false;
      review.draw();
    }, SETTLE_MS);
  };

  /* A button that was pressed keeps the focus: the next event is reviewed by it too. */
  const choose = (card) => {
    const button = document.activeElement?.closest?.("#review [data-action], #review-next");
    settle();
    vigie.feed.select(card.id);
    button?.focus({ preventScroll: true });
  };

  const advance = async (wish) => {
    const { card } = review.subject();
    const near = wish.group ? null : vigie.strip.nextOpen(card.id);
    if (near) {
      settle();
      vigie.strip.go(near);
      return;
    }
    const next = await vigie.left.findOpen(card);
    if (!isShown(wish)) return; /* the person went on meanwhile */
    if (next) choose(next);
    else toast(`${sayDone(wish)}. ${vigie.left.sayEnd()}`, "undo");
  };

  const returnTo = ({ event }) => {
    if (isShown({ event })) return;
    const card = model.find(event);
    if (card) choose(card);
    else location.hash = `event-${event}`;
  };

  const begin = async () => {
    const now = vigie.feed.selected() ? vigie.detail.current()?.card : null;
    const next = await vigie.left.findOpen(now);
    if (!next) vigie.notice(vigie.left.sayEnd());
    else if (vigie.detail.drawer.isNeeded()) vigie.feed.open(next.id);
    else choose(next);
  };

  /* --- what a person asks for --- */

  /* An event that the pane only follows is chosen first, and stays: it must not move away. */
  const wishFor = (action, more) => {
    const about = review.subject();
    if (!about || sending || settling) return null;
    const chosen = Boolean(vigie.feed.selected());
    if (!chosen) vigie.feed.hold(about.card.id);
    const isGroup = about.scope === "group";
    const { id: event } = about.card;
    const mayAdvance = chosen && action !== "note";
    return { action, event, group: isGroup, n: about.n, mayAdvance, ...more };
  };

  const ask = (wish) => {
    if (!wish) return;
    if (reviewer()) send(wish);
    else forms.askName("", (name) => {
      localStorage.setItem(NAME, name);
      send(wish);
    });
  };

  const correct = (key) => {
    const about = review.subject();
    if (!about) return;
    forms.close();
    if (about.card.label === key) ask(wishFor("confirm")); /* the model's own: it was right */
    else ask(wishFor("correct", { corrected_to: key, label: key }));
  };

  const takeBack = (id, wish) => {
    const { event, group } = wish;
    if (id && !sending) ask({ action: "undo", event, group, undoes: id, n: 1 });
  };

  /* The last action on the event in view, or what stands of it; then the last of all. */
  const undo = () => {
    const about = review.subject();
    const last = given.at(-1);
    const isLast = last && about && last.wish.event === about.card.id;
    const id = about && !isLast ? review.standing() : null;
    if (id) takeBack(id, { event: about.card.id, group: about.scope === "group" });
    else if (last) takeBack(last.id, last.wish);
    else vigie.notice(texts().no_undo);
  };

  /* A button that goes away with its work leaves the focus where the person goes on. */
  const leaveButton = () => byId("inspector").focus({ preventScroll: true });

  const setSwitch = () => {
    const button = document.querySelector("[data-action=advance]");
    button?.setAttribute("aria-checked", String(advances()));
  };

  Object.assign(vigie.actions, {
    confirm: () => ask(wishFor("confirm")),
    "false-positive"() {
      const about = review.subject();
      if (about && !reviews.asks(about.card)) vigie.notice(texts().no_false);
      else ask(wishFor("false_positive"));
    },
    correct() {
      if (forms.isOpen()) forms.close();
      else if (review.subject()) forms.askClass(review.subject().card.label, correct);
    },
    note() {
      if (review.subject()) forms.askNote((note) => ask(wishFor("note", { note })));
    },
    undo,
    "undo-last"() {
      leaveButton();
      undo();
    },
    "undo-one": (button) =>
      takeBack(button.dataset.review, { event: review.subject().card.id, group: false }),
    "review-again"() {
      leaveButton();
      if (failed) send(failed.wish);
    },
    "review-name": () =>
      forms.askName(reviewer(), (name) => {
        localStorage.setItem(NAME, name);
        review.draw();
      }),
    "review-next": begin,
    advance() {
      localStorage.setItem(ADVANCE, advances() ? "off" : "on");
      setSwitch();
    },
  });

  /* By keyboard only what a person has chosen is reviewed, not what the pane happens to follow. */
  const onChosen = (act) => (event) => {
    if (event.repeat) return;
    if (vigie.feed.selected() && review.subject()) act();
    else vigie.notice(texts().choose_first);
  };

  const actionName = (wish) => wish && wish.action.replace("_", "-");

  const { actions } = vigie;
  vigie.reviewing = {
    keys: {
      r: (event) => (vigie.feed.selected() ? onChosen(actions.confirm)(event) : begin()),
      x: onChosen(() => actions["false-positive"]()),
      e: onChosen(() => actions.correct()),
      n: onChosen(() => actions.note()),
      a: onChosen(() => actions["review-scope"]()),
      u: (event) => event.repeat || undo(),
    },
    /* The class with this number on the keys, from 1 to 9 and then 0. */
    digit: (n) =>
      onChosen(() => {
        const key = Object.keys(words.texts.behaviours)[(n + 9) % 10];
        if (key) correct(key);
      }),
    status: () => ({ sending: actionName(sending), isBusy: Boolean(sending) || settling }),
    reviewer,
    showTrouble,
    say,
    isOwn: (id) => own.has(id),
    refresh: setSwitch,
  };
})();
