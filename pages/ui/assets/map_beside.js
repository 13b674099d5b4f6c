// What stands beside the points: the legend, and the picture under the pointer.
// Every text goes through textContent: names come from files.
const REST_MS = 60, PATIENCE_MS = 3000, N_AHEAD = 16, PICTURES_KEPT = 3000;

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

// A sentence with its places filled in.
const filled = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);

// `map` says: room() for the tip, said(row) as [label, group], around(row, n), and asks for pictures.
function createTip(map) {
  const node = element("div", "tip"), pictures = new Map();
  let shown = -1, rest = 0, askedAt = -Infinity, waiting = -1;
  node.hidden = true;
  node.setAttribute("role", "status"); // said aloud while the keys move the map

  function fill() {
    const known = pictures.get(shown), [label, group] = map.said(shown);
    const frame = element("div", "frame");
    if (known) {
      const picture = element("img");
      picture.src = known.src;
      picture.alt = "";
      frame.append(picture);
    }
    const [first, ...more] = known ? known.lines : [label];
    const texts = group === label ? more : [group, ...more];
    node.replaceChildren(frame, element("strong", "", first),
      ...texts.map((text) => element("span", "", text)));
  }

  function put([x, y]) {
    const [width, height] = map.room();
    const left = x + 18 + node.offsetWidth < width ? x + 18 : x - 18 - node.offsetWidth;
    node.style.left = `${Math.max(0, left)}px`;
    node.style.top = `${Math.max(0, Math.min(y - 30, height - node.offsetHeight - 4))}px`;
  }

  // One question at a time; of those that come meanwhile the newest is asked next.
  function ask(row) {
    if (performance.now() - askedAt < PATIENCE_MS) {
      waiting = row;
      return;
    }
    askedAt = performance.now();
    const ahead = map.around(row, 3 * N_AHEAD).filter((i) => i !== row && !pictures.has(i));
    map.ask([row, ...ahead.slice(0, N_AHEAD - 1)]);
  }

  return {
    node,
    show(row, at) {
      if (row !== shown) {
        shown = row;
        node.hidden = row < 0;
        clearTimeout(rest);
        if (row >= 0) fill();
        if (row >= 0 && !pictures.has(row)) rest = setTimeout(() => ask(row), REST_MS);
      }
      if (row >= 0) put(at);
    },
    take(sent) {
      askedAt = -Infinity;
      for (const [row, src, ...lines] of sent) pictures.set(row, { src, lines });
      while (pictures.size > PICTURES_KEPT) pictures.delete(pictures.keys().next().value);
      if (shown >= 0) fill();
      if (waiting >= 0 && waiting === shown && !pictures.has(waiting)) ask(waiting);
      waiting = -1;
    },
    forget() {
      clearTimeout(rest);
      pictures.clear();
      shown = waiting = -1;
      node.hidden = true;
    },
  };
}

// Entries bring their group forward: while the pointer is over one, or for good by a click.
function createLegend(changed) {
  const node = element("div", "legend");
  let pressed = new Set(), peeked = -1, known = "", entries = [];

  function tell() {
    entries.forEach((entry, i) => {
      entry.setAttribute("aria-pressed", pressed.has(i) ? "true" : "false");
      entry.classList.toggle("back", pressed.size > 0 && !pressed.has(i));
    });
    changed();
  }

  return {
    node,
    forward: () => (peeked >= 0 ? new Set([peeked]) : pressed),
    show(names, counts, colours, words) {
      if (known !== names.join("\n")) pressed = new Set();
      known = names.join("\n");
      peeked = -1;
      entries = names.map((name, i) => {
        const title = filled(words.entry, { name, n: counts[i] });
        const entry = button("entry", "", title, () => {
          if (!pressed.delete(i)) pressed.add(i);
          peeked = -1;
          tell();
        });
        const swatch = element("span", "swatch");
        swatch.style.background = colours[i];
        entry.append(swatch, element("span", "name", name), element("span", "count", counts[i]));
        const peek = (index) => (event) => {
          if (event.pointerType === "touch") return; // a finger has no "over"
          peeked = index;
          changed();
        };
        entry.onpointerenter = peek(i);
        entry.onpointerleave = peek(-1);
        return entry;
      });
      node.replaceChildren(...entries);
      tell();
    },
  };
}
