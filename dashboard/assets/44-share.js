/* Passing an event on: its picture to the clipboard or as a file, its link, its print. */
(() => {
  "use strict";
  const { vigie } = window;
  const { words } = vigie;

  const save = (blob, name) => {
    const link = vigie.make("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000); /* the browser has begun by then */
  };

  const subject = () => {
    const shown = vigie.detail.current();
    return shown?.detail ? vigie.detail.subject() : null;
  };

  const notice = (name) => vigie.notice(words.texts.detail.picture[name]);

  const download = async () => {
    const about = subject();
    if (!about) return;
    try {
      save(await vigie.picture.make(about), vigie.picture.fileName(about.card));
      notice("saved");
    } catch {
      notice("failed");
    }
  };

  /* The clipboard takes a promise: asked at once, while the click still counts as a person's wish. */
  const copy = async () => {
    const about = subject();
    if (!about) return;
    const making = vigie.picture.make(about);
    try {
      await navigator.clipboard.write([new ClipboardItem({ "image/png": making })]);
      notice("copied");
    } catch {
      try {
        save(await making, vigie.picture.fileName(about.card));
        notice("instead");
      } catch {
        notice("failed");
      }
    }
  };

  const link = () => {
    const { card } = vigie.detail.current() ?? {};
    if (!card) return;
    const address = new URL(location.href);
    address.hash = `event-${card.id}`;
    vigie.facts.copyText(address.href, null, words.texts.detail.link_instead);
  };

  Object.assign(vigie.actions, { copy, download, link, print: () => window.print() });
})();
