/* The page of dead letters: what failed and why, a page at a time, newest first. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, make, setText, setHidden, words } = vigie;
  const SHOWN = ["source", "name", "size_bytes", "captured_at", "path", "image_sha256"];
  const ALWAYS = ["published_at", "source_place"];
  const fresh = () => ({
    reason: new URLSearchParams(location.search).get("reason") ?? "",
    letters: [],
    counts: {},
    unsent: 0 /* of this reason, not yet sent again */,
    older: false,
    isRead: false,
    isPaged: false,
    trouble: "",
  });
  let page = fresh();
  let total = null; /* how many the pulse last told of */
  let asked = 0;

  const isHere = () => Boolean(byId("dead-letters"));
  const texts = () => words.texts.letters;
  const title = (reason) => words.texts.reasons[reason] || reason;
  const count = () => Object.values(page.counts).reduce((sum, n) => sum + n, 0);

  /* One letter */

  const sizes = ["size_bytes", "bytes"];
  const times = ["captured_at", "published_at"];
  const value = (name, fact) => {
    if (sizes.includes(name)) return words.size(fact);
    if (times.includes(name)) return words.moment(fact);
    return String(fact);
  };

  const makeFacts = (letter) => {
    const facts = make("dl", "letter-facts");
    const known = { ...letter, ...letter.reference };
    const names = letter.reference ? [...SHOWN, ...ALWAYS] : ["bytes", ...ALWAYS];
    names.forEach((name) => {
      if (known[name] === null || known[name] === "") return;
      const shown = value(name, known[name]);
      const row = make("div");
      row.append(make("dt", "", texts().facts[name]), make("dd", "num", shown));
      row.lastChild.title = shown;
      facts.append(row);
    });
    return facts;
  };

  const makeHead = (letter) => {
    const text = letter.head ? texts().not_reference : texts().no_bytes;
    const box = make("p", "letter-head dim small", text);
    if (letter.head) box.append(" ", make("code", "", letter.head));
    return box;
  };

  const button = (name, letter, text, style = "button") => {
    const node = make("button", style, text);
    Object.assign(node, { type: "button" });
    Object.assign(node.dataset, { action: name, letter: letter.id });
    node.setAttribute("aria-describedby", `letter-${letter.id}`);
    return node;
  };

  const makeFoot = (letter) => {
    const foot = make("div", "letter-foot");
    if (letter.replayed !== null) {
      const time = words.time(letter.replayed);
      foot.append(make("span", "letter-sent", texts().replayed.replace("{time}", time)));
    }
    if (letter.stored === false) foot.append(make("span", "letter-missing", texts().missing));
    foot.append(make("span", "grow"));
    foot.append(button("letter-event", letter, texts().event));
    const again = letter.replayed === null ? texts().replay : texts().replay_again;
    foot.append(button("replay-one", letter, again));
    return foot;
  };

  const makeLetter = (letter) => {
    const node = make("li", "letter");
    node.dataset.id = letter.id;
    const head = make("div", "letter-title");
    const heading = make("h2", "", title(letter.reason));
    heading.id = `letter-${letter.id}`;
    head.append(make("span", "icon icon-mail-x"), heading);
    head.append(make("time", "dim num", words.time(letter.at)));
    node.append(head, make("p", "letter-detail", letter.detail));
    if (!letter.reference) node.append(makeHead(letter));
    node.append(makeFacts(letter), makeFoot(letter));
    return node;
  };

  /* The page */

  const makeReason = (reason, name, n) => {
    const chip = make("button", "button letters-reason", name);
    Object.assign(chip, { type: "button" });
    Object.assign(chip.dataset, { action: "letters-reason", reason });
    chip.setAttribute("aria-pressed", String(reason === page.reason));
    chip.append(make("span", "letters-count num", words.number(n)));
    return chip;
  };

  const showReasons = () => {
    const counts = { ...page.counts };
    if (page.reason) counts[page.reason] ??= 0; /* chosen in the address, and there is none */
    const chips = Object.entries(counts).map(([reason, n]) => makeReason(reason, title(reason), n));
    const host = byId("letters-reasons");
    const focused = document.activeElement?.dataset?.reason;
    host.replaceChildren(makeReason("", texts().all, count()), ...chips);
    if (focused !== undefined) host.querySelector(`[data-reason="${CSS.escape(focused)}"]`)?.focus();
    setHidden(byId("letters-toolbar"), !page.isRead || (!count() && !page.reason));
    const n = page.reason ? page.unsent : 0;
    setHidden(byId("letters-replay-all"), !n);
    setText(byId("letters-replay-all-text"), words.count(texts().replay_all, n));
  };

  /* A letter that did not change keeps its node, and with it the focus. */
  let drawn = new Map();
  const showList = () => {
    const nodes = page.letters.map((letter) => {
      const key = JSON.stringify([words.texts.language, letter]);
      return [key, drawn.get(key) ?? makeLetter(letter)];
    });
    drawn = new Map(nodes);
    const focused = document.activeElement?.dataset;
    const wanted = focused?.letter && [focused.action, focused.letter];
    byId("letters").replaceChildren(...drawn.values());
    if (wanted) {
      const [action, id] = wanted.map(CSS.escape);
      byId("letters").querySelector(`[data-action="${action}"][data-letter="${id}"]`)?.focus();
    }
  };

  const newCount = () => (total === null || !page.isRead ? 0 : Math.max(0, total - count()));

  const show = () => {
    if (!isHere() || !words.texts) return;
    showReasons();
    showList();
    setHidden(byId("letters-loading"), page.isRead || Boolean(page.trouble));
    setHidden(byId("letters-empty"), !page.isRead || count() > 0 || Boolean(page.trouble));
    setHidden(byId("letters-older"), !page.older);
    setHidden(byId("letters-trouble"), !page.trouble);
    setText(byId("letters-trouble-text"), page.trouble);
    showNew();
  };

  const showNew = () => {
    setHidden(byId("letters-new"), !newCount());
    setText(byId("letters-new"), words.count(texts().new, newCount()));
  };

  /* Asking */

  const ask = async (before) => {
    const turn = (asked += 1);
    const query = new URLSearchParams({ reason: page.reason, before });
    const { answer, trouble } = await vigie.ask(`/api/dead-letters?${query}`);
    if (turn !== asked || !isHere()) return; /* another question was asked meanwhile */
    if (trouble) {
      page.trouble = trouble;
    } else {
      const letters = [...(before ? page.letters : []), ...answer.letters];
      const state = { isPaged: Boolean(before), isRead: true, trouble: "" };
      page = { ...page, ...answer, ...state, letters };
    }
    show();
  };

  const look = (reason) => {
    const address = new URL(location.href);
    address.search = reason ? new URLSearchParams({ reason }) : "";
    history.replaceState(history.state, "", address);
    page = { ...fresh(), counts: page.counts };
    ask("");
    show();
  };

  Object.assign(vigie.actions, {
    "letters-reason": (chip) => look(chip.dataset.reason),
    "letters-older": () => ask(page.letters.at(-1)?.order ?? ""),
    "letters-again": () => ask(""),
    "letters-newest"() {
      ask("");
      byId("letters-reasons").querySelector("[aria-pressed=true]")?.focus();
    },
  });

  vigie.letters = {
    /* The page was drawn, or its language changed. */
    refresh() {
      if (!isHere()) return;
      if (!byId("letters").childElementCount && !page.trouble) {
        page = fresh();
        ask("");
      }
      show();
    },
    /* New ones come by themselves unless a person reads further down. */
    take(pulse) {
      const now = pulse.operations?.dead_letters ?? null;
      const isBack = total === null && now !== null;
      total = now;
      if (!isHere() || !words.texts || now === null) return;
      if ((page.trouble && isBack) || (newCount() && !page.isPaged && scrollY < 80)) ask("");
      else showNew();
    },
    again: () => ask(""),
    find: (id) => page.letters.find((letter) => letter.id === id),
    reason: () => ({ word: page.reason, title: title(page.reason), n: page.unsent }),
  };
})();
