/* The panel of the simulated cameras: shows what they do once a second, and what is wanted. */
(() => {
  "use strict";
  const { vigie } = window;
  const { byId, setText, setHidden, fields, words } = vigie;
  const ASK_MS = 1000;
  const RATES = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30];
  const MOST_CAMERAS = 16;
  const FRESH_S = 2;
  let view = null; /* {state, wish, age_s, trouble} as the server says */
  let changing = 0; /* answers on their way: until they are here, the controls are right, not it */

  const texts = () => words.texts.simulator;
  const slider = (name) => byId(`simulator-${name}-slider`);
  const nearest = (rate) => {
    const away = RATES.map((one) => Math.abs(Math.log(one / rate)));
    return away.indexOf(Math.min(...away));
  };

  const sayRate = (rate) => words.count(texts().rate, rate);
  const sayCameras = (n) => words.count(texts().cameras, n);
  const label = (name, text) => {
    setText(byId(`simulator-${name}-value`), text);
    slider(name).setAttribute("aria-valuetext", text);
  };

  const showState = () => {
    const { state, age_s: age, trouble } = view;
    const colours = { running: "live", stopped: "waiting", absent: "stale" };
    byId("simulator-chip").dataset.state = colours[state];
    setText(byId("simulator-state"), texts().states[state]);
    const isOld = age !== null && (state !== "running" || age > FRESH_S);
    setText(byId("simulator-age"), isOld ? texts().last.replace("{ago}", words.ago(age)) : "");
    setHidden(byId("simulator-absent"), state !== "absent");
    setText(byId("simulator-trouble"), trouble);
    setHidden(byId("simulator-trouble"), !trouble);
  };

  const showWish = () => {
    const { wish, state } = view;
    byId("simulator").dataset.wish = wish.running ? "running" : "stopped";
    byId("simulator-behaviour").value = wish.behaviour ?? "";
    slider("rate").value = String(nearest(wish.rate));
    slider("cameras").value = String(wish.cameras);
    label("rate", sayRate(wish.rate));
    label("cameras", sayCameras(wish.cameras));
    byId("simulator-controls")
      .querySelectorAll("select, input, button")
      .forEach((control) => {
        control.disabled = state === "absent";
      });
  };

  const draw = () => {
    if (!view || !words.texts || !byId("simulator")) return;
    addControls();
    showState();
    if (!changing) showWish();
  };

  const exchange = async (options = {}) => {
    const reply = await fetch("/api/simulator", { cache: "no-store", ...options });
    const answer = await reply.json();
    if (reply.ok) view = answer;
    else vigie.notice(words.texts.language === "en" ? answer.error : texts().refused);
  };

  const want = async (change) => {
    if (!view) return;
    changing += 1;
    view.wish = { ...view.wish, ...change };
    try {
      await exchange({ method: "POST", body: JSON.stringify(view.wish) });
    } catch {
      vigie.notice(texts().refused);
    } finally {
      changing -= 1;
      draw();
    }
  };

  const addSlider = (name, most, say, tell) => {
    if (slider(name)) return;
    const properties = { id: `simulator-${name}-slider`, ...most };
    const input = fields.slider(properties, (n) => label(name, say(n)));
    input.addEventListener("change", () => want(tell(Number(input.value))));
    byId(`simulator-${name}`).append(input);
  };

  const addControls = () => {
    const rates = { min: 0, max: RATES.length - 1, step: 1 };
    addSlider("rate", rates, (n) => sayRate(RATES[n]), (n) => ({ rate: RATES[n] }));
    const counts = { min: 1, max: MOST_CAMERAS, step: 1 };
    addSlider("cameras", counts, sayCameras, (cameras) => ({ cameras }));
    const behaviour = byId("simulator-behaviour");
    behaviour.onchange = () =>
      want({ behaviour: behaviour.value === "" ? null : Number(behaviour.value) });
  };

  const isHeld = () => document.querySelector("#simulator input:active") !== null;

  setInterval(async () => {
    if (!byId("simulator") || document.hidden || changing || isHeld()) return;
    await exchange().catch(() => null);
    if (!isHeld()) draw();
  }, ASK_MS);

  Object.assign(vigie.actions, {
    simulate: () => want({ running: !view?.wish.running }),
  });

  vigie.simulator = {
    refresh() {
      draw();
      if (byId("simulator") && !view) exchange().then(draw, () => null);
    },
  };
})();
