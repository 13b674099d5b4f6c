// The map of the embeddings. Every text goes through textContent: names come from files.
const live = new WeakMap();
const MOST_ZOOM = 80, CLICK_PX = 8, TOUCH_PX = 18, REST_MS = 60, PATIENCE_MS = 3000;
const N_AHEAD = 16, PICTURES_KEPT = 3000, TOOLS_PX = 44; // what the buttons cover at the top

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function button(className, text, title, act) {
  const node = element("button", className, text);
  node.type = "button";
  node.title = title;
  node.onclick = act;
  return node;
}

// The name says which points they are; a resent message need not reset the view.
function same(before, now) {
  const told = ({ points, marks, bounds }) => JSON.stringify([points.numRows, marks, bounds]);
  return Boolean(before) && told(before) === told(now);
}

function createMap(root, name) {
  const maps = (window.desempateMaps ??= new Map());
  if (!maps.has(name)) maps.set(name, {});
  const shared = maps.get(name);
  const base = element("canvas", "base"), over = element("canvas", "over");
  const tip = element("div", "tip"), legend = element("div", "legend");
  const stage = element("div", "stage"), tools = element("div", "tools");
  const lassoButton = button("tool", "Lasso", "Draw around points to mark them; or hold Shift and drag", () => setTool(!lassoing));
  const clearButton = button("tool", "Clear", "Mark nothing (Escape)", () => select(null));
  tip.hidden = true;
  over.tabIndex = 0;
  over.setAttribute("role", "application");
  const box = element("div", "box");
  stage.append(base, over, tools, tip);
  box.append(stage, legend);
  root.replaceChildren(box);

  let data, setState, points, order, colours, look, bounds;
  let width = 0, height = 0, ratio = 1, image, pixels;
  let centre = [Q / 2, Q / 2], zoom = 1, lassoing = false, line = null, hovered = -1;
  let selection = { turn: 0 }, within = null, pressed = new Set(), peeked = -1;
  let pictures = new Map(), askedAt = 0, waiting = null, rest = 0, planned = 0, stale = true;
  const pointers = new Map();

  // ---- where things are ----
  const fitScale = () => 0.93 * Math.min(width / Math.max(bounds[2] - bounds[0], 1),
    (height - TOOLS_PX) / Math.max(bounds[3] - bounds[1], 1));
  const frame = () => {
    const scale = fitScale() * zoom, middle = (height + TOOLS_PX) / 2;
    return { scale, left: width / 2 - centre[0] * scale, top: middle + centre[1] * scale };
  };
  const toScreen = ([x, y], f = frame()) => [x * f.scale + f.left, f.top - y * f.scale];
  const toPoints = ([px, py], f = frame()) => [(px - f.left) / f.scale, (f.top - py) / f.scale];
  const toData = ([x, y]) => [data.origin[0] + (x / Q) * data.span, data.origin[1] + (y / Q) * data.span];
  const fromData = ([x, y]) => [((x - data.origin[0]) / data.span) * Q, ((y - data.origin[1]) / data.span) * Q];
  const place = (event) => {
    const box = over.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  // ---- drawing ----
  function plan(all = true) {
    stale ||= all;
    if (!planned) planned = requestAnimationFrame(draw);
  }

  function draw() {
    planned = 0;
    if (!points || !width || !colours) return;
    if (stale) drawPoints();
    stale = false;
    drawOver();
  }

  function drawPoints() {
    const w = base.width, h = base.height, context = base.getContext("2d", { alpha: false });
    if (!image || image.width !== w || image.height !== h) {
      image = context.createImageData(w, h);
      pixels = new Uint32Array(image.data.buffer);
    }
    pixels.fill(look.ground);
    const f = frame(), at = { scale: f.scale * ratio, left: f.left * ratio, top: f.top * ratio };
    const n = points.x.length;
    const size = (n > 40000 ? 1.3 : n > 8000 ? 1.9 : n > 2500 ? 2.5 : 3.2) * Math.min(2.2, zoom ** 0.3);
    const stamp = disc(size * ratio, w, 0.85);
    const lit = litRows();
    if (lit) {
      const dim = new Uint8Array(n);
      for (let i = 0; i < n; i++) dim[i] = lit[i] ? 0 : 1;
      splat(pixels, w, h, points, at, order, dim, [look.faded], null, disc(size * ratio, w, 0.55));
    }
    splat(pixels, w, h, points, at, order, lit, colours.pixels, colours.groups, stamp);
    context.putImageData(image, 0, 0);
    root.dataset.view = JSON.stringify({ scale: (f.scale * Q) / data.span,
      corner: toData(toPoints([0, 0], f)) });
  }

  function litRows() {
    const some = peeked >= 0 ? new Set([peeked]) : pressed;
    if (!within && !some.size) return null;
    const lit = new Uint8Array(points.x.length), { groups } = colours;
    for (let i = 0; i < lit.length; i++)
      lit[i] = (!within || within[i]) && (!some.size || some.has(groups[i])) ? 1 : 0;
    return lit;
  }

  function drawOver() {
    const context = over.getContext("2d"), f = frame();
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const outline = line ? line : selection.polygon?.map((corner) => toScreen(fromData(corner), f));
    if (outline && outline.length > 1) {
      context.beginPath();
      outline.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.closePath();
      context.globalAlpha = 0.08;
      context.fillStyle = look.primary;
      context.fill("evenodd");
      context.globalAlpha = 1;
      context.lineWidth = 1.5;
      context.setLineDash([5, 4]);
      context.strokeStyle = look.primary;
      context.stroke();
      context.setLineDash([]);
    }
    const ring = (row, radius) => {
      const [x, y] = toScreen([points.x[row], points.y[row]], f);
      circle(context, x, y, radius, look.text, 2);
    };
    if (selection.row !== undefined) ring(selection.row, 9);
    if (hovered >= 0) ring(hovered, 7);
    for (const mark of data.marks) {
      const [x, y] = toScreen([mark.x, mark.y], f);
      circle(context, x, y, 11, look.back, 7);
      circle(context, x, y, 11, look.primary, 3);
      circle(context, x, y, 2, look.primary, 3);
      if (data.marks.length <= 5) label(context, mark.name, x, y);
    }
  }

  function circle(context, x, y, radius, colour, thickness) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.strokeStyle = colour;
    context.lineWidth = thickness;
    context.stroke();
  }

  function label(context, text, x, y) {
    context.font = `600 13px ${getComputedStyle(root).fontFamily}`;
    const half = context.measureText(text).width / 2 + 4;
    const at = Math.min(Math.max(x, half), width - half), below = y < 40 ? y + 30 : y - 20;
    context.textAlign = "center";
    context.strokeStyle = look.back;
    context.lineWidth = 5;
    context.lineJoin = "round";
    context.strokeText(text, at, below);
    context.fillStyle = look.text;
    context.fillText(text, at, below);
  }

  // ---- what is marked ----
  function select(what) {
    if (!data.selectable) return;
    adopt({ ...(what ?? {}), turn: selection.turn + 1 });
    setState("selection", selection);
  }

  function adopt(what) {
    selection = what;
    // One clicked image has a ring; the others keep their colours, which say what it lies among.
    within = what.polygon ? inside(points, what.polygon.map(fromData)) : null;
    clearButton.disabled = !within && what.row === undefined;
    plan();
  }

  function setTool(on) {
    lassoing = on;
    lassoButton.setAttribute("aria-pressed", on ? "true" : "false");
    over.classList.toggle("lassoing", on);
  }

  // ---- the view ----
  function zoomAt(factor, [px, py]) {
    const before = toPoints([px, py]);
    zoom = Math.min(MOST_ZOOM, Math.max(0.4, zoom * factor));
    const after = toPoints([px, py]);
    centre = [centre[0] + before[0] - after[0], centre[1] + before[1] - after[1]];
    hover(-1);
    plan();
  }

  function pan(dx, dy) {
    const { scale } = frame();
    centre = [centre[0] - dx / scale, centre[1] + dy / scale];
    plan();
  }

  function fit() {
    centre = [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2];
    zoom = 1;
    plan();
  }

  function resize() {
    const box = stage.getBoundingClientRect();
    if (!box.width) return;
    [width, height, ratio] = [box.width, box.height, Math.min(window.devicePixelRatio || 1, 2)];
    for (const canvas of [base, over]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    stale = true;
    cancelAnimationFrame(planned);
    draw(); // in this frame, or the emptied canvas would flash
  }

  // ---- the picture under the pointer ----
  function hover(row, at) {
    if (row === hovered) {
      if (row >= 0 && at) putTip(at);
      return;
    }
    hovered = row;
    over.classList.toggle("on-point", row >= 0);
    plan(false);
    tip.hidden = row < 0;
    clearTimeout(rest);
    if (row < 0) return;
    fillTip(row);
    putTip(at);
    if (!pictures.has(row)) rest = setTimeout(() => ask(row), REST_MS);
  }

  function fillTip(row) {
    const known = pictures.get(row), lines = [];
    const box = element("div", "frame");
    if (known) {
      const picture = element("img");
      picture.src = known.src;
      picture.alt = "";
      box.append(picture);
    }
    const group = colours.names[colours.groups[row]], said = data.labels[points.label[row]];
    lines.push(element("strong", "", known ? known.lines[0] : said));
    if (group !== said) lines.push(element("span", "", group));
    if (known) lines.push(...known.lines.slice(1).map((text) => element("span", "", text)));
    tip.replaceChildren(box, ...lines);
  }

  function putTip([x, y]) {
    const right = x + 18 + tip.offsetWidth < width;
    tip.style.left = `${Math.max(0, right ? x + 18 : x - 18 - tip.offsetWidth)}px`;
    tip.style.top = `${Math.max(0, Math.min(y - 30, height - tip.offsetHeight - 4))}px`;
  }

  function ask(row) {
    if (performance.now() - askedAt < PATIENCE_MS) {
      waiting = row; // one question at a time; the newest comes next
      return;
    }
    const rows = nearest(points, points.x[row], points.y[row], Q, 3 * N_AHEAD)
      .filter((i) => i !== row && !pictures.has(i)).slice(0, N_AHEAD - 1);
    askedAt = performance.now();
    shared.pictures.ask([row, ...rows]);
  }

  function takePictures({ pictures: sent, selected }) {
    askedAt = 0;
    for (const [row, src, ...lines] of sent) pictures.set(row, { src, lines });
    while (pictures.size > PICTURES_KEPT) pictures.delete(pictures.keys().next().value);
    if (selected && selected.turn > selection.turn) adopt(selected);
    if (hovered >= 0 && pictures.has(hovered)) fillTip(hovered);
    const next = waiting;
    waiting = null;
    if (next !== null && next === hovered && !pictures.has(next)) ask(next);
  }

  // ---- the legend ----
  function takeColours({ groups, names, counts }) {
    const same = colours && colours.names.join("\n") === names.join("\n");
    if (!same) pressed = new Set();
    colours = { names, counts, groups: groups.getChild("group").toArray() };
    paint();
  }

  function paint() {
    look = theme(root);
    if (!colours) return;
    colours.pixels = palette(colours.names.length, look.hues, look.dark);
    const entries = colours.names.map((text, i) => {
      const entry = button("entry", "", `${colours.counts[i]} images; click to bring ${text} forward`, () => {
        if (!pressed.delete(i)) pressed.add(i);
        peeked = -1;
        markLegend(entries);
        plan();
      });
      const swatch = element("span", "swatch");
      swatch.style.background = cssOf(colours.pixels[i]);
      entry.append(swatch, element("span", "name", text), element("span", "count", colours.counts[i]));
      const peek = (index) => () => { peeked = index; plan(); };
      entry.onpointerenter = peek(i);
      entry.onpointerleave = peek(-1);
      return entry;
    });
    legend.replaceChildren(...entries);
    markLegend(entries);
    plan();
  }

  function markLegend(entries) {
    entries.forEach((entry, i) => {
      entry.setAttribute("aria-pressed", pressed.has(i) ? "true" : "false");
      entry.classList.toggle("back", pressed.size > 0 && !pressed.has(i));
    });
  }

  // ---- hands ----
  let grip = null;
  over.onpointerdown = (event) => {
    if (event.button > 0) return;
    over.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    const at = place(event);
    const drawing = data.selectable && lassoing !== event.shiftKey;
    grip = pointers.size > 1 ? { pinch: true } : { start: at, last: at, moved: false, drawing };
    line = null;
    hover(-1);
  };

  over.onpointermove = (event) => {
    const at = place(event);
    if (!pointers.has(event.pointerId)) {
      if (event.pointerType !== "touch") hover(rowAt(at, CLICK_PX), at);
      return;
    }
    if (grip?.pinch) pinch(event.pointerId, at);
    pointers.set(event.pointerId, at);
    if (!grip || grip.pinch) return;
    if (!grip.moved && Math.hypot(at[0] - grip.start[0], at[1] - grip.start[1]) < 4) return;
    grip.moved = true;
    if (grip.drawing) {
      line ??= [grip.start];
      line.push(at);
      plan(false);
    } else pan(at[0] - grip.last[0], at[1] - grip.last[1]);
    grip.last = at;
  };

  over.onpointerup = (event) => {
    pointers.delete(event.pointerId);
    const done = grip, drawn = line;
    if (!pointers.size) grip = null;
    line = null;
    plan(false);
    if (!done || done.pinch) return;
    if (drawn) {
      const corners = simplified(drawn, 0.7).map((p) => toData(toPoints(p)));
      if (corners.length > 2) select({ polygon: corners });
    } else if (!done.moved) {
      const row = rowAt(place(event), event.pointerType === "touch" ? TOUCH_PX : CLICK_PX);
      if (row >= 0) select({ row });
    }
  };

  over.onpointercancel = (event) => {
    pointers.delete(event.pointerId);
    grip = line = null;
    plan(false);
  };
  over.onpointerleave = () => hover(-1);

  function rowAt(at, reach) {
    if (!points || !colours) return -1;
    const [x, y] = toPoints(at);
    return nearest(points, x, y, reach / frame().scale, 1)[0] ?? -1;
  }

  function pinch(id, at) {
    const other = [...pointers].find(([key]) => key !== id);
    if (!other) return;
    const [was, fixed] = [pointers.get(id), other[1]];
    const apart = (p) => Math.max(10, Math.hypot(p[0] - fixed[0], p[1] - fixed[1]));
    pan((at[0] - was[0]) / 2, (at[1] - was[1]) / 2);
    zoomAt(apart(at) / apart(was), [(at[0] + fixed[0]) / 2, (at[1] + fixed[1]) / 2]);
  }

  over.addEventListener("wheel", (event) => {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    zoomAt(Math.exp(-Math.max(-200, Math.min(200, event.deltaY * lines)) * 0.002), place(event));
  }, { passive: false });

  over.onkeydown = (event) => {
    const middle = [width / 2, height / 2], step = 60;
    const act = {
      "+": () => zoomAt(1.4, middle), "=": () => zoomAt(1.4, middle), "-": () => zoomAt(1 / 1.4, middle),
      ArrowLeft: () => pan(step, 0), ArrowRight: () => pan(-step, 0),
      ArrowUp: () => pan(0, step), ArrowDown: () => pan(0, -step), 0: fit,
      Escape: () => (line ? ((line = null), (grip = null), plan(false)) : select(null)),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };

  const observer = new ResizeObserver(resize);
  observer.observe(stage);
  return {
    show(component) {
      const first = !same(data, component.data);
      data = component.data;
      setState = component.setStateValue;
      over.setAttribute("aria-label", `${data.alt}; arrows move it, plus and minus zoom`);
      tools.replaceChildren(...(data.selectable ? [lassoButton, clearButton] : []),
        button("tool", "Fit", "Show the whole map (0)", fit),
        button("tool", "+", "Nearer (+)", () => zoomAt(1.4, [width / 2, height / 2])),
        button("tool", "−", "Further away (-)", () => zoomAt(1 / 1.4, [width / 2, height / 2])));
      if (first) {
        const column = (key) => data.points.getChild(key).toArray();
        points = { x: column("x"), y: column("y"), label: column("label") };
        order = shuffled(points.x.length);
        bounds = data.bounds;
        pictures = new Map();
        colours = null;
        fit();
      }
      setTool(lassoing);
      adopt(selection);
      if (shared.colours) takeColours(shared.colours);
      else look = theme(root);
      if (shared.pictures) takePictures(shared.pictures);
      shared.changed = (what) => (what === "colours" ? takeColours : takePictures)(shared[what]);
      resize();
    },
    end() {
      observer.disconnect();
      clearTimeout(rest);
      cancelAnimationFrame(planned);
      shared.changed = null;
    },
  };
}

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".root");
  if (!root || !data) return;
  if (live.get(root)?.name !== data.map) {
    live.get(root)?.end();
    live.set(root, { name: data.map, ...createMap(root, data.map) });
  }
  live.get(root).show(component);
  return () => live.get(root)?.end();
}
