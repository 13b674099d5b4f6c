// A table whose cells are buttons, and whose class names can be dragged onto each other.
// Every text goes through textContent: names come from files.
const lastFocus = new WeakMap();
const watched = new WeakMap();
const drawnAs = new WeakMap();

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function cellButton(data, i, j, marked, most) {
  const cell = cellOf(data, i, j, marked, most);
  const button = element("button", "cell " + cell.kind);
  button.type = "button";
  button.title = cell.title;
  button.setAttribute("aria-label", cell.title);
  button.setAttribute("aria-pressed", "false");
  button.style.setProperty("--strength", cell.strength.toFixed(1) + "%");
  button.classList.toggle("marked", cell.marked);
  if (cell.main) button.append(element("span", "main", cell.main));
  if (cell.sub) button.append(element("span", "sub", cell.sub));
  return button;
}

// A name may be broken after a +, so that merged classes keep their width.
function withBreaks(node, name) {
  name.split("+").forEach((part, k, all) => {
    node.append(part + (k < all.length - 1 ? "+" : ""));
    if (k < all.length - 1) node.append(document.createElement("wbr"));
  });
  return node;
}

function heading(kind, name, { merging, words }) {
  const th = element("th", kind);
  th.scope = kind === "row" ? "row" : "col";
  th.title = merging ? filled(words.drag_name, { name }) : name;
  const inside = element(merging ? "button" : "span", "name");
  if (merging) {
    inside.type = "button";
    inside.dataset.name = name;
  }
  th.append(withBreaks(inside, name));
  return th;
}

function place(node, i, j) {
  node.dataset.i = i;
  node.dataset.j = j;
  node.tabIndex = -1;
  return node;
}

function drawTable(data) {
  const table = element("table", data.size);
  table.style.setProperty("--n-columns", data.columns.length);
  table.setAttribute("aria-label", data.alt);
  const marked = marksOf(data);
  const most = strongest(data);

  const top = element("tr");
  const corner = element("th", "corner", data.corner);
  corner.scope = "col";
  top.append(corner);
  data.columns.forEach((name, j) => {
    const th = heading("column", name, data);
    if (data.merging) place(th.firstChild, -1, j);
    top.append(th);
  });
  top.append(element("th", "total", data.words.images));
  const head = element("thead");
  head.append(top);

  const body = element("tbody");
  data.rows.forEach((name, i) => {
    const tr = element("tr");
    const th = heading("row", name, data);
    if (data.merging) place(th.firstChild, i, -1);
    tr.append(th);
    data.columns.forEach((_, j) => {
      const td = element("td");
      td.append(place(cellButton(data, i, j, marked, most), i, j));
      tr.append(td);
    });
    tr.append(element("td", "total", number(data, data.totals[i])));
    body.append(tr);
  });
  table.append(head, body);
  return table;
}

// Names stand upright where they do not fit lying; a table that is still wider than its place says
// so, and fades where it goes on.
function watchWidth(root) {
  const look = () => {
    const table = root.querySelector("table");
    const upright = table.classList.contains("dense");
    table.classList.toggle("upright", upright);
    if (!upright) table.classList.toggle("upright", root.scrollWidth > root.clientWidth);
    const hidden = root.scrollWidth - root.clientWidth;
    root.classList.toggle("scrolls", hidden > 1);
    root.classList.toggle("more", hidden - root.scrollLeft > 1);
  };
  root.onscroll = look;
  if (!watched.has(root)) {
    const observer = new ResizeObserver(look);
    observer.observe(root);
    watched.set(root, observer);
  }
  look();
}

const buttonAt = (root, i, j) => root.querySelector(`button[data-i="${i}"][data-j="${j}"]`);

// The names of the row and the column that the pointer is on stand out.
function crosshair(root, button) {
  root.querySelectorAll("th.here").forEach((th) => th.classList.remove("here"));
  if (!button || !button.classList.contains("cell")) return;
  const row = button.closest("tr");
  row.querySelector("th.row").classList.add("here");
  root.querySelectorAll("th.column")[Number(button.dataset.j)].classList.add("here");
}

function byArrows(root) {
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  root.onkeydown = (event) => {
    const here = event.target.closest("button");
    const step = steps[event.key];
    if (!here || !step) return;
    event.preventDefault();
    const next = buttonAt(root, Number(here.dataset.i) + step[0], Number(here.dataset.j) + step[1]);
    if (!next) return;
    here.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  };
}

// A table of ten thousand cells takes a while to lay out: it is drawn again only where more than
// the choice has changed.
function draw(root, data) {
  const content = JSON.stringify({ ...data, selected: null });
  if (drawnAs.get(root) === content) return;
  drawnAs.set(root, content);
  const status = element("div", "status");
  status.setAttribute("role", "status");
  const hint = element("div", "hint", data.words.more_columns);
  const tools = data.file ? [exportTools(data)] : [];
  root.replaceChildren(...(data.merging ? [status] : []), hint, drawTable(data), ...tools);
  root.classList.toggle("merging", data.merging);
  watchWidth(root);
}

function press(root, at) {
  const chosen = at && buttonAt(root, ...at);
  root.querySelectorAll('button.cell[aria-pressed="true"]').forEach((button) =>
    button.setAttribute("aria-pressed", "false"));
  if (chosen) chosen.setAttribute("aria-pressed", "true");
}

export default function (component) {
  const { data, parentElement, setStateValue, setTriggerValue } = component;
  const root = parentElement.querySelector(".root");
  if (!root || !data) return;
  draw(root, data);
  press(root, data.selected);
  byArrows(root);
  const say = (text) => (root.querySelector(".status").textContent = text);

  const click = data.merging
    ? mergeable(root, data, say, (a, b) => setTriggerValue("merge", [a, b]))
    : () => {};
  root.onpointerover = (event) => crosshair(root, event.target.closest("button"));
  root.onpointerleave = () => crosshair(root, null);
  root.onclick = (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.classList.contains("name")) return click(button);
    if (!button.classList.contains("cell")) return;
    const at = [Number(button.dataset.i), Number(button.dataset.j)];
    lastFocus.set(parentElement, at);
    const pressed = button.getAttribute("aria-pressed") === "true";
    setStateValue("selected", pressed ? null : at);
  };

  const focus = lastFocus.get(parentElement);
  const kept = focus && buttonAt(root, ...focus);
  const first = kept || root.querySelector('button[tabindex="0"]') || buttonAt(root, 0, 0);
  if (first) first.tabIndex = 0;
  if (kept) {
    lastFocus.delete(parentElement);
    if (!kept.matches(":focus")) kept.focus({ preventScroll: true });
  }
}
