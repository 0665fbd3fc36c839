/* The address of the feed: which events it shows (the filter) and where it stands (`at`). Spelt as
   the server spells it, so that a change made here is not a change once more when it answers. */
(() => {
  "use strict";
  const { vigie } = window;
  const KEYS = [
    ...["severity", "behaviour", "source", "reason", "confidence"],
    ...["last", "from", "to", "flat", "review", "at"],
  ];
  const SETTLED_MS = 50; /* by then Dash has written it, where it was not lost; nobody sees it */
  let search = "";
  /* What the address said before a person's last choices, until the page has drawn the last one. */
  const passed = new Set();

  const read = (text) => {
    const parts = text.replace(/^\?/, "").split("&").filter(Boolean);
    const query = parts.filter((part) => !part.startsWith("at=")).join("&");
    const at = Number(new URLSearchParams(text).get("at"));
    return { query: query && `?${query}`, at: Number.isSafeInteger(at) && at > 0 ? at : null };
  };

  /* Values by key; null or an empty list takes the key away. */
  const change = (values) => {
    const now = new URLSearchParams(search);
    const pairs = KEYS.flatMap((key) => {
      const wanted = key in values ? [values[key] ?? []].flat() : now.getAll(key);
      return wanted.map((value) => [key, String(value)]);
    });
    const text = new URLSearchParams(pairs).toString();
    const chosen = text && `?${text}`;
    if (chosen === search) return;
    passed.add(search).delete(chosen);
    search = chosen;
    vigie.setProps("filter-url", { search });
  };
  /* Dash writes the browser's address a moment after it is told one, and then tells itself what it
     wrote: a choice made in between is gone, and is made again. */
  const insist = () =>
    setTimeout(() => {
      const isLost = vigie.byId("feed") && location.search !== search;
      if (isLost) vigie.setProps("filter-url", { search });
    }, SETTLED_MS);
  const forget = () => passed.clear();
  addEventListener("popstate", forget);

  vigie.address = {
    read,
    change,
    forget,
    /* The page is drawn for this address. Where a person has chosen anew meanwhile, it is late: the
       keys pressed next would go on from where she was before. */
    use(text) {
      if (passed.has(text)) {
        insist();
        return false;
      }
      forget();
      search = text;
      return true;
    },
    get: (key) => new URLSearchParams(search).get(key),
    getAll: (key) => new URLSearchParams(search).getAll(key),
  };
})();
