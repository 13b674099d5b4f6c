// The threshold, live while it moves: nothing is asked of the server before the slider is let go.
const desks = new WeakMap();
const ROUTES = ["all", "generalist", "experts"];

function same(before, now) {
  return Boolean(before) && before.id === now.id;
}

function createDesk(root, data) {
  speak(data.language, data.words);
  root.setAttribute("aria-label", words.thresholds);
  const numbers = createNumbers(data);
  const live = element("div", "visually-hidden");
  live.setAttribute("role", "status");
  let report = () => {}, choose = () => {}, route = "all";
  let drawn = "", lined = "";

  const released = () => {
    draw();
    matrix.describe();
    report({ taus: taus().map((t) => t / STEPS), person: person.get() / STEPS });
    live.textContent = summary;
  };
  let summary = "";

  // ---- sliders ----
  const marks = data.best === null ? [] : [{ position: data.best, text: words.best }];
  const tauHelp = words.ask_expert_help;
  const one = createSlider({ label: words.ask_expert, help: tauHelp, marks }, draw, released);
  const each = data.pairs.map((pair) => createSlider(
    { label: pair.map((c) => data.classes[c]).join(" / "), help: tauHelp, marks: [] },
    draw, released));
  const guaranteed = data.guaranteed === null
    ? [] : [{ position: data.guaranteed, text: words.guaranteed }];
  const person = createSlider({ label: words.ask_person, marks: guaranteed,
    help: words.ask_person_help }, draw, released);
  const several = element("button", "several");
  several.type = "button";
  let split = data.taus.some((t) => t !== data.taus[0]);
  several.onclick = () => {
    split = !split;
    if (split) each.forEach((slider) => slider.set(one.get()));
    else one.set(each[0].get());
    arrange();
    released();
  };
  const arrange = () => {
    one.node.hidden = split;
    each.forEach((slider) => (slider.node.hidden = !split));
    several.hidden = data.pairs.length < 2;
    several.textContent = split ? words.one_threshold : words.each_threshold;
    several.setAttribute("aria-pressed", String(split));
  };
  const taus = () => (split ? each : each.map(() => one)).map((slider) => slider.get());

  // ---- what follows ----
  const figures = createFigures(data.means);
  const matrix = createMatrix(data.classes, numbers.totals, (cell) => choose(cell, route));
  const curve = createCurve();
  const tabs = element("div", "routes");
  tabs.setAttribute("role", "group");
  tabs.setAttribute("aria-label", words.whose);
  const buttons = ROUTES.map((name) => {
    const button = element("button", "route", words[name]);
    button.type = "button";
    button.onclick = () => {
      route = name;
      draw();
      matrix.describe();
    };
    tabs.append(button);
    return [name, button];
  });

  function draw() {
    const at = taus(), line = at.join(), asked = `${line} ${person.get()} ${route}`;
    if (asked === drawn) return; // letting go moves nothing
    drawn = asked;
    const found = numbers.at(at, person.get());
    const sum = route === "all" && found.generalist.map((n, i) => n + found.experts[i]);
    matrix.draw(sum || found[route], found.asked); // first: a canvas writes text when all styles stand
    show(found);
    buttons.forEach(([name, button]) => button.setAttribute("aria-pressed", name === route));
    if (lined !== line) curve.draw(numbers.curve()); // only taus change the curve
    lined = line;
    curve.point(found.coverage, 1 - found.accuracy);
    root.dataset.figures = JSON.stringify([found.n_right, found.n_answered, found.n_deferred]);
  }

  function show(f) {
    const { places } = figures;
    const of = (k, n) => fill(words.of, { k: whole(k), n: whole(n) });
    const answers = (k) => fill(f.n_expert ? words.of_answers : words.no_answers,
      { k: whole(k), n: whole(f.n_expert) });
    places.accuracy(percent(f.accuracy),
      fill(words.with_answers, { span: span(f.accuracy_ci), n: whole(f.n_answered) }));
    places.gain(points(f.gain), spread(f.gain_ci));
    places.deferral(percent(f.deferral_rate), of(f.n_deferred, f.n_images));
    places.person(percent(f.person_rate), of(f.n_images - f.n_answered, f.n_images));
    places.recovery(percent(f.recovery), answers(f.n_recovered));
    places.breakage(percent(f.breakage), answers(f.n_broken));
    const added = f.deferred.reduce((sum, n, p) => sum + n * (data.expert_ms[p] ?? NaN), 0);
    const more = f.n_images ? added / f.n_images : 0;
    places.cost(data.ms === null ? words.unknown : fill(words.ms, { n: tenths(data.ms + (more || 0)) }),
      Number.isNaN(more) ? words.expert_unknown : fill(words.more_ms, { n: tenths(more) }));
    if (data.charged) {
      const money = (sum) => exact.format(sum), change = -f.saved;
      places.mistakes(fill(words.money, { n: money(f.cost), unit: data.charged.unit }),
        fill(words.change, { n: (change > 0 ? "+" : "") + money(change || 0) }));
    }
    summary = fill(words.summary, { accuracy: percent(f.accuracy), gain: points(f.gain),
      experts: percent(f.deferral_rate), person: percent(f.person_rate) });
  }

  const controls = element("div", "controls");
  controls.append(one.node, ...each.map((slider) => slider.node), person.node, several);
  const left = element("div", "left"), right = element("div", "right");
  left.append(tabs, matrix.node);
  right.append(curve.svg);
  const below = element("div", "below");
  below.append(left, right);
  root.replaceChildren(controls, figures.node, below, live);

  return {
    update(now, component) {
      report = (value) => component.setStateValue("value", value);
      choose = (cell, whose) => component.setStateValue("cell", { cell, route: whose });
      if (now.turn !== this.turn) { // Python moved the sliders
        this.turn = now.turn;
        split ||= now.taus.some((t) => t !== now.taus[0]);
        one.set(now.taus[0] ?? 0);
        each.forEach((slider, p) => slider.set(now.taus[p]));
        person.set(now.person);
      }
      arrange();
      matrix.press(now.cell);
      draw();
      matrix.describe();
    },
  };
}

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".root");
  if (!root || !data) return;
  let held = desks.get(root);
  if (!held || !same(held.data, data)) {
    held = { data, desk: createDesk(root, data) };
    desks.set(root, held);
  }
  held.data = data;
  held.desk.update(data, component);
}
