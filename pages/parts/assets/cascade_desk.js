// What is drawn of the cascade: sliders, figures, matrix, curve. Every text goes through
// textContent: names come from files. Words come from Python, in the language of the reader.
const SQRT_FULL = 86; // as in the matrices of other pages
const CURVE = { width: 300, height: 170, left: 38, bottom: 26, top: 8, right: 8 };
const SVG = "http://www.w3.org/2000/svg";

let words, grouped, plain, exact;
// Ties go to the even digit, as in Python, so that both write the same number.
const rounding = { minimumFractionDigits: 1, maximumFractionDigits: 1, roundingMode: "halfEven" };
function speak(language, said) {
  words = said;
  grouped = new Intl.NumberFormat(language, { maximumFractionDigits: 0, useGrouping: "always" });
  plain = new Intl.NumberFormat(language, { ...rounding, useGrouping: false });
  exact = new Intl.NumberFormat(language, { ...rounding, useGrouping: false,
    minimumFractionDigits: 3, maximumFractionDigits: 3 });
}
const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const whole = (n) => grouped.format(n);
const tenths = (value) => plain.format(value);
const signed = (share) => (share >= 0 ? "+" : "") + tenths(100 * share);
const percent = (share) => fill(words.percent, { n: tenths(100 * share) });
const points = (share) => fill(words.points, { n: signed(share) });
const span = ([low, high]) => fill(words.span, { low: tenths(100 * low), high: tenths(100 * high) });
const spread = ([low, high]) => fill(words.spread, { low: signed(low), high: signed(high) });

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

// A text that changes often: its node stays, and is written to when there is something else to say.
function writer(node) {
  const text = node.appendChild(document.createTextNode(""));
  return (said) => {
    if (text.data !== said) text.data = said;
  };
}

