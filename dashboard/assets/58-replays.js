/* The page of replays: which runs there are, what they changed, and the address that says so. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, make, setText, setHidden, words } = vigie;
  const SOON_MS = 300; /* the server reads a second's worth of events at a time */
  const RUNNING_MS = 2000; /* also while a person waits for the first run, or for Kafka */
  const IDLE_MS = 10_000;
  const KEYS = ["run", "was", "now"];
  let page = null; /* the last answer, and the changes of all pages asked for */
  let trouble = "";
  let asked = 0;
  let timer = 0;

  const isHere = () => Boolean(byId("replays"));
  const texts = () => words.texts.replays;
  const fill = (text, values) =>
    Object.entries(values).reduce((said, [name, value]) => said.replace(`{${name}}`, value), text);

  const wish = () => {
    const address = new URLSearchParams(location.search);
    return Object.fromEntries(KEYS.map((key) => [key, address.get(key) ?? ""]));
  };

  const verdict = (word) => words.texts.severities[word] ?? words.behaviour(word);

  /* Runs */

  const period = ({ since, until, started_at: started }) => {
    const at = (seconds) => words.day(seconds);
    if (since === null && until === null) return fill(texts().all_time, { until: at(started) });
    if (until === null) return fill(texts().since, { since: at(since) });
    if (since === null) return fill(texts().until, { until: at(until) });
    return fill(texts().between, { since: at(since), until: at(until) });
  };

  const progress = (run) => {
    if (run.finished) return words.count(texts().finished, run.references);
    const [done, total] = [words.number(run.done), words.number(run.total)];
    return fill(texts().unfinished, { share: words.percent(run.done / run.total), done, total });
  };

  const makeRun = (run) => {
    const node = make("button", "replays-run");
    Object.assign(node, { type: "button" });
    Object.assign(node.dataset, { action: "replays-run", run: run.id });
    node.setAttribute("aria-pressed", String(run.id === page.run));
    const title = make("span", "replays-model", run.model);
    if (run.number > 1) {
      title.append(" ", make("span", "dim", fill(texts().again, { n: run.number })));
    }
    const state = make("span", "replays-state num");
    const shape = run.finished ? "circle-check" : "hourglass";
    state.append(make("span", `icon icon-${shape}`), progress(run));
    if (run.failures) state.append(` · ${words.count(texts().failures, run.failures)}`);
    const time = fill(texts().started, { time: words.day(run.started_at) });
    node.append(title, make("span", "dim small", `${period(run)} · ${time}`), state);
    if (!run.finished) {
      const bar = make("progress");
      Object.assign(bar, { max: run.total, value: run.done });
      bar.setAttribute("aria-hidden", "true"); /* the words beside it say the same */
      node.append(bar);
    }
    return node;
  };

  /* Table */

  const head = (word, scope) => {
    const node = make("th", "", word);
    node.scope = scope;
    return node;
  };

  const makeCell = (was, now, n) => {
    const cell = make("td", was === now ? "same" : "");
    if (was === now || !n) {
      cell.textContent = n ? words.number(n) : "·";
      return cell;
    }
    const button = make("button", "replays-cell", `≠ ${words.number(n)}`);
    const said = fill(texts().cell, { was: verdict(was), now: verdict(now) });
    Object.assign(button, { type: "button", title: said });
    Object.assign(button.dataset, { action: "replays-cell", was, now });
    button.setAttribute("aria-label", `${said}: ${words.number(n)}`);
    const { was: chosenWas, now: chosenNow } = wish();
    button.setAttribute("aria-pressed", String(was === chosenWas && now === chosenNow));
    cell.append(button);
    return cell;
  };

  const makeSum = (n) => make("td", "sum", words.number(n));

  const makeTable = ({ words: names, table, compared }) => {
    const top = make("tr");
    top.append(head(texts().corner, "col"), ...names.map((name) => head(verdict(name), "col")));
    top.append(head(texts().total, "col"));
    const rows = table.map((counts, row) => {
      const line = make("tr");
      const sum = counts.reduce((all, n) => all + n, 0);
      const cells = counts.map((n, column) => makeCell(names[row], names[column], n));
      line.append(head(verdict(names[row]), "row"), ...cells, makeSum(sum));
      return line;
    });
    const sums = names.map((_, column) => table.reduce((all, counts) => all + counts[column], 0));
    const bottom = make("tr");
    bottom.append(head(texts().total, "row"), ...[...sums, compared].map(makeSum));
    const [thead, tbody, tfoot] = ["thead", "tbody", "tfoot"].map((tag) => make(tag));
    thead.append(top);
    tbody.append(...rows);
    tfoot.append(bottom);
    return [thead, tbody, tfoot];
  };

  /* What did not change is not drawn again, so that focus and pointer stay where they are. */
  const drawn = new Map();
  const nameOf = ({ dataset: { action, run, was, now } }) => JSON.stringify([action, run, was, now]);
  const draw = (id, value, nodes) => {
    const node = byId(id);
    const key = JSON.stringify([words.texts.language, value]);
    if (drawn.get(id)?.key === key && drawn.get(id).node === node && node.firstChild) return;
    drawn.set(id, { key, node });
    const focused = node.contains(document.activeElement) && nameOf(document.activeElement);
    node.replaceChildren(...nodes());
    const buttons = focused ? [...node.querySelectorAll("[data-action]")] : [];
    buttons.find((button) => nameOf(button) === focused)?.focus();
  };

  const summary = ({ compared, changed, complete }) => {
    const share = words.share(changed, compared);
    const differing = fill(words.count(texts().changed, changed), { share });
    const text = `${words.count(texts().summary, compared)}, ${differing}`;
    return complete ? `${text}.` : `${text}. ${texts().reading} …`;
  };

  const notes = ({ unmatched, most, complete }) => {
    const said = [];
    if (most) said.push(words.count(texts().most, most));
    if (unmatched && complete) said.push(words.count(texts().unmatched, unmatched));
    return said.join(" ");
  };

  const listTitle = ({ table, words: names, changed }) => {
    const { was, now } = wish();
    const n = was ? (table[names.indexOf(was)]?.[names.indexOf(now)] ?? 0) : changed;
    if (!n && !was) return texts().none;
    const said = words.count(texts().changes, n);
    return was ? `${said} : ${verdict(was)} → ${verdict(now)}` : said;
  };

  const showFound = (found) => {
    setText(byId("replays-summary"), summary(found));
    setText(byId("replays-notes"), notes(found));
    const { was, now } = wish();
    draw("replays-table", [found.words, found.table, was, now], () => makeTable(found));
    setHidden(byId("replays-counts"), !found.compared);
    setText(byId("replays-changes"), listTitle(found));
    setHidden(byId("replays-all"), !was);
    draw("replays-list", page.changes, () => page.changes.map(vigie.makeChange));
    setHidden(byId("replays-older"), !page.older);
  };

  const show = () => {
    if (!isHere() || !words.texts) return;
    setHidden(byId("replays-loading"), Boolean(page) || Boolean(trouble));
    setHidden(byId("replays-trouble"), !trouble);
    setText(byId("replays-trouble-text"), trouble);
    setHidden(byId("replays-empty"), !page || page.runs.length > 0 || Boolean(trouble));
    setHidden(byId("replays-found"), !page?.found);
    if (!page) return;
    draw("replays-runs", [page.runs, page.run], () => page.runs.map(makeRun));
    if (page.found) showFound(page.found);
  };

  /* Asking */

  const absorb = (answer, before) => {
    const { found } = answer;
    const first = found?.changes ?? [];
    if (before) {
      page = { ...page, ...answer, changes: [...page.changes, ...first], older: found?.older };
      return;
    }
    /* Who has paged further down keeps what is there; newer changes come on top. */
    const known = new Set(first.map((change) => change.source));
    const keeps = page?.run === answer.run && page.paged;
    const rest = keeps ? page.changes.filter((change) => !known.has(change.source)) : [];
    const older = keeps ? page.older : found?.older;
    page = { ...answer, changes: [...first, ...rest], older, paged: keeps };
  };

  const waitMs = () => {
    if (trouble || !page?.runs.length) return RUNNING_MS;
    if (page.found && !page.found.complete) return SOON_MS;
    return page.runs.every((run) => run.finished) ? IDLE_MS : RUNNING_MS;
  };

  const ask = async (before = "") => {
    const turn = (asked += 1);
    clearTimeout(timer);
    const found = await vigie.ask(`/api/replays?${new URLSearchParams({ ...wish(), before })}`);
    if (turn !== asked || !isHere()) return; /* another question was asked meanwhile */
    trouble = found.trouble ?? "";
    if (found.answer) absorb(found.answer, before);
    if (before) page.paged = true;
    show();
    timer = setTimeout(askAgain, waitMs());
  };

  const askAgain = () => {
    if (!isHere()) return;
    if (document.hidden) timer = setTimeout(askAgain, RUNNING_MS);
    else ask();
  };

  const look = (values) => {
    const query = new URLSearchParams({ ...wish(), ...values });
    [...query].forEach(([key, value]) => value || query.delete(key));
    const address = new URL(location.href);
    address.search = query;
    history.replaceState(history.state, "", address);
    if (page) Object.assign(page, { changes: [], paged: false });
    if ("run" in values && page) Object.assign(page, { run: values.run, found: null });
    show();
    ask();
  };

  Object.assign(vigie.actions, {
    "replays-run": ({ dataset }) => look({ run: dataset.run, was: "", now: "" }),
    "replays-cell"({ dataset }) {
      const { was, now } = dataset;
      const isChosen = wish().was === was && wish().now === now;
      look(isChosen ? { was: "", now: "" } : { was, now });
      byId("replays-changes").scrollIntoView({ block: "nearest" });
    },
    "replays-all": () => look({ was: "", now: "" }),
    "replays-older": () => ask(page.changes.at(-1)?.source ?? ""),
    "replays-again": () => ask(),
  });

  vigie.replays = {
    verdict,
    /* The page was drawn, or its language changed. */
    refresh() {
      if (!isHere()) return;
      if (!byId("replays-runs").firstChild && !trouble) {
        page = null;
        ask();
      }
      show();
    },
  };
})();
