/* The feed: puts new cards on top, pauses and resumes, selects. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, setProps, model, address, words, cards, detail, summary } = vigie;
  const CALM = 6; /* more new cards at once than these appear without motion */
  const FOLLOW_MS = 1000; /* how often the pane may jump to another infraction by itself */
  const TOP = 420; /* scrolled further than the tabs and half a card, a person reads */
  let selected = null; /* id of the event a person chose */
  let followed = { id: null, at: 0 };
  let isDown = false; /* kept, for to ask after each change would lay the page out at once */

  const list = () => byId("feed");
  const nodes = () => [...(list()?.querySelectorAll(".card") ?? [])];
  const nodeOf = (id) => nodes().find(({ dataset }) => dataset.id === id || dataset.group === id);

  const follow = () => {
    if (selected || !model.attached || detail.drawer.isNeeded()) return;
    if (byId("inspector").matches(":hover, :focus-within")) return; /* a person is about to act */
    const card = model.cards.find((one) => one.severity === "infraction") || model.cards[0];
    const now = performance.now();
    if (!card || card.id === followed.id || now - followed.at < FOLLOW_MS) return;
    followed = { id: card.id, at: now };
    detail.show(card, false);
  };

  const mark = () => {
    list()?.querySelector("[aria-current]")?.removeAttribute("aria-current");
    nodeOf(selected)?.setAttribute("aria-current", "true");
  };

  const draw = (fresh = []) => {
    if (!list() || !words.texts) return;
    const keys = new Set(fresh.length <= CALM ? fresh : []);
    const put = () => cards.sync(list(), model.cards, (card) => keys.has(model.keyOf(card)));
    if (isDown) vigie.scroll.steady(put);
    else put();
    pause("history", !model.attached);
    mark();
    vigie.states.show();
    vigie.scroll.fillSoon();
    follow();
  };

  /* A pause has reasons: a person, a selection, an open drawer, a page scrolled down, a feed that
     stands in the past. It ends with the last of them. */
  const reasons = new Set();
  const pause = (reason, on) => {
    if (on) reasons.add(reason);
    else reasons.delete(reason);
    if (model.paused === reasons.size > 0) return;
    model.paused = reasons.size > 0;
    setProps("paused", { data: model.paused });
    summary.showCondition();
  };

  /* From the past to the newest: begun anew, so that nothing between is missing. */
  const rejoin = () => {
    model.restart();
    pause("history", false);
    setProps("page", { data: model.standing() });
  };

  const resume = () => {
    if (byId("standing")?.contains(document.activeElement)) byId("main").focus();
    window.scrollTo({ top: 0 });
    isDown = false; /* at once: cards drawn before the scroll event must not hold the old place */
    select(null);
    if (model.at !== null) address.change({ at: null });
    else if (!model.attached) rejoin();
    [...reasons].forEach((reason) => pause(reason, reason === "history" && !model.attached));
    vigie.states.show();
  };

  const choose = (id) => {
    selected = id;
    vigie.left.tidy();
    pause("selection", Boolean(id));
    const hash = id ? `#event-${id}` : "";
    history.replaceState(history.state, "", location.pathname + location.search + hash);
    mark();
  };

  const select = (id) => {
    const before = nodeOf(selected);
    choose(id);
    if (!id) {
      const wasOpen = detail.drawer.isOpen();
      detail.drawer.set(false);
      if (wasOpen) before?.focus({ preventScroll: true });
      followed = { id: null, at: 0 };
      if (!model.cards.length) detail.forget();
      follow();
      return;
    }
    const node = nodeOf(id);
    node?.focus({ preventScroll: true });
    node?.scrollIntoView({ block: "nearest" });
    const card = model.find(id);
    if (card) detail.show(card, true);
  };

  const open = (id) => {
    select(id);
    if (detail.drawer.isNeeded()) detail.drawer.set(true);
    else byId("inspector").focus({ preventScroll: true });
  };

  /* The event that the pane follows is chosen as it is. */
  const hold = (id) => {
    choose(id);
    detail.hold();
  };

  /* What is shown is no longer right, beyond what can be told. */
  const anew = () => {
    model.restart();
    if (model.attached) setProps("page", { data: model.standing() });
    else vigie.scroll.begin();
  };

  /* The address may name an event: a link from a colleague. */
  const openFromAddress = async () => {
    const id = /^#event-(a?\d+-\d+)$/.exec(location.hash)?.[1];
    if (!id) return;
    choose(id);
    if (detail.drawer.isNeeded()) detail.drawer.set(true);
    await detail.showById(id);
  };
  addEventListener("hashchange", () => list() && openFromAddress());

  const scrolled = () => {
    if (!list()) return;
    isDown = scrollY > TOP;
    pause("scroll", isDown);
    /* Back at the top of what began live: it is live again. */
    if (!model.attached && model.at === null && !model.newer && !isDown) rejoin();
    vigie.states.show();
    vigie.scroll.fillSoon();
  };
  addEventListener("scroll", scrolled, { passive: true });
  addEventListener("resize", () => list() && vigie.scroll.fillSoon());

  Object.assign(vigie.actions, {
    pause: () => (model.paused ? resume() : pause("person", true)),
    resume,
    close: () => select(null),
  });

  const leave = () => {
    ["scroll", "drawer", "selection", "history"].forEach((reason) => reasons.delete(reason));
    selected = null;
    address.forget();
    model.paused = reasons.size > 0;
    if (!model.attached && model.at === null) model.restart();
  };

  const lookAt = (search) => {
    if (!address.use(search)) return;
    const { query, at } = address.read(search);
    if (!model.look(query, at)) {
      if (at !== null && !model.started && !vigie.scroll.trouble.older) vigie.scroll.begin();
      return;
    }
    cards.sync(list(), [], () => false);
    /* A new look begins at the top. Emptying the list is not enough: where the next cards are drawn
       before the page was laid out without any, it stays where it was, and paused. */
    window.scrollTo({ top: 0 });
    isDown = false;
    pause("scroll", false);
    if (selected) select(null);
    detail.forget();
    vigie.scroll.begin();
  };

  let linkRead = false;
  vigie.feed = {
    isDown: () => isDown,
    select,
    open,
    hold,
    anew,
    nodes,
    draw,
    selected: () => selected,
    take(batch) {
      const fresh = model.absorb(batch);
      if (fresh === null) return false;
      draw(fresh);
      return true;
    },
    /* The page was drawn (first, in another language, or back from another page) or its address
       changed: show what is known, and let go of what no longer holds. */
    refresh(search) {
      if (!list()) {
        leave();
        return;
      }
      lookAt(search);
      followed = { id: null, at: 0 };
      vigie.filters.show();
      vigie.left.refresh();
      draw();
      if (selected) detail.redraw();
      if (linkRead) return;
      linkRead = true;
      openFromAddress();
    },
    showStates: () => vigie.states.show(),
  };
})();
