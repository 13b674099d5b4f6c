// Mouse, fingers, wheel and keys on a canvas; what they do is said by `hands`.
const CLICK_PX = 8, TOUCH_PX = 18, MOVED_PX = 4;

function gestures(over, hands) {
  const pointers = new Map(); // where each finger, or the mouse, is
  let grip = null, line = null;

  const place = (event) => {
    const box = over.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const reach = (event) => (event.pointerType === "touch" ? TOUCH_PX : CLICK_PX);

  function pinch(id, at) {
    const other = [...pointers].find(([key]) => key !== id);
    if (!other) return;
    const was = pointers.get(id), fixed = other[1];
    const apart = (p) => Math.max(10, Math.hypot(p[0] - fixed[0], p[1] - fixed[1]));
    hands.pan((at[0] - was[0]) / 2, (at[1] - was[1]) / 2);
    hands.zoom(apart(at) / apart(was), [(at[0] + fixed[0]) / 2, (at[1] + fixed[1]) / 2]);
  }

  function giveUp() {
    grip = line = null;
    hands.line(null);
  }

  over.onpointerdown = (event) => {
    if (event.button > 0) return;
    over.setPointerCapture(event.pointerId);
    const at = place(event);
    pointers.set(event.pointerId, at);
    giveUp();
    grip = pointers.size > 1 ? { pinch: true }
      : { start: at, last: at, moved: false, drawing: hands.drawing(event.shiftKey) };
    hands.point(null);
  };

  over.onpointermove = (event) => {
    const at = place(event);
    if (!pointers.has(event.pointerId)) {
      if (event.pointerType !== "touch") hands.point(at, CLICK_PX);
      return;
    }
    if (grip?.pinch) pinch(event.pointerId, at);
    pointers.set(event.pointerId, at);
    if (!grip || grip.pinch) return;
    grip.moved ||= Math.hypot(at[0] - grip.start[0], at[1] - grip.start[1]) >= MOVED_PX;
    if (!grip.moved) return;
    if (grip.drawing) {
      line ??= [grip.start];
      line.push(at);
      hands.line(line);
    } else hands.pan(at[0] - grip.last[0], at[1] - grip.last[1]);
    grip.last = at;
  };

  over.onpointerup = (event) => {
    pointers.delete(event.pointerId);
    const done = grip, drawn = line;
    if (!pointers.size) grip = null; // a pinch ends with its last finger
    line = null;
    hands.line(null);
    if (!done || done.pinch) return;
    if (drawn) hands.lasso(drawn);
    else if (!done.moved) hands.click(place(event), reach(event));
  };

  over.onpointercancel = (event) => {
    pointers.delete(event.pointerId);
    giveUp();
  };
  over.onpointerleave = () => hands.point(null);

  over.addEventListener("wheel", (event) => {
    event.preventDefault();
    const turned = event.deltaY * (event.deltaMode === 1 ? 16 : 1); // lines or pixels
    hands.zoom(Math.exp(-Math.max(-200, Math.min(200, turned)) * 0.002), place(event));
  }, { passive: false });

  over.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && line) giveUp();
    else if (!hands.key(event.key)) return;
    event.preventDefault();
  };
}
