/* Pictures: a photograph and its heat map, which always cover the same rectangle. */
(() => {
  "use strict";
  const { vigie } = window;
  const { make, words } = vigie;

  const makeImage = (kind) => {
    const image = make("img", kind);
    image.decoding = "async";
    image.alt = "";
    return image;
  };

  const makePhoto = (shot) => {
    const photo = makeImage("photo");
    photo.addEventListener("load", () => {
      if (shot.parts.photo === photo) fit(shot);
    });
    photo.addEventListener("error", () => {
      if (shot.parts.photo === photo) shot.classList.add("missing");
    });
    return photo;
  };

  const makeHeat = () => {
    const heat = makeImage("heat");
    heat.addEventListener("error", () => heat.classList.add("absent"));
    return heat;
  };

  /* The frame takes the image's own shape. */
  const fit = (shot) => {
    const { frame, photo } = shot.parts;
    const ratio = photo.naturalWidth / photo.naturalHeight;
    if (ratio) frame.style.setProperty("--ratio", String(ratio));
  };

  const makeShot = (shot) => {
    const frame = make("div", "frame");
    shot.parts = { frame, photo: makePhoto(shot), heat: makeHeat() };
    frame.append(shot.parts.photo, shot.parts.heat);
    shot.append(frame, make("span", "icon placeholder"));
    Object.assign(shot, { turn: 0, wanted: null, busy: false });
  };

  const setSource = (image, address) => {
    if (image.getAttribute("src") === address) return;
    image.classList.remove("absent");
    if (address) image.setAttribute("src", address);
    else image.removeAttribute("src");
  };

  const put = (shot, { photo, heat, alt }) => {
    const { parts } = shot;
    if (parts.photo.getAttribute("src") !== photo) shot.classList.toggle("missing", !photo);
    parts.photo.alt = alt;
    setSource(parts.photo, photo);
    setSource(parts.heat, heat);
    parts.heat.hidden = !heat;
  };

  const exchange = (shot, photo, heat, wanted) => {
    shot.parts.photo.replaceWith(photo);
    shot.parts.heat.replaceWith(heat);
    Object.assign(shot.parts, { photo, heat });
    heat.hidden = !wanted.heat;
    photo.alt = wanted.alt;
    shot.classList.toggle("missing", !photo.naturalWidth);
    fit(shot);
  };

  /* Another picture in the same place comes when it is decoded, so that nothing flickers. Of those
     that come meanwhile only the last is fetched next. */
  const swap = async (shot, wanted) => {
    shot.wanted = wanted;
    if (shot.busy) return;
    shot.busy = true;
    while (shot.wanted) {
      const { turn, wanted: next } = shot;
      shot.wanted = null;
      const photo = makePhoto(shot);
      const heat = makeHeat();
      setSource(photo, next.photo);
      setSource(heat, next.heat);
      await Promise.allSettled([photo.decode(), next.heat ? heat.decode() : null]);
      if (turn === shot.turn) exchange(shot, photo, heat, next);
    }
    shot.busy = false;
  };

  /* `calm`: the picture shown is of the same group, keep it until the next is ready. */
  vigie.showShot = (shot, card, { large = false, heat = card.heat, calm = false } = {}) => {
    if (!shot.parts) makeShot(shot);
    const wanted = {
      photo: card.image ? `/media/${card.image}${large ? "" : ".small"}.jpg` : "",
      heat: heat ? `/heat/${heat}.png` : "",
      alt: card.image ? words.title(card) : "",
    };
    shot.dataset.severity = card.severity;
    const shown = shot.parts.photo.getAttribute("src");
    if (calm && wanted.photo && shown && !shot.classList.contains("missing")) {
      swap(shot, wanted);
      return;
    }
    Object.assign(shot, { turn: shot.turn + 1, wanted: null });
    put(shot, wanted);
  };
})();
