// Copies of a matrix as text and as pictures, made in the browser from what is drawn; part of the
// module of matrix.js. Pictures are for paper: always on white, whatever the theme.
const SVG = "http://www.w3.org/2000/svg";
const PAPER = { right: "#2676ba", wrong: "#be540a", "more-a": "#a04fb6", "more-b": "#258445" };
const PALE = "#f1ecea"; // a cell without images
const INK = "#1a1216";
const FONT = "system-ui, sans-serif";
const CELLS = { full: [66, 44, 14], compact: [36, 26, 11], dense: [15, 15, 9] }; // wide, high, font
const PNG_SCALE = 2;
const FORMULA = /^'*[=+\-@\t\r\0]/; // what a spreadsheet would run (core/sources/formulas.py)

const defused = (text) => (FORMULA.test(text) ? "'" + text : text);

// Rows of what is shown: names, then counts or shares in [0, 1], then the images of each row.
function asRows(data) {
  const [corner, images] = data.head; // of files, English in every language
  const value = (i, j) => {
    if (hidden(data, i, j)) return "";
    return data.numbers === "shares" ? +shareOf(data, i, j).toFixed(6) : data.counts[i][j];
  };
  const body = data.rows.map((name, i) =>
    [defused(name), ...data.columns.map((_, j) => value(i, j)), data.totals[i]]);
  return [[corner, ...data.columns.map(defused), images], ...body];
}

