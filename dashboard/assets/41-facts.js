/* The facts of one event in groups; long ones short until they are wanted, each with its copy. */
(() => {
  "use strict";
  const { vigie } = window;
  const { make, words } = vigie;
  const DURATIONS = new Set(["latency_ms", "read_ms", "decode_ms", "inference_ms"]);
  const MOMENTS = new Set(["at", "published_at", "captured_at"]);
  const LONG = new Set(["image_sha256", "model_sha256", "reference_id", "event_id"]);

  const say = (key, value) => {
    if (DURATIONS.has(key)) return words.milliseconds(value);
    if (MOMENTS.has(key)) return words.moment(value);
    if (key === "size_bytes") return words.size(value);
    return String(value);
  };

  /* Without a clipboard (a page that came over plain http from another machine) the text is left
     selected, for the person to copy. */
  const copyText = async (text, node, instead) => {
    try {
      await navigator.clipboard.writeText(text);
      vigie.notice(words.texts.copied);
    } catch {
      if (node) getSelection().selectAllChildren(node);
      vigie.notice(instead);
    }
  };

  const makeCopy = (text, name, node) => {
    const { copy_of: label, text_instead: instead } = words.texts.detail;
    const button = make("button", "round small");
    button.type = "button";
    button.setAttribute("aria-label", label.replace("{name}", () => name));
    button.title = button.getAttribute("aria-label");
    const drawn = make("span", "icon icon-copy");
    drawn.setAttribute("aria-hidden", "true");
    button.append(drawn);
    button.addEventListener("click", () => copyText(text, node, instead));
    return button;
  };

  const makeValue = (key, name, value) => {
    const text = say(key, value);
    const box = make("dd", "num");
    if (!LONG.has(key)) {
      box.textContent = text;
      return box;
    }
    box.className = "long";
    const code = make("code", "", text);
    box.append(code, makeCopy(text, name, code));
    return box;
  };

  const makeGroup = ([title, names], facts) => {
    const known = Object.entries(names).filter(([key]) => (facts[key] ?? "") !== "");
    if (!known.length) return null;
    const list = make("dl");
    known.forEach(([key, name]) => {
      list.append(make("dt", "", name), makeValue(key, name, facts[key]));
    });
    const group = make("section");
    group.append(make("h3", "", title), list);
    return group;
  };

  /* Sections, one per group of facts that has any. */
  const makeFacts = (facts) =>
    words.texts.detail.facts.map((group) => makeGroup(group, facts)).filter(Boolean);

  vigie.facts = { makeFacts, copyText };
})();
