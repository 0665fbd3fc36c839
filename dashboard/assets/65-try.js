/* Pictures that a person gives to the page: sent one after the other, so that they are judged in
   the order given, and followed to their verdict. The list lives as long as the tab. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, make, setText, setHidden, words, summary } = vigie;
  const KEPT = 24;
  const STORE = "vigie-uploads";
  const ASK_MS = 400;
  const ASK_SLOWLY_MS = 2000;
  const PATIENT_MS = 4000; /* the worker takes a tenth of this: longer means that none runs */
  const ASKED_AT_ONCE = 4; /* verdicts come in the order of the pictures: the oldest first */
  const BUSY_MS = 1000;
  const SAID = 8;
  const AGAIN = new Set(["publish_failed", "busy", "too_slow", "network", "broken_off"]);
  let attempts = []; /* newest first: {name, state, file?, preview?, share?, reference?, card?} */
  let sending = false;

  const isFinished = ({ state }) => state === "done" || state === "refused";
  const said = () => words.texts.upload;
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  /* For screen readers; several verdicts may come at once, and none may hide another. */
  const announce = (attempt, text) => {
    const log = byId("try-said");
    log?.append(make("p", "", `${attempt.name}: ${text}`));
    if (log?.childElementCount > SAID) log.firstChild.remove();
  };

  const remember = () => {
    const sent = attempts.filter((one) => one.reference);
    const kept = sent.map(({ name, reference }) => ({ name, reference }));
    sessionStorage.setItem(STORE, JSON.stringify(kept.slice(0, KEPT)));
  };

  const recall = () => {
    try {
      const kept = JSON.parse(sessionStorage.getItem(STORE)) ?? [];
      attempts = kept.map(({ name, reference }) => ({ name, reference, state: "waiting", since: 0 }));
    } catch {
      attempts = [];
    }
  };

  /* One row. */
  const blank = (attempt) => {
    const row = make("li", "attempt");
    const parts = {
      shot: make("div", "shot"),
      name: make("span", "attempt-name"),
      title: make("strong"),
      tag: make("span", "tag"),
      text: make("p", "attempt-text"),
      progress: make("progress"),
      link: make("a", "button quiet"),
      again: make("button", "button quiet"),
    };
    parts.progress.max = 1;
    parts.again.type = "button";
    parts.again.addEventListener("click", () => sendAgain(attempt));
    const body = make("div", "attempt-body");
    const head = make("p", "attempt-head");
    head.append(parts.title, parts.tag);
    body.append(head, parts.text, parts.progress, parts.name);
    row.append(parts.shot, body, parts.link, parts.again);
    row.parts = parts;
    return row;
  };

  /* Until there is a verdict the browser's own picture of the file, where it can draw it. */
  const makePreview = (shot, address) => {
    const preview = make("img", "preview");
    preview.alt = "";
    preview.addEventListener("error", () => {
      preview.remove();
      shot.classList.add("missing");
    });
    if (address) preview.src = address;
    shot.append(make("span", "icon placeholder"), preview);
  };

  const showPicture = ({ parts: { shot } }, attempt) => {
    if (attempt.card && !shot.parts) {
      shot.replaceChildren();
      shot.classList.remove("missing");
    }
    if (attempt.card) vigie.showShot(shot, attempt.card);
    else if (!shot.firstChild) makePreview(shot, attempt.preview);
  };

  const waitingText = (attempt) => {
    if (summary.pulse()?.state === "down") return said().down;
    return performance.now() - attempt.since > PATIENT_MS ? said().slow : said().sent;
  };

  const refusal = (attempt) => {
    const text = said().refused[attempt.code] ?? attempt.error;
    return text.replace("{limit}", byId("try")?.dataset.limit ?? "");
  };

  const stateText = (attempt) => {
    if (attempt.state === "refused") return refusal(attempt);
    if (attempt.state === "waiting") return waitingText(attempt);
    return attempt.state === "done" ? (attempt.card.detail ?? "") : said()[attempt.state];
  };

  const draw = (attempt) => {
    const { card, state } = attempt;
    const row = (attempt.row ??= blank(attempt));
    const { parts } = row;
    row.dataset.state = state;
    const share = card && card.severity !== "failure" ? ` · ${words.percent(card.p)}` : "";
    setText(parts.title, card ? words.title(card) + share : "");
    if (state === "refused") setText(parts.title, said().not_sent);
    setText(parts.tag, card ? words.texts.severities[card.severity] : "");
    parts.tag.className = `tag ${card?.severity ?? ""}`;
    setHidden(parts.tag, !card);
    setText(parts.text, stateText(attempt));
    setHidden(parts.text, !stateText(attempt));
    setText(parts.name, attempt.name);
    setHidden(parts.progress, state !== "sending");
    parts.progress.value = attempt.share ?? 0;
    parts.progress.setAttribute("aria-label", `${said().sending} ${attempt.name}`);
    setHidden(parts.link, !card);
    setText(parts.link, said().verdict);
    if (card) parts.link.href = `/?source=upload#event-${card.id}`;
    setHidden(parts.again, !(state === "refused" && attempt.file && AGAIN.has(attempt.code)));
    setText(parts.again, said().again);
    showPicture(row, attempt);
  };

  const drawAll = () => {
    const list = byId("try-list");
    if (!list || !words.texts) return;
    attempts.forEach(draw);
    const rows = attempts.map((attempt) => attempt.row);
    if (rows.some((row, n) => list.children[n] !== row) || list.childElementCount > rows.length) {
      list.replaceChildren(...rows);
    }
    setHidden(byId("try-forget"), !attempts.some(isFinished));
  };

  const turn = (attempt, state, facts = {}) => {
    Object.assign(attempt, { state, since: performance.now() }, facts);
    remember();
    drawAll();
    if (state === "refused") announce(attempt, refusal(attempt));
    if (state === "waiting") announce(attempt, said().sent);
    if (state === "done") announce(attempt, attempt.row.parts.title.textContent);
  };

  /* Sending: XMLHttpRequest, because fetch does not tell how much has gone. */
  const limitBytes = () => Number(byId("try")?.dataset.maxBytes || Infinity);

  const post = (attempt) =>
    new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open("POST", `/api/upload?name=${encodeURIComponent(attempt.name)}`);
      request.responseType = "json";
      request.upload.addEventListener("progress", ({ loaded, total }) => {
        attempt.share = total ? loaded / total : 0;
        drawAll();
      });
      request.addEventListener("loadend", () => resolve(request));
      request.send(attempt.file);
    });

  const send = async (attempt) => {
    if (attempt.file.size > limitBytes()) {
      turn(attempt, "refused", { code: "too_large" });
      return;
    }
    turn(attempt, "sending", { share: 0 });
    let reply = await post(attempt);
    for (let n = 0; reply.status === 429 && n < 20; n += 1) {
      await wait(BUSY_MS);
      reply = await post(attempt);
    }
    const { reference_id: reference, code, error } = reply.response ?? {};
    if (reply.status === 201) turn(attempt, "waiting", { reference });
    else turn(attempt, "refused", { code: code ?? "network", error: error ?? "" });
  };

  const work = async () => {
    if (sending || !words.texts) return;
    sending = true;
    for (let next = 1; next; ) {
      next = attempts.findLast((attempt) => attempt.state === "queued");
      if (next) await send(next);
    }
    sending = false;
  };

  const sendAgain = (attempt) => {
    turn(attempt, "queued");
    work();
  };

  const letGo = (attempt) => {
    if (attempt.preview) URL.revokeObjectURL(attempt.preview);
  };

  const add = (files) => {
    [...files].forEach((file) => {
      const preview = URL.createObjectURL(file);
      attempts.unshift({ file, preview, name: file.name || said().pasted, state: "queued" });
    });
    attempts.filter((one, n) => n >= KEPT && isFinished(one)).forEach(letGo);
    attempts = attempts.filter((one, n) => n < KEPT || !isFinished(one));
    drawAll();
    work();
  };

  /* Following: the event that answers the reference, asked for until it is there. */
  const ask = async (attempt) => {
    const reply = await fetch(`/api/references/${attempt.reference}`, { cache: "no-store" });
    const { card } = reply.ok ? await reply.json() : {};
    if (!card) return;
    letGo(attempt);
    turn(attempt, "done", { card, file: null, preview: null });
  };

  const follow = async () => {
    const waiting = attempts.filter((attempt) => attempt.state === "waiting");
    if (words.texts && !document.hidden) {
      await Promise.all(waiting.slice(-ASKED_AT_ONCE).map(ask)).catch(() => null);
      drawAll();
    }
    const isSlow = waiting.every((one) => performance.now() - one.since > PATIENT_MS);
    setTimeout(follow, isSlow && waiting.length ? ASK_SLOWLY_MS : ASK_MS);
  };

  Object.assign(vigie.actions, {
    choose() {
      const input = make("input");
      Object.assign(input, { type: "file", multiple: true, accept: "image/*" });
      input.addEventListener("change", () => add(input.files));
      input.click();
    },
    forget() {
      attempts.filter(isFinished).forEach(letGo);
      attempts = attempts.filter((attempt) => !isFinished(attempt));
      remember();
      drawAll();
      document.querySelector("[data-action=choose]")?.focus();
    },
  });

  recall();
  follow();
  vigie.uploads = { add, refresh: drawAll };
})();
