// A table whose cells are buttons. Every text goes through textContent: names come from files.
const lastFocus = new WeakMap();
const watched = new WeakMap();

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function cellButton(cell, pressed) {
  const button = element("button", "cell " + cell.kind);
  button.type = "button";
  button.title = cell.title;
  button.tabIndex = -1;
  button.setAttribute("aria-label", cell.title);
  button.setAttribute("aria-pressed", pressed ? "true" : "false");
  button.style.setProperty("--strength", cell.strength + "%");
  if (cell.strength > 82) button.classList.add("strong");
  if (cell.marked) button.classList.add("marked");
  button.append(element("span", "main", cell.main));
  if (cell.sub) button.append(element("span", "sub", cell.sub));
  return button;
}

// Names stand upright where they do not fit lying; a table that is still wider than its place says
// so, and fades where it goes on.
function watchWidth(root) {
  const look = () => {
    const table = root.querySelector("table");
    table.classList.remove("upright");
    table.classList.toggle("upright", root.scrollWidth > root.clientWidth);
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

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".root");
  if (!root || !data) return;
  const selected = data.selected;
  const buttons = [];

  const table = element("table");
  table.classList.toggle("compact", data.compact);
  table.style.setProperty("--n-columns", data.columns.length);
  table.setAttribute("aria-label", data.alt);

  const head = element("thead");
  const top = element("tr");
  const corner = element("th", "corner", data.corner);
  corner.scope = "col";
  top.append(corner);
  data.columns.forEach((name) => {
    const th = element("th", "column");
    th.scope = "col";
    th.title = name;
    th.append(element("span", "", name));
    top.append(th);
  });
  if (data.totals) top.append(element("th", "total", data.total_name));
  head.append(top);
  table.append(head);

  const body = element("tbody");
  data.cells.forEach((row, i) => {
    const tr = element("tr");
    const th = element("th", "row", data.rows[i]);
    th.scope = "row";
    th.title = data.rows[i];
    tr.append(th);
    buttons.push([]);
    row.forEach((cell, j) => {
      const td = element("td");
      const pressed = Boolean(selected && selected[0] === i && selected[1] === j);
      const button = cellButton(cell, pressed);
      button.onclick = () => {
        lastFocus.set(parentElement, [i, j]);
        setStateValue("selected", pressed ? null : [i, j]);
      };
      button.onkeydown = (event) => {
        const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
        const move = step[event.key];
        if (!move) return;
        event.preventDefault();
        const next = buttons[i + move[0]] && buttons[i + move[0]][j + move[1]];
        if (!next) return;
        button.tabIndex = -1;
        next.tabIndex = 0;
        next.focus();
      };
      buttons[i].push(button);
      td.append(button);
      tr.append(td);
    });
    if (data.totals) tr.append(element("td", "total", data.totals[i]));
    body.append(tr);
  });
  table.append(body);
  const hint = element("div", "hint", "There are more columns: scroll sideways →");
  root.replaceChildren(hint, table);
  watchWidth(root);

  const focus = lastFocus.get(parentElement);
  const [fi, fj] = focus && buttons[focus[0]] && buttons[focus[0]][focus[1]] ? focus : [0, 0];
  if (buttons[fi] && buttons[fi][fj]) {
    buttons[fi][fj].tabIndex = 0;
    if (focus) {
      lastFocus.delete(parentElement);
      buttons[fi][fj].focus({ preventScroll: true });
    }
  }
}
