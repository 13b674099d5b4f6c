// How a class name is dragged onto another; part of the module of matrix.js.
const DRAG_PX = 6; // a shorter way is a click
const chosenName = new WeakMap();

// Two ways to merge: drag one name onto another (or onto its row or column), or click both.
function mergeable(root, data, say, merge) {
  const { words } = data;
  const names = () => [...root.querySelectorAll("button.name")];
  const mark = (kind, name) =>
    names().forEach((n) => n.classList.toggle(kind, n.dataset.name === name));
  let drag = null;
  let dragged = false;

  const choose = (name) => {
    chosenName.set(root, name);
    mark("chosen", name);
    say(name ? filled(words.merge_with, { name }) : words.how_to_merge);
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
    say(filled(other ? words.release : words.drag_on, { name: drag.name, other }));
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
