/* What is left to review, what colleagues do meanwhile, and where the next open event is. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, setText, setHidden, address, model, reviews, review, words } = vigie;
  const AGAIN_MS = 5000; /* how often new events may have what is left counted anew */
  const MOST_PAGES = 4; /* looked through for the next open event: what a page can hold */
  let known = { version: null, query: null, events: "" }; /* what the last answer was about */
  let left = null; /* {events, of} */
  let asked = Promise.resolve();
  let askedAt = -Infinity;
  const MOST_AWAY = 240; /* as many as a page shows: nobody takes more back */
  const away = new Map(); /* cards that left with their review: an undo brings them back */

  const texts = () => reviews.texts();

  /* --- what is left --- */

  const show = () => {
    if (!byId("review-bar") || !words.texts || !left) return;
    const { events, of } = left;
    const text = events
      ? texts().left.replace("{n}", words.number(events)).replace("{all}", words.number(of))
      : texts().all_done.replace("{n}", words.number(of));
    setHidden(byId("left"), !of);
    setText(byId("left-text"), text);
    byId("left").dataset.done = String(!events);
    byId("left-bar").value = of ? (of - events) / of : 0;
    setHidden(byId("review-next"), !events);
    vigie.states.show();
  };

  /* --- what others do --- */

  const isUnwanted = (card) =>
    !reviews.matches(card, address.get("review")) && card.id !== vigie.feed.selected();

  /* A card that no longer belongs here goes; not while a person looks at it. */
  const tidy = () => {
    const gone = address.get("review") ? model.remove(isUnwanted) : [];
    gone.forEach((card) => away.set(model.keyOf(card), card));
    [...away.keys()].slice(0, -MOST_AWAY).forEach((key) => away.delete(key));
    if (gone.length) vigie.feed.draw();
  };

  const bringBack = ({ group, review: said }) => {
    const card = away.get(group.id);
    if (!card || !reviews.matches({ ...card, review: said }, address.get("review"))) return;
    away.delete(group.id);
    model.put({ ...card, review: said });
  };

  /* Cards whose review changed: single events, and after them their groups. */
  const tell = async (cards) => {
    if (!cards.length) return;
    vigie.detail.forgetRead();
    cards.forEach(model.tell);
    new Map(cards.map((card) => [model.keyOf(card), card])).forEach(bringBack);
    vigie.strip.tell(cards);
    tidy();
    vigie.feed.draw();
    if (cards.some(review.isAbout)) await review.refresh();
  };

  /* Cards of the archive, which the server's memory does not know, by the place of their image. */
  const archived = (beyond) => {
    const told = new Map(beyond.map(({ of, review: said }) => [of, said]));
    const shown = new Set([...model.cards, vigie.detail.current()?.card]);
    return [...shown]
      .filter((card) => told.has(card?.of))
      .map((card) => ({ ...card, review: told.get(card.of) }));
  };

  const take = async (answer, query) => {
    Object.assign(known, { version: answer.version, query });
    left = answer.left;
    if (answer.reset) vigie.feed.anew();
    show();
    await tell([...answer.cards, ...archived(answer.beyond)]);
  };

  const askNow = async () => {
    askedAt = performance.now();
    const { query } = model;
    const about = new URLSearchParams({ query, since: known.version ?? "" });
    try {
      const reply = await fetch(`/api/reviews?${about}`, { cache: "no-store" });
      const answer = reply.ok ? await reply.json() : null;
      if (answer && query === model.query && byId("review-bar")) await take(answer, query);
    } catch {
      /* away: the page says so, and the next pulse asks again */
    }
  };

  /* One after the other, so that no answer overtakes another. */
  const ask = () => {
    asked = asked.then(askNow);
    return asked;
  };

  const onPulse = (pulse) => {
    if (!byId("review-bar") || typeof pulse.reviews !== "number") return;
    known.version ??= pulse.reviews; /* the first cards came with this pulse */
    const events = JSON.stringify(pulse.counts);
    const isOther = pulse.reviews !== known.version || model.query !== known.query;
    const isMore = events !== known.events && performance.now() - askedAt > AGAIN_MS;
    if (!isOther && !isMore) return;
    known.events = events;
    ask();
  };

  /* --- the next open event --- */

  /* Further down, fetched if need be, then from the top; null: there is none in reach. */
  const findOpen = async (now) => {
    const place = () => model.cards.findIndex((card) => model.keyOf(card) === now?.group.id);
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const found = model.cards.slice(place() + 1).find(reviews.isOpen);
      if (found) return found;
      const end = model.edge("older");
      if (left?.events && model.older) await vigie.scroll.extend("older");
      if (end === model.edge("older")) break;
    }
    return model.cards.slice(0, Math.max(0, place())).find(reviews.isOpen) ?? null;
  };

  const sayEnd = () => (left?.events ? texts().further : texts().no_more);

  /* --- filter and export --- */

  const closeExport = (event) => {
    const box = byId("export");
    if (!box?.open || (event.type !== "keydown" && box.contains(event.target))) return;
    if (event.type === "keydown" && event.key !== "Escape") return;
    const had = box.contains(document.activeElement);
    box.open = false;
    if (had) box.querySelector("summary").focus();
  };
  ["pointerdown", "focusin", "keydown"].forEach((type) => {
    document.addEventListener(type, closeExport);
  });

  const showAddress = () => {
    const wanted = address.get("review") || "";
    document.querySelectorAll(":is(#review-bar, .periods) [data-review]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.review === wanted));
    });
    document.querySelectorAll("[data-export]").forEach((link) => {
      const { query } = model;
      link.href = `/api/export?${new URLSearchParams({ query, format: link.dataset.export })}`;
    });
  };

  vigie.actions.reviewed = (button) => address.change({ review: button.dataset.review || null });

  vigie.left = {
    ask,
    tidy,
    findOpen,
    sayEnd,
    take: onPulse,
    /* Whether what stands in the place of cards is that all of them are reviewed. */
    isAllDone: () => address.get("review") === "open" && left?.events === 0 && left.of > 0,
    refresh() {
      if (!byId("review-bar")) return;
      if (model.query !== known.query) away.clear();
      showAddress();
      show();
      vigie.reviewing.refresh();
    },
  };
})();
