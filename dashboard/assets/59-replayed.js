/* One changed verdict: the image twice, with the live heat map and with the replayed one. */
(() => {
  "use strict";
  const { vigie } = window;
  const { make, words } = vigie;
  const texts = () => words.texts.replays;

  /* As the server counts them: an event that is to check names no class. */
  const word = ({ severity, label }) =>
    ["check", "failure"].includes(severity) ? severity : label;

  const sentence = (event) => {
    const title = event.severity === "failure" ? words.title(event) : words.behaviour(event.label);
    return event.severity === "failure" ? title : `${title} · ${words.percent(event.p, 1)}`;
  };

  const makeSide = (kind, event, image) => {
    const side = make("figure", "replays-side");
    const shot = make("div", "shot");
    const caption = make("figcaption");
    const head = make("div", "replays-who");
    head.append(make("span", "", texts()[kind]));
    if (event) {
      head.append(make("span", `tag ${event.severity}`, words.texts.severities[event.severity]));
    }
    caption.append(head);
    side.append(shot, caption);
    if (!event) {
      caption.append(make("p", "dim small", texts().gone));
      return side;
    }
    /* A failure carries no image: the other side's is the same. */
    vigie.showShot(shot, { ...event, image: event.image || image });
    if (!event.heat) shot.append(make("span", "on-photo", texts().no_map));
    caption.append(make("p", "replays-said", sentence(event)));
    if (event.detail) caption.append(make("p", "dim small", event.detail));
    caption.append(make("p", "dim small num replays-version", event.model));
    return side;
  };

  vigie.makeChange = ({ source, live, replayed }) => {
    const node = make("li", "replays-change");
    node.dataset.source = source;
    const name = (event) => (event ? vigie.replays.verdict(word(event)) : "?");
    const title = make("h3", "", `${name(live)} → ${name(replayed)}`);
    const image = live?.image || replayed?.image || "";
    const sides = make("div", "replays-sides");
    sides.append(makeSide("live", live, image), makeSide("replayed", replayed, image));
    const foot = make("div", "replays-foot dim small");
    if (live) {
      const link = make("a", "button", texts().event);
      link.href = `/#event-${live.id}`;
      link.setAttribute("aria-label", `${texts().event}: ${title.textContent}`);
      foot.append(make("time", "num", words.time(live.at)), make("span", "", words.source(live)));
      foot.append(make("span", "grow"), link);
    }
    node.append(title, sides, foot);
    return node;
  };

})();
