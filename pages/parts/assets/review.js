// The hands: keys, buttons, and the way to the server and back.
const SETTLES_MS = 2000;
const HEADER_PX = 60; // of Streamlit's own bar, which lies over the page
const views = new WeakMap();
const FIELDS = "input, textarea, select, [contenteditable=true], [role=combobox]";

function hands(desk, viewOf, changed) {
  const back = () => viewOf().stage.focus({ preventScroll: true });
  const answer = (verdict, label) => {
    const done = say(desk, verdict, label);
    changed();
    if (done && label) flash(viewOf(), label);
    back();
  };
  return {
    label: (label) => {
      viewOf().filter.value = "";
      narrow(viewOf());
      answer("label", label);
    },
    skip: () => answer("skip"),
    not_sure: () => answer("not_sure"),
    undo: () => (undo(desk), changed(), back()),
    zoom: (event) => (desk.current && zoom(viewOf(), event), back()),
    note: () => ((viewOf().note.hidden = false), viewOf().note.focus()),
    retry: (id) => (retry(desk, id), changed(), back()),
    drop: (id) => (drop(desk, id), changed(), back()),
    resend: () => (send(desk, true), changed(), back()),
  };
}

function onKey(event, view, desk, act) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !view.root.isConnected) return;
  const target = event.composedPath()[0];
  if (target === view.filter || target === view.note) return inField(event, view, desk, act);
  if (target.closest?.(FIELDS) || document.querySelector("[role=dialog]")) return;
  // Whoever walks the page with Tab answers nothing by a letter (WCAG 2.1.4), until Escape or a click.
  if (event.key === "Tab" || event.key === "Escape") view.walking = event.key === "Tab";
  const outside = !event.composedPath().includes(view.root);
  if (outside && view.walking && target.matches(":focus-visible")) return;
  const pressing = event.key === " " || event.key === "Enter";
  if (pressing && target !== view.stage && target.closest?.("button, a, [role=tab], summary")) return;
  const at = desk.data.keys.indexOf(event.key.toLowerCase());
  const commands = { " ": "skip", q: "not_sure", "?": "not_sure", u: "undo", Backspace: "undo",
                     z: "zoom", n: "note" };
  const name = commands[event.key] ?? commands[event.key.toLowerCase()];
  if (at >= 0 && !event.repeat) act.label(desk.data.labels[at]);
  else if (name && !event.repeat) act[name]();
  else if (event.key === "Escape") zoom(view, null);
  else if (event.key === "/") view.filter.focus();
  else if (at < 0 && !name) return;
  event.preventDefault();
  event.stopPropagation();
}

function inField(event, view, desk, act) {
  const target = event.composedPath()[0];
  event.stopPropagation(); // letters are text here, for Streamlit's own shortcuts, too
  if (target === view.note) {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    view.stage.focus({ preventScroll: true });
  } else if (event.key === "Enter") {
    const label = view.filter.value.trim() ? first(view) : null;
    if (label) act.label(label);
  } else if (event.key === "Escape") {
    view.filter.value = "";
    narrow(view);
    view.stage.focus({ preventScroll: true });
  }
}

// Begin with the hands on the keys and the whole screen in view. What stands above it comes and
// goes while the page settles, so look again for a moment, unless somebody scrolls or acts.
function settle(view) {
  if (document.activeElement === document.body) view.stage.focus({ preventScroll: true });
  let until = performance.now() + SETTLES_MS;
  for (const kind of ["wheel", "pointerdown", "keydown"]) {
    window.addEventListener(kind, () => (until = 0), { once: true, capture: true });
  }
  const look = () => {
    if (performance.now() > until || !view.root.isConnected) return;
    const box = view.root.getBoundingClientRect();
    if (box.bottom > innerHeight || box.top < HEADER_PX) view.root.scrollIntoView();
    setTimeout(look, 200);
  };
  look();
}

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".root");
  if (!root || !data) return;
  const desk = deskOf(data.who);
  desk.post = (said) => setStateValue("said", said);
  let view = views.get(root);
  const viewOf = () => views.get(root);
  const changed = () => {
    show(viewOf(), desk);
    complain(viewOf(), desk, act);
  };
  const act = hands(desk, viewOf, changed);
  desk.changed = changed;
  const fresh = !view || view.signature !== signed(data);
  if (fresh) {
    view = build(root, data, act);
    views.set(root, view);
  }
  view.note.oninput = () => desk.current && desk.notes.set(desk.current, view.note.value);
  receive(desk, data);
  changed();
  if (view.listener) window.removeEventListener("keydown", view.listener, true);
  view.listener = (event) => onKey(event, view, desk, act);
  window.addEventListener("keydown", view.listener, true);
  if (fresh) settle(view);
  return () => {
    window.removeEventListener("keydown", view.listener, true);
    clearTimeout(desk.asked);
    Object.assign(desk, { post: null, asked: null, changed: () => {} });
    desk.sent.clear(); // whoever opens this desk again sends what is left
  };
}
