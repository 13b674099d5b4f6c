// What was said and what comes next, one desk a reviewer and data set; nothing here draws.
// An answer stays here, and in the tab's own storage, until the server says that it is saved.
const HISTORY = 20; // answers that can be taken back with their picture at once
const PATIENCE_MS = 6000; // then an answer that nobody confirmed is sent again
const desks = (window.desempateDesks ??= new Map());

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID(); // only on a secure address
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

function restored(who) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(`desempate-review:${who}`));
    if (kept) return kept;
  } catch (error) {
    console.warn("review: what this tab kept cannot be read", error);
  }
  return { pending: [], done: [], seen: [] };
}

function keep(desk) {
  const { pending, done, seen } = desk;
  try {
    sessionStorage.setItem(`desempate-review:${desk.who}`, JSON.stringify({ pending, done, seen }));
  } catch (error) {
    console.warn("review: this tab cannot keep answers over a reload", error);
  }
}

function deskOf(who) {
  if (!desks.has(who)) {
    desks.set(who, {
      ...restored(who), who, task: null, current: null, again: [], order: [], held: new Map(),
      notes: new Map(), sent: new Set(), refused: new Map(), turn: Date.now(), asked: null,
      late: false, nSaved: 0, told: null, data: null, post: null, changed: () => {},
    });
  }
  return desks.get(who);
}

// The images whose last word from here is an answer that the server may not know yet.
function answered(desk) {
  const images = new Set();
  for (const e of desk.pending) {
    if (e.verdict === "undo") images.delete(e.image);
    else images.add(e.image);
  }
  return images;
}

function advance(desk) {
  desk.current = desk.again.pop() ?? desk.order.shift() ?? null;
}

function say(desk, verdict, label = null) {
  const item = desk.held.get(desk.current);
  if (!item || !item.picture.complete) return false; // nobody answers for what is not on screen
  const note = (desk.notes.get(item.image) ?? "").trim();
  const event = {
    id: newId(), verdict, label, image: item.image, note, version: item.version, undoes: null,
    source: desk.data.source, blind: !desk.seen.includes(item.image),
  };
  item.version += 1;
  desk.notes.delete(item.image);
  desk.pending.push(event);
  desk.done = [...desk.done, { event: event.id, image: item.image }].slice(-HISTORY);
  advance(desk);
  keep(desk);
  send(desk);
  return true;
}

function undo(desk) {
  const last = desk.done.pop();
  const item = last && desk.held.get(last.image);
  const waiting = last ? desk.pending.findIndex((e) => e.id === last.event) : -1;
  if (waiting >= 0 && (desk.refused.has(last.event) || !desk.sent.has(last.event))) {
    desk.pending.splice(waiting, 1); // it never counted anywhere
    desk.refused.delete(last.event);
    if (item) item.version -= 1;
  } else {
    desk.pending.push({
      id: newId(), verdict: "undo", label: null, image: last?.image ?? null, note: "",
      version: null, undoes: last?.event ?? null, source: desk.data.source, blind: true,
    });
    if (item) item.version += 1;
  }
  if (last) bring(desk, last.image);
  keep(desk);
  send(desk);
}

// Put an image on the screen; the one that was there comes next.
function bring(desk, image) {
  if (desk.current && desk.current !== image) desk.again.push(desk.current);
  desk.again = desk.again.filter((i) => i !== image);
  desk.order = desk.order.filter((i) => i !== image);
  desk.current = image;
}

function send(desk, anyway = false) {
  const missing = desk.current && !desk.held.has(desk.current);
  const events = desk.pending.filter((e) => !desk.refused.has(e.id));
  if (!desk.post || (desk.asked && !anyway) || !(events.length || missing)) return;
  events.forEach((e) => desk.sent.add(e.id));
  desk.turn += 1;
  clearTimeout(desk.asked);
  desk.asked = setTimeout(() => {
    desk.late = true;
    send(desk, true);
    desk.changed();
  }, PATIENCE_MS);
  const want = missing ? desk.current : null;
  desk.post({ turn: desk.turn, events, have: [...desk.held.keys()], want });
}

// Send again what was refused; a conflict is sent over what the sentence told of.
function retry(desk, id) {
  const event = desk.pending.find((e) => e.id === id);
  const why = desk.refused.get(id);
  desk.refused.delete(id);
  if (event && why?.version != null) {
    event.id = newId();
    event.version = why.version;
    if (desk.held.has(event.image)) desk.held.get(event.image).version = why.version + 1;
    desk.done.forEach((d) => (d.event = d.event === id ? event.id : d.event));
  }
  keep(desk);
  send(desk, true);
}

function drop(desk, id) {
  desk.refused.delete(id);
  desk.pending = desk.pending.filter((e) => e.id !== id);
  desk.done = desk.done.filter((d) => d.event !== id);
  keep(desk);
}

// Take in what the server says: what is saved, what is not and why, and what comes next.
function receive(desk, data) {
  desk.data = data;
  if (data.turn >= desk.turn) {
    clearTimeout(desk.asked);
    desk.asked = null;
    desk.late = false;
  }
  const saved = new Set(data.saved);
  const blank = desk.pending.filter((e) => e.verdict === "undo" && e.image === null).map((e) => e.id);
  desk.nSaved += desk.pending.filter((e) => saved.has(e.id)).length;
  desk.pending = desk.pending.filter((e) => !saved.has(e.id));
  for (const [id, why] of Object.entries(data.refused)) {
    if (desk.pending.some((e) => e.id === id)) desk.refused.set(id, why);
  }
  if (data.told) {
    desk.told = data.told;
    if (!desk.seen.includes(data.told.image)) desk.seen.push(data.told.image); // no longer blind
  }
  if (desk.task !== data.task) {
    Object.assign(desk, { task: data.task, current: null, again: [], told: null });
    desk.held.clear(); // another queue may reveal what this one hid, or the other way round
  }
  for (const item of data.items) {
    if (!desk.held.has(item.image)) desk.held.set(item.image, held(item, desk));
  }
  const mine = answered(desk);
  const taken = new Set([...mine, ...desk.again, desk.current]);
  desk.order = data.order.filter((i) => !taken.has(i));
  for (const id of blank) if (data.undone[id]) bring(desk, data.undone[id]);
  if (!desk.current || mine.has(desk.current)) advance(desk);
  forget(desk);
  keep(desk);
  send(desk);
}

function held(item, desk) {
  const picture = new Image();
  picture.alt = desk.data.words.picture;
  picture.draggable = false;
  picture.src = item.src;
  picture.decode().then(() => desk.changed(), () => desk.changed());
  if (item.given !== null && !desk.seen.includes(item.image)) desk.seen.push(item.image);
  return { ...item, src: undefined, picture };
}

// Keep the pictures that may be shown soon: what comes next, and what can be taken back.
function forget(desk) {
  const wanted = new Set([desk.current, ...desk.again, ...desk.order, ...desk.done.map((d) => d.image)]);
  for (const image of desk.held.keys()) if (!wanted.has(image)) desk.held.delete(image);
}
