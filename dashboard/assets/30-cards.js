/* Cards and pictures. Nodes of cards that fall off the end are used again. */
(() => {
  "use strict";
  const { vigie } = window;
  const { make, words } = vigie;
  const SPARE = 48;
  const spare = [];

  /* An image and its heat map always cover the same rectangle, whatever the image's shape. */
  const makeShot = (shot) => {
    const frame = make("div", "frame");
    const photo = make("img", "photo");
    const heat = make("img", "heat");
    photo.decoding = "async";
    heat.decoding = "async";
    heat.alt = "";
    photo.addEventListener("load", () => {
      frame.style.setProperty("--ratio", String(photo.naturalWidth / photo.naturalHeight));
    });
    photo.addEventListener("error", () => shot.classList.add("missing"));
    heat.addEventListener("error", () => heat.classList.add("absent"));
    frame.append(photo, heat);
    shot.append(frame, make("span", "icon placeholder"));
    shot.parts = { photo, heat };
  };

  const setSource = (image, address) => {
    if (image.getAttribute("src") === address) return;
    image.classList.remove("absent");
    if (address) image.setAttribute("src", address);
    else image.removeAttribute("src");
  };

  const showShot = (shot, card, { large = false, heat = card.heat } = {}) => {
    if (!shot.parts) makeShot(shot);
    const { photo, heat: overlay } = shot.parts;
    const address = card.image ? `/media/${card.image}${large ? "" : ".small"}.jpg` : "";
    if (photo.getAttribute("src") !== address) shot.classList.toggle("missing", !address);
    photo.alt = address ? words.title(card) : "";
    setSource(photo, address);
    setSource(overlay, heat ? `/heat/${heat}.png` : "");
    overlay.hidden = !heat;
    shot.dataset.severity = card.severity;
  };

  const blank = () => {
    const node = make("article", "card");
    node.tabIndex = 0;
    const shot = make("div", "shot");
    const parts = {
      shot,
      confidence: make("span", "confidence num"),
      title: make("h2", "title"),
      tag: make("span", "tag"),
      time: make("time"),
      source: make("span", "source"),
      bar: make("div", "split"),
      trouble: make("p", "trouble"),
    };
    const body = make("div", "body");
    const meta = make("p", "meta num");
    meta.append(parts.tag, parts.time, parts.source);
    body.append(parts.title, meta, parts.bar, parts.trouble);
    node.append(shot, parts.confidence, body);
    node.parts = parts;
    return node;
  };

  const fillBar = (bar, card) => {
    while (bar.childElementCount < card.shares.length) bar.append(make("i"));
    [...bar.children].forEach((part, n) => {
      part.style.flexGrow = String(card.shares[n] ?? 0);
    });
    bar.hidden = !card.shares.length;
  };

  const fill = (node, card) => {
    const { parts } = node;
    const failed = card.severity === "failure";
    node.dataset.id = card.id;
    node.lang = words.texts.language;
    node.dataset.severity = card.severity;
    showShot(parts.shot, card);
    parts.confidence.textContent = failed ? "" : words.percent(card.p);
    parts.confidence.hidden = failed;
    parts.title.textContent = words.title(card);
    parts.tag.textContent = words.texts.severities[card.severity];
    parts.tag.className = `tag ${card.severity}`;
    parts.time.dateTime = new Date(card.at * 1000).toISOString();
    parts.time.title = words.moment(card.at);
    parts.time.textContent = words.time(card.at);
    parts.source.textContent = words.source(card);
    parts.source.title = words.source(card);
    parts.trouble.textContent = failed ? card.detail : "";
    parts.trouble.hidden = !failed;
    fillBar(parts.bar, card);
    const said = [parts.tag, parts.title, parts.confidence, parts.source, parts.time];
    node.setAttribute("aria-label", said.map((part) => part.textContent).join(", "));
    return node;
  };

  const release = (node) => {
    node.remove();
    node.classList.remove("fresh");
    node.removeAttribute("aria-current");
    if (spare.length < SPARE) spare.push(node);
  };

  /* Make the list show exactly these cards; nodes that are right stay untouched. */
  const sync = (list, cards, isFresh) => {
    const wanted = new Set(cards.map((card) => card.id));
    const isRight = (node) => wanted.has(node.dataset.id) && node.lang === words.texts.language;
    [...list.children].filter((node) => !isRight(node)).forEach(release);
    cards.forEach((card, n) => {
      if (list.children[n]?.dataset.id === card.id) return;
      const node = fill(spare.pop() || blank(), card);
      node.classList.toggle("fresh", isFresh(card));
      list.insertBefore(node, list.children[n] || null);
    });
  };

  vigie.cards = { sync, showShot };
})();
