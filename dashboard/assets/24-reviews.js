/* What people said of events, in words: what a card wears and the pane tells. */
(() => {
  "use strict";
  const { vigie } = window;
  const { words } = vigie;
  const STATES = { confirm: "confirmed", false_positive: "false_positive", correct: "corrected" };

  const texts = () => words.texts.reviews;

  const say = (state, label) =>
    state === "corrected"
      ? texts().corrected_to.replace("{name}", () => words.behaviour(label))
      : texts().states[state] ?? texts().mixed;

  /* What a person should look at; of the rest nothing is left to review. */
  const asks = ({ severity }) => severity === "infraction" || severity === "check";
  const isDone = ({ review }) => Boolean(review?.done) && review.done >= review.of;
  /* Of an earlier topic nobody can say which image is meant. */
  const isClosed = (card) => Boolean(card.archived && !card.of);
  const isOpen = (card) => asks(card) && !isDone(card) && !isClosed(card);

  /* The name of its drawing; empty: nobody has decided. */
  const kind = ({ review }) => {
    if (!review?.done) return "";
    return review.done < review.of ? "part" : review.state;
  };

  /* A group that is not reviewed wholly says how far it is. */
  const badge = (card) => {
    const { review } = card;
    if (!kind(card)) return "";
    if (kind(card) !== "part") return say(review.state, review.label);
    return texts()
      .part.replace("{done}", words.number(review.done))
      .replace("{of}", words.number(review.of));
  };

  /* One action of a history. */
  const sayAction = ({ action, label }) => {
    if (action in STATES) return say(STATES[action], label);
    return action === "note" ? texts().note : texts().undone;
  };

  /* Whether it may stay in a feed that shows only these: as the server has it, a group stays for
     any one of its events. */
  const matches = (card, wanted) => {
    if (!wanted) return true;
    if (wanted === "open") return isOpen(card);
    if (!card.review?.done) return false;
    return wanted === "done" || card.group.n > 1 || card.review.state === wanted;
  };

  vigie.reviews = {
    texts,
    asks,
    isDone,
    isClosed,
    isOpen,
    kind,
    badge,
    sayAction,
    matches,
    state: (action) => STATES[action],
    isDecision: ({ action }) => action in STATES,
    images: (n) => words.count(words.texts.feed.images, n),
  };
})();
