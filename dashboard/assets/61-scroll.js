/* Far back and forth again without end: pages of /api/events join the window at its ends, and what
   a person looks at does not move meanwhile. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, model } = vigie;
  const NEAR = 1200; /* pixels from the end at which the next page is fetched: more than a screen */
  const HEADER = 64; /* pixels of the screen that the head of the page covers */
  const trouble = { older: false, newer: false };
  let busy = null; /* the era for which a page is under way */
  let landing = false; /* the feed stands at its moment for the first time */

  const list = () => byId("feed");
  const firstVisible = () =>
    vigie.feed.nodes().find((node) => node.getBoundingClientRect().bottom > HEADER);

  /* Whatever changes above it, the first card in sight stays where it is. */
  const steady = (change) => {
    const node = firstVisible();
    const key = node?.dataset.group;
    const before = node?.getBoundingClientRect().top;
    change();
    if (!node?.isConnected || node.dataset.group !== key) return;
    window.scrollBy({ top: node.getBoundingClientRect().top - before, behavior: "instant" });
  };

  const columns = () => getComputedStyle(list()).gridTemplateColumns.split(" ").length;

  const get = async (where) => {
    const asked = new URLSearchParams({ query: model.query });
    const reply = await fetch(`/api/events?${asked}&${where}`, { cache: "no-store" });
    if (!reply.ok) throw new Error(`the server answered ${reply.status}`);
    return reply.json();
  };

  /* One page at a time. Calls `put` with it unless the feed has become another one meanwhile. */
  const fetchPage = async (side, where, put) => {
    const { era } = model;
    busy = era;
    trouble[side] = false;
    try {
      const page = await get(where);
      if (era === model.era && list()) put(page);
    } catch {
      if (era === model.era) trouble[side] = true;
    } finally {
      if (busy === era) busy = null;
    }
    vigie.states.show();
  };

  const extend = async (side) => {
    const edge = model.edge(side);
    if (busy === model.era || !model.started || !model[side] || trouble[side]) return;
    if (edge === null) return;
    await fetchPage(side, edge, (page) => {
      if (edge !== model.edge(side)) return; /* new cards pushed the end away */
      model.extend(side, page, columns());
      steady(() => vigie.feed.draw());
    });
    /* What brought nothing and yet ends nothing is asked again when a person scrolls. */
    if (edge !== model.edge(side) || !model[side] || trouble[side]) fillSoon();
  };

  const land = () => {
    landing = false;
    vigie.feed.nodes()[0]?.classList.add("landed");
  };

  /* A window that stands back in time begins with the page that ends at its moment. */
  const begin = () => {
    if (busy === model.era) return;
    Object.assign(trouble, { older: false, newer: false });
    landing = model.at !== null;
    if (!landing) return;
    window.scrollTo({ top: 0 });
    fetchPage("older", `at=${model.at}`, (page) => {
      model.place(page);
      vigie.feed.draw();
      land();
    });
  };

  /* Both sides of what is in sight are there before a person comes to them. */
  const fill = () => {
    if (!list() || landing) return;
    const { top, bottom } = list().getBoundingClientRect();
    if (bottom < innerHeight + NEAR) extend("older");
    if (!model.attached && top > -NEAR) extend("newer");
  };

  let due = false;
  const fillSoon = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      fill();
    });
  };

  vigie.actions.retry = () => {
    const { newer } = trouble;
    Object.assign(trouble, { older: false, newer: false });
    if (model.started) extend(newer ? "newer" : "older");
    else begin();
    vigie.states.show();
  };

  /* The archive said why it gives nothing: perhaps that is over. */
  vigie.actions["archive-again"] = () => {
    Object.assign(model, { older: true, archive: "" });
    if (model.cards.length || model.at === null) extend("older");
    else vigie.feed.anew();
    vigie.states.show();
  };

  vigie.scroll = {
    begin,
    steady,
    extend,
    fillSoon,
    firstVisible,
    trouble,
  };
})();
