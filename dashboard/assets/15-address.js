/* The address of the feed: which events it shows (the filter) and where it stands (`at`). Spelt as
   the server spells it, so that a change made here is not a change once more when it answers. */
(() => {
  "use strict";
  const { vigie } = window;
  const KEYS = [
    ...["severity", "behaviour", "source", "reason", "confidence"],
    ...["last", "from", "to", "flat", "review", "at"],
  ];
  let search = "";

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
      const chosen = key in values ? [values[key] ?? []].flat() : now.getAll(key);
      return chosen.map((value) => [key, String(value)]);
    });
    const text = new URLSearchParams(pairs).toString();
    search = text && `?${text}`;
    vigie.setProps("filter-url", { search });
  };

  vigie.address = {
    read,
    change,
    use(text) {
      search = text;
    },
    get: (key) => new URLSearchParams(search).get(key),
    getAll: (key) => new URLSearchParams(search).getAll(key),
  };
})();
