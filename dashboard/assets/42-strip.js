/* The film strip: the single events of the group that a card stands for, oldest first. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, make, setText, setHidden, words } = vigie;
  const MOST = 60; /* thumbnails at once; a group may have hundreds */
  const NONE = { id: null, n: 0, cards: [] };
  let group = NONE;

  const fetchGroup = async (id) => {
    const reply = await fetch(`/api/events?${new URLSearchParams({ group: id })}`, {
      cache: "no-store",
    });
    return reply.ok ? (await reply.json()).cards.reverse() : [];
  };

  /* Its drawing says it to the eye, its word to a screen reader. */
  const makeMark = (card) => {
    const mark = make("span", "on-photo review-mark", vigie.reviews.badge(card));
    mark.dataset.review = vigie.reviews.kind(card);
    mark.title = mark.textContent;
    return mark;
  };

  const makeThumb = (card) => {
    const item = make("li");
    const button = make("button", "thumb");
    const shot = make("div", "shot");
    button.type = "button";
    button.dataset.id = card.id;
    vigie.showShot(shot, card);
    const time = make("time", "num", words.time(card.at));
    time.title = words.moment(card.at);
    const share = card.severity === "failure" ? "" : words.percent(card.p);
    shot.append(makeMark(card));
    button.append(shot, make("strong", "num", share), time);
    button.addEventListener("click", () => go(card));
    item.append(button);
    return item;
  };

  const draw = (id) => {
    const at = Math.max(0, group.cards.findIndex((card) => card.id === id));
    const first = Math.max(0, Math.min(at - MOST / 2, group.cards.length - MOST));
    const near = group.cards.slice(first, first + MOST);
    setText(byId("strip-title"), words.count(words.texts.detail.group, group.cards.length));
    byId("strip-events").replaceChildren(...near.map(makeThumb));
    byId("strip").lang = words.texts.language;
  };

  /* Drawn anew, the strip keeps the focus. */
  const keepFocus = (change) => {
    const had = byId("strip-events").contains(document.activeElement);
    change();
    if (had) byId("strip-events").querySelector("[aria-current]")?.focus({ preventScroll: true });
  };

  const isDrawn = (id) =>
    byId("strip").lang === words.texts.language &&
    [...byId("strip-events").querySelectorAll("button")].some((one) => one.dataset.id === id);

  const mark = (id) => {
    setHidden(byId("strip"), group.cards.length < 2);
    if (group.cards.length && !isDrawn(id)) draw(id);
    byId("strip-events").querySelectorAll("button").forEach((button) => {
      const isCurrent = button.dataset.id === id;
      if (isCurrent) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      if (!isCurrent) return;
      /* Not scrollIntoView: that would also scroll the pane away from what a person reads. */
      const list = byId("strip-events");
      const middle = button.offsetLeft + button.offsetWidth / 2 - list.clientWidth / 2;
      list.scrollTo({ left: middle });
    });
  };

  const hide = () => setHidden(byId("strip"), true);

  /* The group of this card; asked for again only when it has grown. A card of the feed is the newest
     of its group, so alone it has none; one that a link names may be the first of many. */
  const show = async (card, isAlone) => {
    const { id = null, n = 0 } = card.group ?? {};
    if (id !== group.id || n > group.n) {
      if (id !== group.id) hide();
      const isMany = n > 1 || (isAlone && id);
      const cards = isMany ? await fetchGroup(id).catch(() => []) : [];
      if (vigie.detail.current()?.card !== card || !byId("strip")) return;
      group = { id: cards.length ? id : null, n, cards };
      draw(card.id);
    }
    mark(card.id);
    vigie.review.draw();
  };

  const go = (card) =>
    keepFocus(() => {
      vigie.detail.step(card);
      mark(card.id);
    });

  /* To the event before (-1) or after (1) in time. */
  const move = (by) => {
    const at = group.cards.findIndex((card) => card.id === vigie.detail.current()?.card.id);
    const next = at < 0 ? undefined : group.cards[at + by];
    if (next) go(next);
  };

  /* What people said of the group's events. Of very many only their group is told: they are asked
     for again. */
  const tell = (changed) => {
    const told = changed.filter((card) => card.group.id === group.id);
    const { card, isAlone } = vigie.detail.current() ?? {};
    if (!told.length || !card || !byId("strip")) return;
    if (told.length < 2) {
      group = NONE;
      show(card, isAlone);
      return;
    }
    const reviewOf = (one) => (told.find(({ id }) => id === one.id) ?? one).review;
    group.cards = group.cards.map((one) => ({ ...one, review: reviewOf(one) }));
    keepFocus(() => {
      draw(card.id);
      mark(card.id);
    });
  };

  /* The next event of this group without a review, in time. */
  const nextOpen = (id) => {
    const at = group.cards.findIndex((card) => card.id === id);
    return at < 0 ? undefined : group.cards.slice(at + 1).find(vigie.reviews.isOpen);
  };

  const isOf = (card) => group.id !== null && group.id === card.group?.id;

  vigie.strip = {
    show,
    hide,
    move,
    go,
    tell,
    nextOpen,
    size: (card) => (isOf(card) ? group.cards.length : 1),
    done: (card) => (isOf(card) ? group.cards.filter(vigie.reviews.isDone).length : 0),
  };
})();
