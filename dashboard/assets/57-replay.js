/* Sending dead letters again: the question, the answer, and the way to a letter's event. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, setText, setHidden, words } = vigie;
  const texts = () => words.texts.letters;
  let wish = null; /* what the open question is about: {place} or {reason} */

  /* Asks the server; its trouble is told in its own sentence where it has one. */
  vigie.ask = async (address, body) => {
    const post = { method: "POST", headers: { "Content-Type": "application/json" } };
    const how = body ? { ...post, body: JSON.stringify(body) } : {};
    try {
      const reply = await fetch(address, { cache: "no-store", ...how });
      const answer = await reply.json();
      return reply.ok ? { answer } : { trouble: answer.error ?? texts().unreachable };
    } catch {
      return { trouble: texts().unreachable };
    }
  };

  const setBusy = (isBusy) => {
    byId("replay-send").disabled = isBusy;
    setText(byId("replay-send"), isBusy ? texts().sending : byId("replay-send").dataset.text);
  };

  const open = (newWish, title, warning) => {
    wish = newWish;
    const send = byId("replay-send");
    send.dataset.text ??= send.textContent;
    setText(byId("replay-title"), title);
    setText(byId("replay-warning"), warning);
    setHidden(byId("replay-trouble"), true);
    setBusy(false);
    byId("replay").showModal();
    byId("replay-cancel").focus();
  };

  const say = (text) => setText(byId("letters-said"), text);

  const send = async () => {
    setBusy(true);
    const { answer, trouble } = await vigie.ask("/api/dead-letters/replay", wish);
    if (!byId("replay")) return; /* the person has left the page */
    setBusy(false);
    if (trouble) {
      setText(byId("replay-trouble"), trouble);
      setHidden(byId("replay-trouble"), false);
    } else {
      byId("replay").close();
      say(words.count(texts().sent, answer.replayed));
    }
    vigie.letters.again(); /* also after trouble: some may have been sent */
  };

  Object.assign(vigie.actions, {
    "replay-one"(button) {
      const letter = vigie.letters.find(button.dataset.letter);
      if (!letter) return;
      say("");
      const warning = letter.stored === false ? texts().warn_missing : texts().warn_one;
      open({ place: letter.id }, texts().ask_one, warning);
    },
    "replay-all"() {
      const { word, title, n } = vigie.letters.reason();
      say("");
      const question = words.count(texts().ask_all, n).replace("{reason}", title);
      open({ reason: word }, question, texts().warn_all);
    },
    "replay-cancel": () => byId("replay").close(),
    "replay-send": send,
    async "letter-event"(button) {
      const { letter } = button.dataset;
      const { answer, trouble } = await vigie.ask(`/api/dead-letters/${letter}/event`);
      if (answer?.event) location.assign(`/#event-${answer.event}`);
      else say(trouble ?? texts().no_event);
    },
  });
})();
