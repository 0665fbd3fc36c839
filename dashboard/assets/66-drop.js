/* Files dropped on any page or pasted on "Try it". Elsewhere the page goes there with them. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, make, setText, words, uploads } = vigie;
  const target = make("div", "drop-target");
  target.append(make("span", "icon icon-image-up"), make("strong"));
  let depth = 0; /* each element that is entered tells, and each that is left */

  const show = (visible) => {
    if (!target.isConnected) document.body.append(target);
    if (words.texts) setText(target.lastChild, words.texts.upload.drop);
    target.classList.toggle("shown", visible);
  };

  const hasFiles = (event) => Boolean(event.dataTransfer?.types.includes("Files"));

  const take = (files) => {
    if (!files.length || !words.texts) return;
    if (!byId("try")) document.querySelector('.nav a[href="/try"]')?.click();
    uploads.add(files);
  };

  const on = (name, act) =>
    document.addEventListener(name, (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault(); /* or the browser would leave the page to show the file */
      act(event);
    });

  on("dragenter", () => {
    depth += 1;
    show(true);
  });
  on("dragover", (event) => {
    event.dataTransfer.dropEffect = "copy";
  });
  on("dragleave", () => {
    depth = Math.max(0, depth - 1);
    if (!depth) show(false);
  });
  on("drop", (event) => {
    depth = 0;
    show(false);
    take(event.dataTransfer.files);
  });

  document.addEventListener("paste", (event) => {
    const files = event.clipboardData?.files ?? [];
    if (byId("try") && files.length && !event.target.closest?.("input, textarea")) take(files);
  });
})();
