// The map of the embeddings. Every text goes through textContent: names come from files.
const live = new WeakMap();
const MOST_ZOOM = 80, STEP_PX = 60, LINE_PX = 0.7, MOST_NAMED = 5;
const TOOLS_PX = 44; // what the buttons cover at the top

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
  const legend = createLegend(() => plan());
  const stage = element("div", "stage"), tools = element("div", "tools");
  const lassoButton = button("tool", "", "", () => setTool(!lassoing));
  const clearButton = button("tool", "", "", () => select(null));
  const tip = createTip({
    room: () => [width, height],
    said: (row) => [data.labels[points.label[row]], colours.names[colours.groups[row]]],
    around: (row, most) => nearest(points, points.x[row], points.y[row], Q, most),
    ask: (rows) => shared.pictures.ask(rows),
  });
  over.tabIndex = 0;
  over.setAttribute("role", "application");
  const box = element("div", "box");
  stage.append(base, over, tools, tip.node);
  box.append(stage, legend.node);
  root.replaceChildren(box);

  let data, setState, points, order, colours, look, bounds;
  let width = 0, height = 0, ratio = 1, image, pixels;
  let centre = [Q / 2, Q / 2], zoom = 1, lassoing = false, line = null, hovered = -1;
  let selection = { turn: 0 }, within = null;
  let planned = 0, stale = true, aiming = false; // with the keys, at the middle

  // ---- where things are ----
  const fitScale = () => 0.93 * Math.min(width / Math.max(bounds[2] - bounds[0], 1),
    (height - TOOLS_PX) / Math.max(bounds[3] - bounds[1], 1));
  const middle = () => [width / 2, (height + TOOLS_PX) / 2];
  const frame = () => {
    const scale = fitScale() * zoom, [x, y] = middle();
    return { scale, left: x - centre[0] * scale, top: y + centre[1] * scale };
  };
  const toScreen = ([x, y], f = frame()) => [x * f.scale + f.left, f.top - y * f.scale];
  const toPoints = ([px, py], f = frame()) => [(px - f.left) / f.scale, (f.top - py) / f.scale];
  const toData = (place) => place.map((v, i) => data.origin[i] + (v / Q) * data.span);
  const fromData = (place) => place.map((v, i) => ((v - data.origin[i]) / data.span) * Q);

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
    const small = n > 40000 ? 1.3 : n > 8000 ? 1.9 : n > 2500 ? 2.5 : 3.2;
    const size = small * Math.min(2.2, zoom ** 0.3) * ratio;
    const lit = litRows();
    if (lit) {
      const dim = new Uint8Array(n);
      for (let i = 0; i < n; i++) dim[i] = lit[i] ? 0 : 1;
      splat(pixels, w, h, points, at, order, dim, [look.faded], null, disc(size, w, 0.55));
    }
    splat(pixels, w, h, points, at, order, lit, colours.pixels, colours.groups, disc(size, w, 0.85));
    context.putImageData(image, 0, 0);
    root.dataset.view = JSON.stringify({ scale: (f.scale * Q) / data.span,
      corner: toData(toPoints([0, 0], f)) });
  }

  function litRows() {
    const some = legend.forward();
    if (!within && !some.size) return null;
    const lit = new Uint8Array(points.x.length), { groups } = colours;
    for (let i = 0; i < lit.length; i++)
      lit[i] = (!within || within[i]) && (!some.size || some.has(groups[i])) ? 1 : 0;
    return lit;
  }

  function drawOver() {
    const context = over.getContext("2d"), f = frame(), font = getComputedStyle(root).fontFamily;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const corners = line ?? selection.polygon?.map((corner) => toScreen(fromData(corner), f));
    if (corners) outline(context, corners, look.primary);
    const ring = (row, radius) => {
      const [x, y] = toScreen([points.x[row], points.y[row]], f);
      circle(context, x, y, radius, look.text, 2);
    };
    if (aiming) cross(context, ...middle(), look.text);
    if (selection.row !== undefined) ring(selection.row, 9);
    if (hovered >= 0) ring(hovered, 7);
    for (const mark of data.marks) {
      const [x, y] = toScreen([mark.x, mark.y], f);
      circle(context, x, y, 11, look.back, 7);
      circle(context, x, y, 11, look.primary, 3);
      circle(context, x, y, 2, look.primary, 3);
      if (data.marks.length <= MOST_NAMED) caption(context, mark.name, [x, y], width, look, font);
    }
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
    hover(-1);
    moveBy(before[0] - after[0], before[1] - after[1]);
  }

  function pan(dx, dy) {
    const { scale } = frame();
    moveBy(-dx / scale, dy / scale);
  }

  function moveBy(dx, dy) {
    const held = (v, low, high) => Math.min(Math.max(v, low), high); // the map cannot get lost
    centre = [held(centre[0] + dx, bounds[0], bounds[2]), held(centre[1] + dy, bounds[1], bounds[3])];
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
    if (row !== hovered) plan(false);
    hovered = row;
    over.classList.toggle("on-point", row >= 0 && data.selectable);
    tip.show(row, at);
  }

  function takePictures(news) {
    tip.take(news.pictures);
    if (news.selected && news.selected.turn > selection.turn) adopt(news.selected);
  }

  // ---- the legend ----
  function takeColours({ groups, names, counts, words }) {
    colours = { names, counts, words, groups: groups.getChild("group").toArray() };
    paint();
  }

  function paint() {
    look = theme(root);
    if (!colours) return;
    colours.pixels = palette(colours.names.length, look.hues, look.dark);
    legend.show(colours.names, colours.counts, colours.pixels.map(cssOf), colours.words);
    plan();
  }

  // ---- hands ----
  const rowAt = (at, reach) => {
    if (!points || !colours) return -1;
    return nearest(points, ...toPoints(at), reach / frame().scale, 1)[0] ?? -1;
  };
  const keys = {
    "+": () => zoomAt(1.4, middle()), "=": () => zoomAt(1.4, middle()),
    "-": () => zoomAt(1 / 1.4, middle()), 0: fit,
    ArrowLeft: () => pan(STEP_PX, 0), ArrowRight: () => pan(-STEP_PX, 0),
    ArrowUp: () => pan(0, STEP_PX), ArrowDown: () => pan(0, -STEP_PX),
    Escape: () => select(null),
    Enter: () => hovered >= 0 && select({ row: hovered }),
  };
  gestures(over, {
    drawing: (shift) => data.selectable && lassoing !== shift,
    pan,
    zoom: zoomAt,
    line(drawn) {
      line = drawn;
      plan(false);
    },
    lasso(drawn) {
      const corners = simplified(drawn, LINE_PX).map((p) => toData(toPoints(p)));
      if (corners.length > 2) select({ polygon: corners });
    },
    click(at, reach) {
      const row = rowAt(at, reach);
      if (row >= 0) select({ row });
    },
    point(at, reach) {
      aiming = false;
      hover(at ? rowAt(at, reach) : -1, at);
    },
    key(name) {
      if (!keys[name]) return false;
      keys[name]();
      aiming = name !== "Escape";
      hover(aiming ? rowAt(middle(), TOUCH_PX) : -1, middle());
      plan(false);
      return true;
    },
  });

  const observer = new ResizeObserver(resize);
  observer.observe(stage);
  return {
    show(component) {
      const first = !same(data, component.data);
      data = component.data;
      setState = component.setStateValue;
      const { words } = data;
      over.setAttribute("aria-label", words.keys);
      [lassoButton.textContent, lassoButton.title] = words.lasso;
      [clearButton.textContent, clearButton.title] = words.clear;
      tools.replaceChildren(...(data.selectable ? [lassoButton, clearButton] : []),
        button("tool", ...words.fit, fit),
        button("tool", "+", words.nearer, () => zoomAt(1.4, middle())),
        button("tool", "−", words.further, () => zoomAt(1 / 1.4, middle())));
      if (first) {
        const column = (key) => data.points.getChild(key).toArray();
        points = { x: column("x"), y: column("y"), label: column("label") };
        order = shuffled(points.x.length);
        bounds = data.bounds;
        tip.forget();
        [hovered, colours] = [-1, null];
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
      tip.forget();
      cancelAnimationFrame(planned);
      shared.changed = null;
      // Whoever comes back finds nothing marked on the server either.
      if (shared.pictures) shared.pictures.selected = null;
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
  return () => {
    live.get(root)?.end();
    live.delete(root);
  };
}
