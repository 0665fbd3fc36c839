/* One event in full: the pane beside the feed, or a drawer over it on a narrow screen. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, make, setText, setHidden, words, stage, facts, strip } = vigie;
  const WIDE = matchMedia("(min-width: 1280px)");
  const KEPT = 64;
  const STATES = ["none", "loading", "lost", "body"];
  const known = new Map(); /* what was fetched once is not fetched again until it is forgotten */
  let shown = null; /* {card, chosen, isAlone, detail, row}; row: the class whose heat map is shown */
  let wanted = null; /* what "try again" asks for */

  /* `null`: the event is gone. Throws where nobody answers. */
  const fetchDetail = async (id) => {
    if (known.has(id)) return known.get(id);
    const reply = await fetch(`/api/events/${id}`);
    if (reply.status === 404) return null;
    if (!reply.ok) throw new Error(`the server answered ${reply.status}`);
    const detail = await reply.json();
    known.set(id, detail);
    if (known.size > KEPT) known.delete(known.keys().next().value);
    return detail;
  };

  const isVisible = () => WIDE.matches || drawer.isOpen();

  const stand = (state) => {
    STATES.forEach((name) => setHidden(byId(`inspector-${name}`), name !== state));
    byId("inspector").dataset.shows = state;
    tellPrint();
  };

  /* What Ctrl+P prints: the event in view, otherwise the page. Told here and not by a media query,
     for on paper every page is narrow. */
  const tellPrint = () => {
    const prints = byId("inspector")?.dataset.shows === "body" && isVisible();
    document.documentElement.classList.toggle("prints-detail", prints);
  };

  const ownRow = (detail) => detail?.classes.find((row) => row.label === shown.card.label) ?? null;

  const isMapDoubtful = () => shown.detail?.doubts.includes("map") ?? false;

  const sentence = (row) => {
    if (!row) return "";
    const { gaze, places, map_doubt: doubt } = words.texts.detail;
    if (isMapDoubtful()) return doubt;
    const name = words.behaviour(row.label);
    if (!row.gaze) return gaze.nothing.replace("{name}", () => name);
    return gaze[row.gaze.where ? "mainly" : "spread"]
      .replace("{name}", () => name)
      .replace("{where}", places[row.gaze.where] ?? "")
      .replace("{share}", words.percent(row.gaze.share))
      .replace("{area}", words.percent(row.gaze.area));
  };

  const showRow = (row) => {
    const { card } = shown;
    shown.row = row;
    const isOwn = !row || row.label === card.label;
    const name = words.behaviour(row?.label ?? card.label);
    const isDoubtful = isMapDoubtful();
    stage.show(card, row?.heat ?? card.heat, { name, isOwn, isDoubtful });
    byId("gaze").classList.toggle("doubtful", isDoubtful);
    setText(byId("inspector-gaze"), sentence(row));
    setHidden(byId("gaze"), !row);
    byId("inspector-bars").querySelectorAll("button").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.label === row?.label));
    });
  };

  const makeBar = (row) => {
    const item = make("li");
    const button = make("button", "bar-row");
    const track = make("span", "bar");
    const filled = make("span");
    const name = make("span", "bar-name", words.behaviour(row.label));
    const flame = make("span", "icon icon-flame");
    flame.setAttribute("aria-hidden", "true");
    name.append(flame);
    filled.style.width = `${row.p * 100}%`;
    track.append(filled);
    button.type = "button";
    button.dataset.label = row.label;
    button.append(name, make("span", "num", words.percent(row.p, 1)), track);
    button.addEventListener("click", () => showRow(row));
    item.append(button);
    return item;
  };

  const fillHead = () => {
    const { card, chosen } = shown;
    const latest = card.severity === "infraction" ? "latest" : "newest";
    setText(byId("inspector-what"), words.texts[chosen ? "selected" : latest]);
    setText(byId("inspector-title"), words.title(card));
    setText(byId("inspector-p"), card.severity === "failure" ? "" : words.percent(card.p));
    setText(byId("inspector-tag"), words.texts.severities[card.severity]);
    byId("inspector-tag").className = `tag ${card.severity}`;
    setText(byId("inspector-meta"), `${words.source(card)} · ${words.moment(card.at)}`);
    setText(byId("inspector-detail"), card.detail);
    setHidden(byId("inspector-detail"), !card.detail);
    byId("inspector").dataset.severity = card.severity;
  };

  const tellDoubt = (detail) => {
    const { doubts } = words.texts.detail;
    const why = detail?.doubts.find((doubt) => doubt in doubts);
    const name = (place) => words.behaviour(detail.classes[place]?.label ?? "–");
    const said = doubts[why]?.replace("{first}", () => name(0)).replace("{second}", () => name(1));
    setText(byId("inspector-doubt"), said ?? "");
    setHidden(byId("doubt"), !why);
  };

  const fillBody = (detail) => {
    shown.detail = detail;
    tellDoubt(detail);
    setText(byId("archived-text"), words.texts.detail.archived[detail.archived] ?? "");
    setHidden(byId("inspector-archived"), !detail.archived);
    setHidden(byId("inspector-classes"), !detail.classes.length);
    byId("inspector-bars").replaceChildren(...detail.classes.map(makeBar));
    byId("inspector-facts").replaceChildren(...facts.makeFacts(detail.facts));
    byId("inspector-raw").textContent = JSON.stringify(detail.raw, null, 2);
    byId("inspector-body").setAttribute("aria-busy", "false");
    vigie.review.show(shown.card, shown.isAlone, detail.reviews);
    showRow(ownRow(detail));
  };

  const showLost = (isGone) => {
    const { detail } = words.texts;
    setText(byId("inspector-lost-title"), isGone ? detail.gone_title : detail.away_title);
    setText(byId("inspector-lost-text"), isGone ? detail.gone : detail.away);
    setHidden(byId("inspector-again"), isGone);
    stand("lost");
  };

  /* `chosen`: by a person. Otherwise the pane follows the latest infraction. `isAlone`: a link or
     the strip named it; a card of the feed stands for its whole group. */
  const show = async (card, chosen, isAlone = false) => {
    if (!byId("inspector")) return;
    const before = shown?.detail && shown.card.id === card.id ? shown.row : null;
    shown = { card, chosen, isAlone, detail: null, row: null };
    wanted = card.id;
    fillHead();
    stand("body");
    vigie.review.show(card, isAlone);
    byId("inspector-body").setAttribute("aria-busy", String(!known.has(card.id)));
    if (!known.has(card.id)) {
      tellDoubt(null);
      setHidden(byId("inspector-archived"), true);
      showRow(null);
    }
    if (chosen) strip.show(card, isAlone);
    else strip.hide(); /* a group that grows each second would be fetched each second */
    try {
      const detail = await fetchDetail(card.id);
      if (shown?.card !== card || !byId("inspector")) return; /* overtaken by the next one */
      if (!detail) showLost(true);
      else {
        fillBody(detail);
        if (before) showRow(before);
      }
    } catch {
      if (shown?.card === card && byId("inspector")) showLost(false);
    }
  };

  /* An event by its place alone, as a link names it. */
  const showById = async (id) => {
    wanted = id;
    shown = null;
    stand("loading");
    try {
      const detail = await fetchDetail(id);
      if (!byId("inspector") || wanted !== id) return null;
      if (detail) await show(detail.card, true, true);
      else showLost(true);
      return detail && detail.card;
    } catch {
      if (byId("inspector") && wanted === id) showLost(false);
      return null;
    }
  };

  /* Another event of the same group: the card in the feed stays the chosen one. */
  const step = (card) => {
    if (!shown.chosen) vigie.feed.select(shown.card.id);
    const address = `${location.pathname}${location.search}#event-${card.id}`;
    history.replaceState(history.state, "", address);
    show(card, true, true);
  };

  const drawer = {
    isNeeded: () => !WIDE.matches,
    isOpen: () => byId("inspector")?.classList.contains("open") ?? false,
    set(open) {
      const pane = byId("inspector");
      if (!pane || drawer.isOpen() === open) return;
      pane.classList.toggle("open", open);
      document.documentElement.classList.toggle("drawer-open", open);
      /* What lies under the drawer cannot be reached meanwhile, by keyboard or reader either. */
      [".header", ".nav", ".tiles", ".toolbar", ".review-bar", "#stream"].forEach((selector) => {
        const part = document.querySelector(selector);
        if (part) part.inert = open;
      });
      if (open) {
        pane.scrollTop = 0;
        pane.focus({ preventScroll: true });
      }
      tellPrint();
    },
  };
  WIDE.addEventListener("change", () => drawer.set(false));

  vigie.actions.again = () => wanted && showById(wanted);

  vigie.detail = {
    show,
    showById,
    step,
    drawer,
    current: () => shown,
    read: fetchDetail,
    /* What people say of events does change. */
    forgetRead: () => known.clear(),
    /* The event that the pane followed is a person's choice now. */
    hold() {
      shown.chosen = true;
      fillHead();
      strip.show(shown.card, shown.isAlone);
    },
    /* What the digestible picture shows: the event, with the heat map that is in view. */
    subject: () => ({
      card: shown.card,
      facts: shown.detail.facts,
      heat: shown.row?.heat ?? "",
      sentence: sentence(shown.row),
    }),
    /* The page was drawn anew (another language): say the same in it. */
    redraw: () => shown && show(shown.card, shown.chosen, shown.isAlone),
    forget: () => {
      shown = null;
      if (byId("inspector")) stand("none");
    },
  };
})();
