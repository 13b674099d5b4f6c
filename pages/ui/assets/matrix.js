// A table whose cells are buttons, and whose class names can be dragged onto each other.
// Every text goes through textContent: names come from files.
const SQRT_FULL = 92; // percent of the hue in a cell that holds its whole row
const STRONG = 82; // from this hue on, text is white
const DRAG_PX = 6; // a shorter way is a click
const lastFocus = new WeakMap();
const watched = new WeakMap();
const chosenName = new WeakMap();

const number = (n) => n.toLocaleString("en-US");
const percent = (share, digits) => (100 * share).toFixed(digits) + "%";

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

// What one cell says and how it looks; the hue grows with the square root of the row's share, so
// that a few errors can be seen.
function cellOf(data, i, j) {
  const n = data.counts[i][j];
  const total = data.totals[i];
  const share = total ? n / total : 0;
  const full = data.size === "full";
  const of = `${number(n)} of ${number(total)} images ${data.row_word} ${data.rows[i]}`;
  return {
    main: data.size === "dense" || (!n && !full) ? "" : number(n),
    sub: !n || !full ? "" : share < 0.005 ? "<1%" : percent(share, 0),
    strength: SQRT_FULL * Math.sqrt(share),
    kind: !n ? "empty" : data.cross || i === j ? "right" : "wrong",
    title: `${of}, ${data.column_word} ${data.columns[j]} (${percent(share, 1)} of the row)`,
  };
}

function cellButton(data, i, j, marked) {
  const cell = cellOf(data, i, j);
  const pressed = Boolean(data.selected && data.selected[0] === i && data.selected[1] === j);
  const button = element("button", "cell " + cell.kind);
  button.type = "button";
  button.title = cell.title;
  button.setAttribute("aria-label", cell.title);
  button.setAttribute("aria-pressed", pressed ? "true" : "false");
  button.style.setProperty("--strength", cell.strength.toFixed(1) + "%");
  button.classList.toggle("strong", cell.strength > STRONG);
  button.classList.toggle("marked", marked.has(`${i},${j}`));
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

function heading(kind, name, merging) {
  const th = element("th", kind);
  th.scope = kind === "row" ? "row" : "col";
  th.title = merging ? `${name}: drag onto another class to merge the two, or click both` : name;
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
  const marked = new Set(data.marked.map(([i, j]) => `${i},${j}`));

  const top = element("tr");
  const corner = element("th", "corner", data.corner);
  corner.scope = "col";
  top.append(corner);
  data.columns.forEach((name, j) => {
    const th = heading("column", name, data.merging);
    if (data.merging) place(th.firstChild, -1, j);
    top.append(th);
  });
  top.append(element("th", "total", "images"));
  const head = element("thead");
  head.append(top);

  const body = element("tbody");
  data.rows.forEach((name, i) => {
    const tr = element("tr");
    const th = heading("row", name, data.merging);
    if (data.merging) place(th.firstChild, i, -1);
    tr.append(th);
    data.columns.forEach((_, j) => {
      const td = element("td");
      td.append(place(cellButton(data, i, j, marked), i, j));
      tr.append(td);
    });
    tr.append(element("td", "total", number(data.totals[i])));
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

// Two ways to merge: drag one name onto another (or onto its row or column), or click both.
function mergeable(root, data, say, merge) {
  const usual = "Drag a class name onto another to merge the two, or click both names.";
  const names = () => [...root.querySelectorAll("button.name")];
  const mark = (kind, name) =>
    names().forEach((n) => n.classList.toggle(kind, n.dataset.name === name));
  let drag = null;
  let dragged = false;

  const choose = (name) => {
    chosenName.set(root, name);
    mark("chosen", name);
    say(name ? `Merge ${name} with …: click the other name, or press Escape.` : usual);
  };
  choose(data.rows.includes(chosenName.get(root)) ? chosenName.get(root) : null);

  const under = (event) => {
    const node = root.getRootNode().elementFromPoint(event.clientX, event.clientY);
    const button = node && root.contains(node) ? node.closest("button, th") : null;
    const at = button && (button.dataset.i === undefined ? button.querySelector("button") : button);
    if (!at) return null;
    const index = Number(drag.column ? at.dataset.j : at.dataset.i);
    return index >= 0 ? data.rows[index] : at.dataset.name || null;
  };
  const end = () => {
    if (drag && drag.ghost) drag.ghost.remove();
    root.classList.remove("dragging");
    mark("target", null);
    drag = null;
  };

  root.onpointerdown = (event) => {
    dragged = false;
    const button = event.target.closest("button.name");
    if (!button || event.button !== 0) return;
    drag = { name: button.dataset.name, column: button.dataset.i === "-1", x: event.clientX,
             y: event.clientY, button };
  };
  root.onpointermove = (event) => {
    if (!drag) return;
    if (!event.buttons) return end(); // released where nobody heard it
    if (!drag.ghost) {
      if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < DRAG_PX) return;
      drag.button.setPointerCapture(event.pointerId);
      drag.ghost = element("div", "ghost", drag.name);
      root.append(drag.ghost);
      root.classList.add("dragging");
    }
    dragged = true;
    const box = root.getBoundingClientRect();
    drag.ghost.style.left = `${event.clientX - box.left + root.scrollLeft + 10}px`;
    drag.ghost.style.top = `${event.clientY - box.top + 10}px`;
    const target = under(event);
    const other = target && target !== drag.name ? target : null;
    mark("target", other);
    say(other ? `Release to merge ${drag.name} and ${other}.` : `Drag ${drag.name} onto another.`);
  };
  root.onpointerup = (event) => {
    if (!drag) return;
    const name = drag.name;
    const target = drag.ghost ? under(event) : null;
    end();
    if (!dragged) return;
    choose(null);
    if (target && target !== name) merge(name, target);
  };
  root.onpointercancel = end;
  root.onkeyup = (event) => event.key === "Escape" && choose(null);
  return (button) => {
    if (dragged) return void (dragged = false); // the end of a drag, not a click
    const first = chosenName.get(root);
    const name = button.dataset.name;
    if (!first) choose(name);
    else {
      choose(null);
      if (first !== name) merge(first, name);
    }
  };
}

export default function (component) {
  const { data, parentElement, setStateValue, setTriggerValue } = component;
  const root = parentElement.querySelector(".root");
  if (!root || !data) return;
  const table = drawTable(data);
  const status = element("div", "status");
  status.setAttribute("role", "status");
  const say = (text) => (status.textContent = text);
  const hint = element("div", "hint", "There are more columns: scroll sideways →");
  root.replaceChildren(...(data.merging ? [status, hint, table] : [hint, table]));
  root.classList.toggle("merging", data.merging);
  watchWidth(root);
  byArrows(root);

  const click = data.merging
    ? mergeable(root, data, say, (a, b) => setTriggerValue("merge", [a, b]))
    : () => {};
  root.onpointerover = (event) => crosshair(root, event.target.closest("button"));
  root.onpointerleave = () => crosshair(root, null);
  root.onclick = (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.classList.contains("name")) return click(button);
    const at = [Number(button.dataset.i), Number(button.dataset.j)];
    lastFocus.set(parentElement, at);
    const pressed = button.getAttribute("aria-pressed") === "true";
    setStateValue("selected", pressed ? null : at);
  };

  const focus = lastFocus.get(parentElement);
  const kept = focus && buttonAt(root, ...focus);
  const first = kept || buttonAt(root, 0, 0);
  if (first) first.tabIndex = 0;
  if (kept) {
    lastFocus.delete(parentElement);
    kept.focus({ preventScroll: true });
  }
}
