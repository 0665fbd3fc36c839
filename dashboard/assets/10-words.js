/* Numbers, times and counted words in the reader's language. The texts come with the page from the
   server's catalogue; the forms of numbers are the browser's own. */
(() => {
  "use strict";
  const { vigie } = window;
  let texts = null;
  let forms = null;

  /* Percentages are cut, never rounded up: 99.96 % must not pass for certain, and a card's 59 %
     stays 59.9 % in the detail. The one place that forms them. */
  const percentForm = (language, digits) =>
    new Intl.NumberFormat(language, {
      style: "percent",
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      roundingMode: "floor",
    });

  const makeForms = (language) => ({
    percents: [percentForm(language, 0), percentForm(language, 1)],
    number: new Intl.NumberFormat(language, { maximumFractionDigits: 1 }),
    plural: new Intl.PluralRules(language),
    ago: new Intl.RelativeTimeFormat(language, { style: "short", numeric: "always" }),
    clock: new Intl.DateTimeFormat(language, { timeStyle: "medium" }),
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
    number: (value) => forms.number.format(value),
    milliseconds: (value) => `${forms.number.format(value < 10 ? value : Math.round(value))} ms`,
    count: (counted, n) =>
      (counted[forms.plural.select(n)] || counted.other).replace("{n}", forms.number.format(n)),
    ago(seconds) {
      const s = Math.max(0, Math.round(seconds));
      if (s < 60) return forms.ago.format(-s, "second");
      if (s < 3600) return forms.ago.format(-Math.round(s / 60), "minute");
      if (s < 86400) return forms.ago.format(-Math.round(s / 3600), "hour");
      return forms.ago.format(-Math.round(s / 86400), "day");
    },
    time(at) {
      const date = new Date(at * 1000);
      return (isToday(date) ? forms.clock : forms.moment).format(date);
    },
    moment: (at) => forms.moment.format(new Date(at * 1000)),
    behaviour: (key) => texts.behaviours[key] || key,
    title: (card) =>
      card.severity === "failure"
        ? texts.reasons[card.reason] || card.reason
        : texts.behaviours[card.label] || card.label,
    source: (card) => card.source || texts.unknown_source,
  };
})();
