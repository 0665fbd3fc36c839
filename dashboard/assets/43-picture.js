/* The one digestible picture of an event: image, heat map, verdict, confidence, time, camera, event
   and model on one sheet, drawn here, so that nothing leaves the machine to make it. A failure has
   a sheet too: its reason and its sentence. */
(() => {
  "use strict";
  const { vigie } = window;
  const { words } = vigie;
  const WIDTH = 1600; /* made for 1200: shown smaller than drawn, text stays sharp */
  const EDGE = 48;
  const GAP = 24;
  const PANEL = { width: (WIDTH - 2 * EDGE - GAP) / 2, height: 555 };
  const INK = "#15171c";
  const DIM = "#5a606c";
  const GROUND = "#eeeef1";
  const TONES = {
    infraction: ["#fdecea", "#c4261d"],
    check: ["#fdf1da", "#8a5300"],
    normal: ["#e5f4ea", "#1f6b42"],
    failure: ["#e9eaef", "#4b5160"],
  };

  const font = (weight, size) => `${weight} ${size}px Inter, system-ui, sans-serif`;

  const opacity = () => Number(document.documentElement.style.getPropertyValue("--heat"));

  const load = async (address) => {
    if (!address) return null;
    const image = new Image();
    image.src = address;
    try {
      await image.decode();
      return image;
    } catch {
      return null; /* not in the store any more: the sheet says so */
    }
  };

  /* Lines no wider than `width`; a word that alone is wider is cut, and so is what does not fit. */
  const wrap = (pen, text, width, most) => {
    const fits = (line) => pen.measureText(line).width <= width;
    const lines = [""];
    text.split(/\s+/).forEach((word) => {
      const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
      if (fits(longer) || !lines.at(-1)) lines[lines.length - 1] = longer;
      else lines.push(word);
    });
    const kept = lines.slice(0, most);
    if (lines.length > most) kept[most - 1] += " …";
    return kept.map((line) => {
      let cut = line;
      while (cut.length > 1 && !fits(cut)) cut = `${cut.slice(0, -2).trimEnd()}…`;
      return cut;
    });
  };

  const write = (pen, text, x, y, { weight = 400, size = 24, tone = INK, align = "left" } = {}) => {
    Object.assign(pen, { font: font(weight, size), fillStyle: tone, textAlign: align });
    pen.fillText(text, x, y);
    return pen.measureText(text).width;
  };

  const block = (pen, x, y, width, height, tone, radius = 14) => {
    pen.fillStyle = tone;
    pen.beginPath();
    pen.roundRect(x, y, width, height, radius);
    pen.fill();
  };

  /* Images over each other, in one panel, in their own shape. */
  const drawInto = (pen, images, x, y) => {
    const [photo] = images;
    const { width, height } = PANEL;
    const scale = Math.min(width / photo.naturalWidth, height / photo.naturalHeight);
    const [w, h] = [photo.naturalWidth * scale, photo.naturalHeight * scale];
    const [left, top] = [x + (width - w) / 2, y + (height - h) / 2];
    pen.save();
    pen.beginPath();
    pen.roundRect(left, top, w, h, 14);
    pen.clip();
    images.forEach((image, n) => {
      pen.globalAlpha = n === 0 ? 1 : opacity();
      pen.drawImage(image, left, top, w, h);
    });
    pen.restore();
  };

  const drawReason = (pen, card) => {
    const { detail } = words.texts;
    const why = card.detail || (card.image ? detail.image_gone : detail.no_image);
    block(pen, EDGE, EDGE, WIDTH - 2 * EDGE, PANEL.height, GROUND);
    pen.font = font(400, 30);
    const lines = wrap(pen, why, WIDTH - 2 * EDGE - 240, 6);
    const top = EDGE + PANEL.height / 2 - (lines.length - 1) * 22 + 10;
    lines.forEach((line, n) =>
      write(pen, line, WIDTH / 2, top + n * 44, { size: 30, tone: DIM, align: "center" }),
    );
  };

  const drawPanels = (pen, subject, photo, heat) => {
    if (!photo) {
      drawReason(pen, subject.card);
      return;
    }
    /* As shown: with the heat map off, the image stands alone. */
    const panels = heat && opacity() > 0 ? [[photo], [photo, heat]] : [[photo]];
    const first = panels.length === 2 ? EDGE : (WIDTH - PANEL.width) / 2;
    panels.forEach((images, n) => {
      const x = first + n * (PANEL.width + GAP);
      block(pen, x, EDGE, PANEL.width, PANEL.height, GROUND);
      drawInto(pen, images, x, EDGE);
    });
  };

  const drawVerdict = (pen, { card }) => {
    const y = EDGE + PANEL.height + 78;
    const [ground, ink] = TONES[card.severity];
    const tag = words.texts.severities[card.severity];
    const share =
      card.severity === "failure"
        ? ""
        : words.texts.detail.picture.confidence.replace("{p}", words.percent(card.p));
    const right = share
      ? write(pen, share, WIDTH - EDGE, y, { weight: 600, size: 38, tone: ink, align: "right" })
      : 0;
    pen.font = font(600, 24);
    const width = pen.measureText(tag).width + 36;
    pen.font = font(680, 46);
    const room = WIDTH - 2 * EDGE - right - width - 72;
    const [title] = wrap(pen, words.title(card), room, 1);
    const after = EDGE + write(pen, title, EDGE, y, { weight: 680, size: 46 }) + 22;
    block(pen, after, y - 36, width, 44, ground, 10);
    write(pen, tag, after + 18, y - 6, { weight: 600, size: 24, tone: ink });
  };

  const drawFacts = (pen, { card, facts, sentence, mapName }) => {
    const { picture } = words.texts.detail;
    let y = EDGE + PANEL.height + 132;
    pen.font = font(400, 27);
    const lines = wrap(pen, sentence, WIDTH - 2 * EDGE, 2).filter(Boolean);
    lines.forEach((line, n) => write(pen, line, EDGE, y + n * 38, { size: 27 }));
    y += lines.length * 38;
    const said = [
      [words.moment(card.at), words.source(card), facts.model_version && picture.model],
      [picture.event.replace("{id}", () => facts.event_id || card.id)],
    ];
    said[0][2] = said[0][2]?.replace("{version}", () => facts.model_version);
    y += 16;
    said.forEach((parts) => {
      pen.font = font(450, 24);
      const [line] = wrap(pen, parts.filter(Boolean).join("  ·  "), WIDTH - 2 * EDGE - 200, 1);
      write(pen, line, EDGE, y, { size: 24, weight: 450, tone: DIM });
      y += 36;
    });
    return y - 36;
  };

  const drawMark = (pen, logo, y) => {
    const width = write(pen, "Vigie", WIDTH - EDGE, y, { weight: 700, size: 30, align: "right" });
    if (logo) pen.drawImage(logo, WIDTH - EDGE - width - 54, y - 32, 42, 42);
  };

  const sheet = (height) => {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: WIDTH, height });
    const pen = canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, WIDTH, height);
    return [canvas, pen];
  };

  const drawAll = (height, subject, photo, heat, logo) => {
    const [canvas, pen] = sheet(height);
    drawPanels(pen, subject, photo, heat);
    drawVerdict(pen, subject);
    const end = drawFacts(pen, subject);
    drawMark(pen, logo, end);
    return [canvas, Math.round(end + EDGE)];
  };

  /* Subject: {card, facts, heat: name of the shown map, sentence}. Gives a PNG. */
  const make = async (subject) => {
    const faces = [400, 600, 680].map((weight) => document.fonts.load(font(weight, 24)));
    const { card, heat } = subject;
    const [photo, map, logo] = await Promise.all([
      load(card.image && `/media/${card.image}.jpg`),
      load(heat && `/heat/${heat}.png`),
      load("/assets/logo.svg"),
      ...faces,
    ]);
    /* Drawn once to learn its height, which the words decide. */
    const [, height] = drawAll(1000, subject, photo, map, logo);
    const [canvas] = drawAll(height, subject, photo, map, logo);
    const blob = await new Promise((resolve) => {
      canvas.toBlob(resolve, "image/png");
    });
    if (!blob) throw new Error("the browser drew no picture");
    return blob;
  };

  /* Made of our own words: a file's name from outside never becomes one here. */
  const fileName = (card) => {
    const plain = (text) =>
      text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 40);
    const date = new Date(card.at * 1000);
    const two = (n) => String(n).padStart(2, "0");
    const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
    const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join("");
    const what = plain(card.label || card.reason) || card.severity;
    return `vigie-${day}-${time}-${what}-${plain(card.id)}.png`;
  };

  vigie.picture = { make, fileName };
})();
