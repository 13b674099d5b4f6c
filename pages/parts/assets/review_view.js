// What is on the screen. Every text goes through textContent: labels and notes come from people.
const ZOOM = 2.5;
const COMMANDS = [["skip", "Space"], ["not_sure", "q"], ["undo", "u"], ["zoom", "z"], ["note", "n"]];

// A sentence of the page's, with its values in place: "{n} not saved".
function filled(words, values) {
  return words.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function button(className, text, key, act, keyName = key) {
  const node = element("button", className);
  node.type = "button";
  if (key) node.append(element("kbd", "", keyName));
  node.append(element("span", "name", text));
  if (key) node.setAttribute("aria-keyshortcuts", key);
  node.onclick = act;
  return node;
}

const signed = ({ labels, keys, words }) => JSON.stringify([labels, keys, words]);

function build(root, data, act) {
  const { labels, keys, words } = data;
  const view = { root, labels: new Map(), words, signature: signed(data) };
  root.setAttribute("aria-label", words.review);
  view.stage = element("div", "stage");
  view.stage.tabIndex = -1;
  view.stage.onclick = (event) => act.zoom(event);
  view.stage.onpointermove = (event) => aim(view, event);
  view.empty = element("div", "empty");
  const names = element("div", "labels");
  names.setAttribute("role", "group");
  names.setAttribute("aria-label", words.labels);
  names.classList.toggle("many", labels.length > 12);
  labels.forEach((label, i) => {
    const node = button("label", label, keys[i], () => act.label(label));
    view.labels.set(label, node);
    names.append(node);
  });
  view.filter = element("input", "filter");
  view.filter.placeholder = words.filter_how;
  view.filter.setAttribute("aria-label", words.filter);
  view.filter.oninput = () => narrow(view);
  const commands = element("div", "commands");
  for (const [name, key] of COMMANDS) {
    const keyName = key === "Space" ? words.space : key;
    view[name] = button(`command ${name}`, words[name], key, () => act[name](), keyName);
    commands.append(view[name]);
  }
  view.note = element("input", "text");
  view.note.placeholder = words.note_how;
  view.note.setAttribute("aria-label", words.note_of);
  view.note.maxLength = 2000;
  view.note.hidden = true;
  view.told = element("div", "told");
  view.status = element("div", "status");
  view.status.setAttribute("role", "status");
  view.trouble = element("div", "trouble"); // over the image: no button may move under a finger
  view.trouble.setAttribute("role", "alert");
  view.left = element("div", "left");
  const side = element("div", "side");
  side.append(...(labels.length > keys.filter(Boolean).length || labels.length > 12 ? [view.filter] : []),
    names, commands, view.note, view.told, view.status, view.left);
  root.replaceChildren(view.stage, view.trouble, side);
  return view;
}

function narrow(view) {
  const wanted = view.filter.value.trim().toLowerCase();
  for (const [label, node] of view.labels) node.hidden = !label.toLowerCase().includes(wanted);
}

function first(view) {
  for (const [label, node] of view.labels) if (!node.hidden) return label;
  return null;
}

function aim(view, event) {
  if (!view.stage.classList.contains("zoomed")) return;
  const box = view.stage.getBoundingClientRect();
  const x = (100 * (event.clientX - box.left)) / box.width;
  const y = (100 * (event.clientY - box.top)) / box.height;
  view.stage.style.setProperty("--at", `${x.toFixed(1)}% ${y.toFixed(1)}%`);
}

function zoom(view, event) {
  const on = view.stage.classList.toggle("zoomed", event === null ? false : undefined);
  view.stage.style.setProperty("--zoom", ZOOM);
  if (on && event?.clientX) aim(view, event);
  else if (on) view.stage.style.setProperty("--at", "50% 50%");
  view.zoom.setAttribute("aria-pressed", on ? "true" : "false");
}

function flash(view, label) {
  const node = view.labels.get(label);
  if (!node) return;
  node.classList.add("hit");
  setTimeout(() => node.classList.remove("hit"), 160);
}

// Show the image that is next, or say why there is none.
function show(view, desk) {
  const item = desk.current && desk.held.get(desk.current);
  if (item) {
    if (view.shown !== item) {
      zoom(view, null);
      view.stage.replaceChildren(item.picture);
      view.note.value = desk.notes.get(item.image) ?? "";
      view.note.hidden = !view.note.value;
      view.shown = item;
      view.root.dataset.shown = item.image;
    }
  } else {
    view.shown = null;
    delete view.root.dataset.shown;
    const loading = desk.current !== null || desk.asked !== null;
    view.empty.textContent = loading ? view.words.loading : view.words.finished;
    view.stage.replaceChildren(view.empty);
  }
  for (const node of view.labels.values()) node.disabled = !item;
  view.skip.disabled = view.not_sure.disabled = view.note.disabled = !item;
  tell(view, desk, item);
  sayHow(view, desk);
}

// The given label and the others' answers, where they may be seen.
function tell(view, desk, item) {
  const open = item && item.given !== null && item.given !== undefined;
  const told = open ? { given: item.given, others: item.others } : desk.told;
  const words = view.words;
  view.told.hidden = !told;
  if (!told) return;
  const lines = [element("div", "head", open ? words.this : filled(words.last, told))];
  lines.push(element("div", "", filled(words.given, told)));
  for (const [who, what] of told.others) lines.push(element("div", "", `${who}: ${what}`));
  if (!told.others.length) lines.push(element("div", "", words.nobody));
  view.told.replaceChildren(...lines);
}

function sayHow(view, desk) {
  const open = desk.pending.length - desk.refused.size;
  const { late, saving, saved, unsaved, saved_here } = view.words;
  const said = [];
  if (open) said.push(filled(desk.late ? late : saving, { n: open }));
  else if (desk.nSaved && !desk.refused.size) said.push(saved);
  if (desk.refused.size) said.push(filled(unsaved, { n: desk.refused.size }));
  if (desk.nSaved) said.push(filled(saved_here, { n: desk.nSaved }));
  view.status.textContent = said.join(" · ");
  view.root.dataset.unsaved = desk.pending.length;
  view.left.textContent = desk.data.left;
}

function complain(view, desk, act) {
  const words = view.words;
  const rows = [...desk.refused].map(([id, why]) => {
    const event = desk.pending.find((e) => e.id === id);
    const row = element("div", "row");
    const item = event && desk.held.get(event.image);
    if (item) row.append(item.picture.cloneNode());
    const answer = event?.label ?? words[`said_${event?.verdict}`] ?? "";
    const what = event?.verdict === "undo" ? words.refused_undo : words.refused;
    row.append(element("div", "", filled(what, { answer, why: why.why })));
    const over = why.version != null;
    row.append(button("again", over ? words.save_mine : words.again, "", () => act.retry(id)));
    row.append(button("again", over ? words.keep_theirs : words.give_up, "", () => act.drop(id)));
    return row;
  });
  if (desk.late) rows.push(button("again", words.again_now, "", () => act.resend()));
  view.trouble.replaceChildren(...rows);
}
