/* The feed: puts new cards on top, pauses and resumes, selects, and says when there is nothing. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, setText, setHidden, setProps, model, words, cards, detail, summary } = vigie;
  const CALM = 6; /* more new cards at once than these appear without motion */
  const FOLLOW_MS = 1000; /* how often the pane may jump to another infraction by itself */
  let selected = null; /* id of the card a person chose */
  let followed = { id: null, at: 0 };

  const list = () => byId("feed");
  const nodeOf = (id) => [...(list()?.children ?? [])].find((node) => node.dataset.id === id);

  const showStates = () => {
    const feed = list();
    if (!feed) return;
    const pulse = summary.pulse();
    const empty = model.started && model.cards.length === 0;
    const first = empty && pulse !== null && pulse.events === 0;
    feed.setAttribute("aria-busy", String(!model.started));
    setHidden(byId("feed-loading"), model.started);
    setHidden(byId("feed-first"), !first);
    setHidden(byId("feed-nothing"), !empty || first);
    setHidden(byId("feed-end"), !model.isFull());
    const read = pulse && !model.started ? words.count(words.texts.events, pulse.events) : "";
    setText(byId("loading-text"), read);
    const waits = model.paused && model.waiting > 0;
    setHidden(byId("waiting"), !waits);
    if (waits) setText(byId("waiting-text"), words.count(words.texts.waiting, model.waiting));
  };

  const follow = () => {
    if (selected || detail.drawer.isNeeded()) return;
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
    const ids = new Set(fresh.length <= CALM ? fresh.map((card) => card.id) : []);
    cards.sync(list(), model.cards, (card) => ids.has(card.id));
    mark();
    showStates();
    follow();
  };

  /* A pause has reasons: a person, a selection, an open drawer, a page scrolled down. It ends with
     the last of them. */
  const reasons = new Set();
  const pause = (reason, on) => {
    if (on) reasons.add(reason);
    else reasons.delete(reason);
    if (model.paused === reasons.size > 0) return;
    model.paused = reasons.size > 0;
    setProps("paused", { data: model.paused });
    summary.showCondition();
  };
  const resume = () => {
    window.scrollTo({ top: 0 });
    select(null);
    [...reasons].forEach((reason) => pause(reason, false));
  };

  const choose = (id) => {
    selected = id;
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

  /* The address may name an event: a link from a colleague. */
  const openFromAddress = async () => {
    const id = /^#event-(\d+-\d+)$/.exec(location.hash)?.[1];
    if (!id) return;
    choose(id);
    if (detail.drawer.isNeeded()) detail.drawer.set(true);
    await detail.showById(id);
  };

  addEventListener(
    "scroll",
    () => {
      if (list()) pause("scroll", window.scrollY > 420);
    },
    { passive: true },
  );

  Object.assign(vigie.actions, {
    pause: () => (model.paused ? resume() : pause("person", true)),
    resume,
    close: () => select(null),
    all: () => setProps("filter-url", { search: "" }),
    tab: (button) => setProps("filter-severity", { data: button.dataset.severity }),
    async link() {
      const address = new URL(location.href);
      address.hash = `event-${detail.current().card.id}`;
      await navigator.clipboard.writeText(address.href);
      vigie.notice(words.texts.copied);
    },
  });

  const showTabs = () => {
    const severity = new URLSearchParams(model.query).get("severity") || "";
    document.querySelectorAll(".choice").forEach((tab) => {
      tab.setAttribute("aria-pressed", String(tab.dataset.severity === severity));
    });
  };

  let linkRead = false;
  vigie.feed = {
    select,
    open,
    selected: () => selected,
    nodes: () => [...(list()?.children ?? [])],
    take(batch) {
      const fresh = model.absorb(batch);
      if (fresh === null) return false;
      draw(fresh);
      return true;
    },
    /* The page was drawn (first, in another language, or back from another page) or its filter
       changed: show what is known, and let go of what no longer holds. */
    refresh(query) {
      if (query !== null && model.look(query)) {
        cards.sync(list(), [], () => false);
        if (selected) select(null);
        detail.forget();
      }
      if (!list()) {
        ["scroll", "drawer", "selection"].forEach((reason) => reasons.delete(reason));
        selected = null;
        model.paused = reasons.size > 0;
        return;
      }
      followed = { id: null, at: 0 };
      showTabs();
      draw();
      if (selected) detail.redraw();
      if (!linkRead) {
        linkRead = true;
        openFromAddress();
      }
    },
    showStates,
  };
})();
