/* Numbers, times and counted words in the reader's language. The texts come with the page from the
   server's catalogue; the forms of numbers are the browser's own. */
(() => {
  "use strict";
  const { vigie } = window;
  let texts = null;
  let forms = null;

  /* Certainties are cut, never rounded up: 99.96 % must not pass for certain, and a card's 59 %
     stays 59.9 % in the detail. The one place that forms them. */
  const percentForm = (language, digits) =>
    new Intl.NumberFormat(language, {
      style: "percent",
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      roundingMode: "floor",
    });

  const DAY = { day: "numeric", month: "short" };
  const CLOCK = { hour: "numeric", minute: "2-digit", second: "2-digit" };
  const WIDEST = 100_000; /* a larger number does not fit on a tab */

  const makeForms = (language) => ({
    percents: [percentForm(language, 0), percentForm(language, 1)],
    share: new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 2 }),
    number: new Intl.NumberFormat(language, { maximumFractionDigits: 1 }),
    plural: new Intl.PluralRules(language),
    ago: new Intl.RelativeTimeFormat(language, { style: "short", numeric: "always" }),
    now: new Intl.RelativeTimeFormat(language, { style: "short", numeric: "auto" }),
    compact: new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 0 }),
    seconds: new Intl.NumberFormat(language, { style: "unit", unit: "second" }),
    minutes: new Intl.NumberFormat(language, { style: "unit", unit: "minute" }),
    clock: new Intl.DateTimeFormat(language, { timeStyle: "medium" }),
    day: new Intl.DateTimeFormat(language, { ...DAY, hour: "numeric", minute: "2-digit" }),
    fullDay: new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" }),
    daySeconds: new Intl.DateTimeFormat(language, { ...DAY, ...CLOCK }),
    moment: new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" }),
  });

  const isToday = (date) => date.toDateString() === new Date().toDateString();

  vigie.words = {
    get texts() {
      return texts;
    },
    use(newTexts) {
      texts = newTexts;
      forms = makeForms(texts.language);
      document.documentElement.lang = texts.language;
    },
    percent: (share, digits = 0) => forms.percents[digits].format(share),
    /* Of things that were counted: rounded, as nobody takes it for a certainty. */
    share: (part, all) => forms.share.format(all ? part / all : 0),
    number: (value) => forms.number.format(value),
    milliseconds: (value) => `${forms.number.format(value < 10 ? value : Math.round(value))} ms`,
    /* Of a file. */
    size(bytes) {
      if (bytes < 1000) return `${forms.number.format(bytes)} B`;
      const isSmall = bytes < 1_000_000;
      const said = forms.number.format(bytes / (isSmall ? 1000 : 1_000_000));
      return `${said} ${isSmall ? "kB" : "MB"}`;
    },
    count: (counted, n) =>
      (counted[forms.plural.select(n)] || counted.other).replace("{n}", forms.number.format(n)),
    ago(seconds) {
      const s = Math.max(0, Math.round(seconds));
      if (s < 60) return forms.ago.format(-s, "second");
      if (s < 3600) return forms.ago.format(-Math.round(s / 60), "minute");
      if (s < 86400) return forms.ago.format(-Math.round(s / 3600), "hour");
      return forms.ago.format(-Math.round(s / 86400), "day");
    },
    /* The age of something that goes on: calm, and always said. */
    age(seconds) {
      const s = Math.max(0, Math.floor(seconds));
      if (s < 2) return forms.now.format(0, "second");
      return vigie.words.ago(s < 10 ? s : s - (s % 5));
    },
    time(at) {
      const date = new Date(at * 1000);
      return (isToday(date) ? forms.clock : forms.daySeconds).format(date);
    },
    /* From one moment to another, and how long that was. */
    span(from, to) {
      const dates = [new Date(from * 1000), new Date(to * 1000)];
      const form = isToday(dates[0]) ? forms.clock : forms.daySeconds;
      const range = form.formatRange(...dates);
      const seconds = Math.round(to - from);
      if (seconds < 1) return form.format(dates[1]);
      const long =
        seconds < 60
          ? forms.seconds.format(seconds)
          : forms.minutes.format(Math.round(seconds / 60));
      return `${range} · ${long}`;
    },
    /* A day and a time of day, with the year only in `moment`. */
    day: (at) => forms.day.format(new Date(at * 1000)),
    fullDay: (at) => forms.fullDay.format(new Date(at * 1000)),
    range: (from, to) => forms.day.formatRange(new Date(from * 1000), new Date(to * 1000)),
    counted: (n) => (n < WIDEST ? forms.number : forms.compact).format(n),
    moment: (at) => forms.moment.format(new Date(at * 1000)),
    behaviour: (key) => texts.behaviours[key] || key,
    title: (card) =>
      card.severity === "failure"
        ? texts.reasons[card.reason] || card.reason
        : texts.behaviours[card.label] || card.label,
    source: (card) => card.source || texts.unknown_source,
  };
})();
