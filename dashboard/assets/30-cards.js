/* Cards: one per group, of its newest event. Nodes of cards that go are used again. */
(() => {
  "use strict";
  const { vigie } = window;
  const { make, setText, setHidden, words, model, reviews, showShot } = vigie;
  const SPARE = 48;
  const spare = [];

  const blank = () => {
    const node = make("article", "card");
    node.tabIndex = 0;
    const parts = {
      shot: make("div", "shot"),
      count: make("span", "on-photo group-count num"),
      confidence: make("span", "on-photo confidence num"),
      review: make("span", "on-photo review-mark num"),
      title: make("h2", "title"),
      tag: make("span", "tag"),
      source: make("span", "source"),
      time: make("time", "when num"),
      bar: make("div", "split"),
      trouble: make("p", "trouble"),
    };
    const body = make("div", "body");
    const meta = make("p", "meta");
    meta.append(parts.tag, parts.source);
    body.append(parts.title, meta, parts.time, parts.bar, parts.trouble);
    parts.shot.append(parts.review);
    node.append(parts.shot, parts.count, parts.confidence, body);
    node.parts = parts;
    return node;
  };

  const fillBar = (bar, card) => {
    while (bar.childElementCount < card.shares.length) bar.append(make("i"));
    [...bar.children].forEach((part, n) => {
      part.style.flexGrow = String(card.shares[n] ?? 0);
    });
    setHidden(bar, !card.shares.length);
  };

  const setAttribute = (node, name, value) => {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  };

  const fillTime = (node, card) => {
    const { since, n } = card.group;
    node.dateTime = new Date(card.at * 1000).toISOString();
    node.title = words.moment(card.at);
    setText(node, n > 1 ? words.span(since, card.at) : words.time(card.at));
  };

  const describe = (node, card) => {
    const { tag, title, confidence, source, time, review } = node.parts;
    const said = [tag, title, confidence, source, time, review].map((part) => part.textContent);
    if (card.archived) said.push(words.texts.feed.archived);
    if (card.group.n > 1) said.splice(2, 0, words.count(words.texts.feed.images, card.group.n));
    setAttribute(node, "aria-label", said.filter(Boolean).join(", "));
  };

  const reviewOf = ({ review }) => JSON.stringify(review);

  const mark = (node, card) => {
    node.dataset.id = card.id;
    node.dataset.group = model.keyOf(card);
    node.dataset.severity = card.severity;
    node.dataset.n = String(card.group.n);
    node.review = reviewOf(card);
    node.classList.toggle("many", card.group.n > 1);
    node.lang = words.texts.language;
  };

  const fill = (node, card) => {
    const { parts } = node;
    const failed = card.severity === "failure";
    const calm = node.dataset.group === model.keyOf(card);
    mark(node, card);
    showShot(parts.shot, card, { calm });
    setText(parts.count, card.group.n > 1 ? `×${words.number(card.group.n)}` : "");
    setText(parts.confidence, failed ? "" : words.percent(card.p));
    setText(parts.title, words.title(card));
    setText(parts.tag, words.texts.severities[card.severity]);
    setAttribute(parts.tag, "class", `tag ${card.severity}`);
    setText(parts.source, words.source(card));
    parts.source.title = words.source(card);
    fillTime(parts.time, card);
    parts.review.dataset.review = reviews.kind(card);
    setText(parts.review, reviews.badge(card));
    setText(parts.trouble, failed ? card.detail : "");
    setHidden(parts.trouble, !failed);
    fillBar(parts.bar, card);
    describe(node, card);
    return node;
  };

  const release = (node) => {
    node.remove();
    node.classList.remove("fresh", "landed");
    node.removeAttribute("aria-current");
    delete node.dataset.group;
    if (spare.length < SPARE) spare.push(node);
  };

  /* Its place among all can be told only while the first card is the newest; how many there are in
     all is not known here. */
  const number = (list) => {
    [...list.children].forEach((node, n) => {
      if (model.attached) setAttribute(node, "aria-posinset", String(n + 1));
      else node.removeAttribute("aria-posinset");
      setAttribute(node, "aria-setsize", "-1");
    });
  };

  const isCurrent = (node, card) =>
    node.dataset.id === card.id &&
    node.dataset.n === String(card.group.n) &&
    node.review === reviewOf(card);

  /* Between the events in memory and those of the archive. */
  const divider = make("div", "seam num");

  const divide = (list, cards) => {
    const at = model.firstArchived();
    if (at < 0 || (at === 0 && model.newer)) return;
    const { [at]: first, [at - 1]: last } = cards;
    const time = words.day(last?.group.since ?? first.at);
    setText(divider, words.texts.feed.from_archive.replace("{time}", time));
    list.insertBefore(divider, list.children[at]);
  };

  /* Make the list show exactly these cards. A group keeps its node, what is right is not touched. */
  const sync = (list, cards, isFresh) => {
    const wanted = new Set(cards.map(model.keyOf));
    divider.remove();
    const isRight = (node) =>
      wanted.has(node.dataset.group) && node.lang === words.texts.language;
    [...list.children].filter((node) => !isRight(node)).forEach(release);
    cards.forEach((card, n) => {
      const there = list.children[n];
      if (there?.dataset.group === model.keyOf(card)) {
        if (!isCurrent(there, card)) fill(there, card);
        return;
      }
      const node = fill(spare.pop() || blank(), card);
      node.classList.toggle("fresh", isFresh(card));
      list.insertBefore(node, there || null);
    });
    number(list);
    divide(list, cards);
  };

  vigie.cards = { sync };
})();
