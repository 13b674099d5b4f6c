// The cells' hues and numbers, painted behind the buttons: with every move of a person's threshold
// all cells change, and a browser writes a hundred texts of its own in the time of a whole frame.

// What CSS says of fonts and colours, so that the theme has one home.
function lookOf(canvas, button) {
  const its = getComputedStyle(canvas), font = getComputedStyle(button);
  const hues = Object.fromEntries(["right", "wrong", "person"].map((kind) =>
    [kind, its.getPropertyValue(`--${kind}`)]));
  return { ground: its.outlineColor, text: its.color, hues, fills: {},
    font: `600 ${font.fontSize} ${font.fontFamily}` };
}

// `buttons` of a grid of `n_columns`, row by row. Each cell is what `set` last said, from `paint` on.
function createCells(buttons, n_columns) {
  const canvas = element("canvas", "cells"), pen = canvas.getContext("2d");
  canvas.setAttribute("aria-hidden", "true");
  const cells = buttons.map(() => ({ kind: "empty", strength: 0, text: "" }));
  const changed = new Set();
  let look, places = [];

  function fillOf({ kind, strength }) { // mixed once: reading a mixture takes longer than painting a cell
    const key = kind + strength;
    if (look.fills[key]) return look.fills[key];
    pen.fillStyle = kind === "empty" ? look.ground
      : `color-mix(in oklab, ${look.hues[kind]} ${strength}%, ${look.ground})`;
    return (look.fills[key] = pen.fillStyle);
  }

  function paintCell(at) {
    const [x, y, width, height] = places[at], { kind, text } = cells[at];
    pen.clearRect(x, y, width, height);
    pen.globalAlpha = kind === "empty" ? 0.65 : 1;
    pen.fillStyle = fillOf(cells[at]);
    pen.fillRect(x, y, width, height);
    pen.fillStyle = look.text;
    if (text) pen.fillText(text, x + width / 2, y + height / 2);
  }

  function paint() {
    if (places.length) changed.forEach(paintCell);
    changed.clear();
  }

  // Where the cells are follows from the table's layout, which changes with width, zoom and fonts.
  function measure() {
    const sheet = canvas.getBoundingClientRect(), scale = devicePixelRatio;
    canvas.width = Math.round(sheet.width * scale);
    canvas.height = Math.round(sheet.height * scale);
    pen.scale(scale, scale);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    look = lookOf(canvas, buttons[0]);
    pen.font = look.font; // one for all: to change it, the browser looks at all styles again
    const boxes = (which) => which.map((button) => button.getBoundingClientRect());
    const across = boxes(buttons.slice(0, n_columns));
    const down = boxes(buttons.filter((_, at) => at % n_columns === 0));
    // whole pixels of the screen: half of one would keep a shimmer of what was painted before
    const snap = (from, to) => [from, to].map((px) => Math.round(px * scale) / scale);
    places = buttons.map((_, at) => {
      const column = across[at % n_columns], row = down[Math.floor(at / n_columns)];
      const [x, right] = snap(column.left - sheet.left, column.right - sheet.left);
      const [y, bottom] = snap(row.top - sheet.top, row.bottom - sheet.top);
      return [x, y, right - x, bottom - y];
    });
    buttons.forEach((_, at) => changed.add(at));
    paint();
  }
  new ResizeObserver(measure).observe(canvas, { box: "device-pixel-content-box" });
  canvas.ontransitionend = measure; // another theme: the canvas has its colours, with a transition
  document.fonts.ready.then(measure);

  const set = (at, cell) => {
    cells[at] = cell;
    changed.add(at);
  };
  canvas.texts = () => cells.map(({ text }) => text);
  return { canvas, set, paint };
}