function asText(rows, separator) {
  const quoted = (cell) => {
    const text = String(cell);
    return /["\n\r]/.test(text) || text.includes(separator) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => row.map(quoted).join(separator)).join("\r\n") + "\r\n";
}

function mixed(hue, share) {
  const parts = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const [from, to] = [parts(PALE), parts(hue)];
  return "#" + from.map((x, k) => Math.round(x + (to[k] - x) * share).toString(16).padStart(2, "0"))
    .join("");
}

function drawn(parent, tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}

function drawCell(svg, data, i, j, at, marked, most) {
  const cell = cellOf(data, i, j, marked, most);
  const hue = PAPER[cell.kind];
  const [wide, high, font] = CELLS[data.size];
  const fill = hue ? mixed(hue, cell.strength / 100) : cell.kind === "hidden" ? "#ffffff" : PALE;
  const box = { x: at.x + 1, y: at.y + 1, width: wide - 2, height: high - 2, rx: 2, fill };
  if (cell.marked) Object.assign(box, { stroke: INK, "stroke-width": data.size === "dense" ? 1.5 : 2.5 });
  drawn(drawn(svg, "rect", box), "title", {}, cell.title);
  const ink = { x: at.x + wide / 2, "text-anchor": "middle", fill: INK };
  const middle = at.y + high / 2 + font * 0.36;
  const lift = cell.sub ? font * 0.5 : 0;
  if (cell.main) {
    const weight = cell.kind === "empty" ? { opacity: 0.6 } : { "font-weight": 600 };
    drawn(svg, "text", { ...ink, ...weight, y: middle - lift, "font-size": font }, cell.main);
  }
  if (cell.sub) drawn(svg, "text", { ...ink, y: middle + font * 0.6, "font-size": font * 0.78 }, cell.sub);
}

// Words on lines of so many letters.
function lines(text, most) {
  const found = [""];
  text.split(" ").forEach((word) => {
    if (found.at(-1) && found.at(-1).length + word.length >= most) found.push("");
    found[found.length - 1] += (found.at(-1) && " ") + word;
  });
  return found;
}

function asSvg(data) {
  const [wide, high, font] = CELLS[data.size];
  const width = (text, size) => text.length * size * 0.6;
  const longest = (names) => Math.max(...names.map((name) => width(name, font)));
  const upright = longest(data.columns) > wide - 4;
  const left = longest(data.rows) + 16;
  const top = 62 + (upright ? longest(data.columns) : font) + 8;
  const right = left + wide * data.columns.length;
  const bottom = top + high * data.rows.length;
  const total = Math.max(right + 60, width(data.title, 15) + 16);
  const notes = data.notes.flatMap((note) => lines(note, (total - 16) / (12 * 0.56)));
  const svg = document.createElementNS(SVG, "svg");
  const size = { width: Math.ceil(total), height: Math.ceil(bottom + 16 + 18 * notes.length) };
  Object.entries({ ...size, viewBox: `0 0 ${size.width} ${size.height}`, "font-family": FONT,
    role: "img" }).forEach(([name, value]) => svg.setAttribute(name, value));
  drawn(svg, "title", {}, data.title);
  drawn(svg, "rect", { width: size.width, height: size.height, fill: "#ffffff" });
  drawn(svg, "text", { x: 8, y: 22, "font-size": 15, "font-weight": 600, fill: INK }, data.title);
  const said = { x: left, y: 46, "font-size": 12, fill: INK };
  drawn(svg, "text", said, data.corner.replace("\n", ", "));
  const marked = marksOf(data);
  const most = strongest(data);
  data.columns.forEach((name, j) => {
    const x = left + wide * j + wide / 2;
    const place = upright
      ? { transform: `translate(${x + font * 0.36} ${top - 6}) rotate(-90)` }
      : { x, y: top - 6, "text-anchor": "middle" };
    drawn(svg, "text", { ...place, "font-size": font, fill: INK }, name);
  });
  data.rows.forEach((name, i) => {
    const y = top + high * i;
    const line = { y: y + high / 2 + font * 0.36, "font-size": font, fill: INK, "text-anchor": "end" };
    drawn(svg, "text", { ...line, x: left - 6 }, name);
    data.columns.forEach((_, j) => drawCell(svg, data, i, j, { x: left + wide * j, y }, marked, most));
    drawn(svg, "text", { ...line, x: right + 50, opacity: 0.7 }, number(data, data.totals[i]));
  });
  notes.forEach((line, k) =>
    drawn(svg, "text", { x: 8, y: bottom + 22 + 18 * k, "font-size": 12, fill: INK }, line));
  return { text: new XMLSerializer().serializeToString(svg), ...size };
}

async function asPng(svg) {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg.text], { type: "image/svg+xml" }));
  await image.decode();
  URL.revokeObjectURL(image.src);
  const canvas = element("canvas");
  [canvas.width, canvas.height] = [svg.width * PNG_SCALE, svg.height * PNG_SCALE];
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function save(blob, name) {
  const link = element("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// Outside of localhost and https a browser has no clipboard, and says so here.
async function copied(text, words) {
  if (!navigator.clipboard) throw new Error(words.no_clipboard);
  await navigator.clipboard.writeText(text);
}

function exportTools(data) {
  const bar = element("div", "tools"), { words } = data;
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", words.export);
  const said = element("span", "said");
  said.setAttribute("role", "status");
  const file = (type, text, end) => save(new Blob([text], { type }), `${data.file}.${end}`);
  const ways = [
    [...words.copy, () => copied(asText(asRows(data), "\t"), words), words.copied],
    ["CSV", words.csv, () => file("text/csv", asText(asRows(data), ","), "csv")],
    ["SVG", words.svg, () => file("image/svg+xml", asSvg(data).text, "svg")],
    ["PNG", words.png, async () => save(await asPng(asSvg(data)), `${data.file}.png`)],
  ];
  ways.forEach(([name, title, way, done]) => {
    const button = element("button", "tool", name);
    button.type = "button";
    button.title = title;
    button.onclick = async () => {
      try {
        await way();
        said.textContent = done ?? filled(words.saved, { file: `${data.file}.${name.toLowerCase()}` });
      } catch (error) {
        said.textContent = filled(words.failed, { reason: error.message });
      }
    };
    bar.append(button);
  });
  bar.append(said);
  return bar;
}
