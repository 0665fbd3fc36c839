/* The browser's own fields: a moment in the reader's local time, to the minute, and the slider. */
(() => {
  "use strict";
  const { vigie } = window;
  const { make } = vigie;

  /* A moment in seconds since 1970 as a `datetime-local` field writes it, and back. */
  const localTime = (at) => {
    const date = new Date(at * 1000);
    return new Date(date - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  };
  const readTime = (field) =>
    field?.value ? Math.floor(new Date(field.value).getTime() / 1000) : null;

  /* `tell` is called with the number while a person moves it. */
  const slider = (properties, tell) => {
    const input = make("input");
    Object.assign(input, { type: "range", ...properties });
    input.addEventListener("input", () => tell(Number(input.value)));
    return input;
  };

  vigie.fields = { localTime, readTime, slider };
})();