function shape(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

// A slider with marks on its track. `moved` runs while it moves, `released` when it is let go.
function createSlider({ label, help, marks }, moved, released) {
  const node = element("div", "slider"), head = element("label", "head");
  const input = element("input"), value = element("output", "value");
  input.type = "range";
  Object.assign(input, { min: 0, max: STEPS, step: 1 });
  input.setAttribute("aria-label", label);
  input.setAttribute("aria-description", help);
  head.title = help;
  head.append(element("span", "name", label), value);
  const track = element("div", "track");
  const rail = element("div", "marks");
  marks.forEach(({ position, text }) => {
    const mark = element("button", "mark", text);
    mark.type = "button";
    mark.style.setProperty("--at", position / STEPS);
    mark.title = `${text}: ${exact.format(position / STEPS)}`;
    mark.onclick = () => {
      set(position);
      moved();
      released();
    };
    rail.append(mark);
  });
  track.append(input, rail);
  node.append(head, track);
  const say = writer(value);
  const show = () => {
    const said = exact.format(Number(input.value) / STEPS);
    say(said);
    input.setAttribute("aria-valuetext", said);
  };
  const set = (position) => {
    input.value = position;
    show();
  };
  input.oninput = () => {
    moved();
    show();
  };
  input.onchange = released;
  return { node, set, get: () => Number(input.value) };
}

// Figures that stay where they are; only their text changes.
function createFigures(helps) {
  const node = element("dl", "figures"), places = {};
  for (const [name, [title, help]] of Object.entries(helps)) {
    const card = element("div", "figure");
    card.title = help;
    card.tabIndex = 0; // the help is there for who has no mouse, too
    card.setAttribute("aria-description", help);
    const main = element("dd", "main"), sub = element("dd", "sub");
    card.append(element("dt", "", title), main, sub);
    node.append(card);
    const say = writer(main), add = writer(sub);
    places[name] = (text, more) => {
      say(text);
      add(more);
    };
  }
  return { node, places };
}

// A confusion matrix whose cells are made once; the last column counts who a person is asked about.
function createMatrix(classes, totals, chosen) {
  const K = classes.length;
  const size = K < 11 ? "full" : K < 31 ? "compact" : "dense";
  const upright = size === "dense" || classes.some((name) => name.length > 14);
  const table = element("table", upright ? `${size} upright` : size), head = element("tr"), body = element("tbody");
  table.style.setProperty("--n-columns", K + 1);
  table.setAttribute("aria-label", words.matrix);
  const corner = element("th", "corner", words.corner);
  corner.scope = "col";
  head.append(corner);
  [...classes, words.person].forEach((name) => {
    const th = element("th", "column");
    th.scope = "col";
    th.title = name;
    th.append(element("span", "name", name));
    head.append(th);
  });
  head.append(element("th", "total", words.images));
  const cells = [], before = new Int32Array(K * (K + 1)).fill(-1), unsaid = new Set();
  classes.forEach((name, i) => {
    const tr = element("tr"), th = element("th", "row");
    th.scope = "row";
    th.title = name;
    th.append(element("span", "name", name));
    tr.append(th);
    for (let j = 0; j <= K; j++) {
      const button = element("button", "cell"), main = element("span", "main");
      button.type = "button";
      button.tabIndex = i || j ? -1 : 0;
      button.dataset.i = i;
      button.dataset.j = j;
      button.append(main);
      const td = element("td");
      td.append(button);
      tr.append(td);
      cells.push({ button, say: writer(main), text: "" });
    }
    tr.append(element("td", "total", whole(totals[i])));
    body.append(tr);
  });
  const thead = element("thead");
  thead.append(head);
  table.append(thead, body);
  const picture = createCells(cells.map(({ button }) => button), K + 1);
  const sheet = element("div", "sheet");
  sheet.append(picture.canvas, table);
  table.onclick = (event) => {
    const button = event.target.closest("button.cell");
    if (button) chosen([Number(button.dataset.i), Number(button.dataset.j)]);
  };
  table.onkeydown = (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const here = event.target.closest("button.cell"), by = step[event.key];
    if (!here || !by) return;
    event.preventDefault();
    const i = Number(here.dataset.i) + by[0], j = Number(here.dataset.j) + by[1];
    if (i < 0 || j < 0 || i >= K || j > K) return;
    here.tabIndex = -1;
    const next = cells[i * (K + 1) + j].button;
    next.tabIndex = 0;
    next.focus();
  };

  function show(i, j, n) {
    const at = i * (K + 1) + j;
    if (before[at] === n) return; // most cells stay as they were
    before[at] = n;
    unsaid.add(at);
    const share = totals[i] ? n / totals[i] : 0, strength = SQRT_FULL * Math.sqrt(share);
    const text = size === "dense" || (!n && size !== "full") ? "" : whole(n);
    picture.set(at, {
      kind: !n ? "empty" : j === K ? "person" : i === j ? "right" : "wrong",
      strength: 2 * Math.round(strength / 2), // a nearer shade looks the same
      text: (cells[at].text = text),
    });
  }

  // What is read under a resting pointer, or aloud: nobody reads it of a cell while a slider moves.
  const describe = () => {
    for (const at of unsaid) {
      const i = Math.floor(at / (K + 1)), j = at % (K + 1), n = before[at];
      const { button, say, text } = cells[at];
      say(text);
      const share = totals[i] ? n / totals[i] : 0;
      button.title = fill(j === K ? words.cell_left : words.cell, { k: whole(n),
        n: whole(totals[i]), true: classes[i], answer: classes[j], share: percent(share) });
      button.setAttribute("aria-label", button.title);
    }
    unsaid.clear();
  };

  const draw = (matrix, asked) => {
    for (let i = 0; i < K; i++) {
      for (let j = 0; j < K; j++) show(i, j, matrix[i * K + j]);
      show(i, K, asked[i]);
    }
    picture.paint();
  };
  const press = (cell) => cells.forEach(({ button }) => button.setAttribute("aria-pressed",
    Boolean(cell) && Number(button.dataset.i) === cell[0] && Number(button.dataset.j) === cell[1]));
  return { node: sheet, draw, describe, press };
}

// Share of wrong answers against share answered without a person, and where the sliders stand.
function createCurve() {
  const { width, height, left, bottom, top, right } = CURVE;
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", class: "curve" });
  svg.setAttribute("aria-label", words.curve);
  const line = shape("polyline", { class: "line" }), dot = shape("circle", { r: 5, class: "dot" });
  const axis = shape("path", { class: "axis",
    d: `M${left},${top}V${height - bottom}H${width - right}` });
  const zero = fill(words.percent, { n: 0 }), all = fill(words.percent, { n: 100 });
  const texts = [
    [(left + width - right) / 2, height - 8, "middle", words.answered],
    [width - right, height - 8, "end", all],
    [left, height - 8, "start", zero],
    [left - 4, height - bottom, "end", zero],
  ].map(([x, y, anchor, text]) => {
    const node = shape("text", { x, y, "text-anchor": anchor, class: "word" });
    node.textContent = text;
    return node;
  });
  const most = shape("text", { x: left - 4, y: top + 8, "text-anchor": "end", class: "word" });
  const title = shape("text", { x: left + 4, y: top + 8, class: "word" });
  title.textContent = words.wrong;
  svg.append(axis, line, dot, most, title, ...texts);

  let highest = 1;
  const say = writer(most), tenth = (value) => Math.round(10 * value) / 10;
  const x = (c) => tenth(left + c * (width - left - right));
  const y = (e) => tenth(height - bottom - (e / highest) * (height - bottom - top - 16));
  return {
    svg,
    draw({ coverage, error }) {
      highest = Math.max(0.01, ...error);
      say(percent(highest));
      const points = [], last = coverage.length - 1;
      let drawn = -1;
      coverage.forEach((c, i) => { // one point a pixel: more cannot be seen, and cost a frame
        const here = Math.round(x(c));
        if (here === drawn && i !== last) return;
        drawn = here;
        points.push(`${x(c)},${y(error[i])}`);
      });
      line.setAttribute("points", points.join(" "));
    },
    point(coverage, error) { // where the sliders stand; nowhere if nothing is answered
      dot.setAttribute("visibility", coverage ? "visible" : "hidden");
      dot.setAttribute("transform", `translate(${x(coverage)},${y(error)})`);
    },
  };
}
