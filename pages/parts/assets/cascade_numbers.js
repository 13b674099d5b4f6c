// What follows from the sliders' positions. Python counted every image once; here counts are only
// added up, so that a million images cost what a thousand do. No drawing in this file.
const STEPS = 1000; // positions of a slider: 0, 0.001, ..., 1
const Z = 1.959963984540054; // of a 95 % interval

// Wilson 1927; as core.analysis.metrics.wilson_interval.
function wilson(k, n) {
  if (!n) return [0, 1];
  const share = k / n, centre = (share + (Z * Z) / (2 * n)) / (1 + (Z * Z) / n);
  const half =
    (Z * Math.sqrt((share * (1 - share)) / n + (Z * Z) / (4 * n * n))) / (1 + (Z * Z) / n);
  return [k === 0 ? 0 : Math.max(0, centre - half), k === n ? 1 : Math.min(1, centre + half)];
}

// Agresti & Min 2005; as core.analysis.comparisons.paired.paired_intervals.
function paired(won, lost, n) {
  if (!n) return [-1, 1];
  const w = won + 0.5, l = lost + 0.5, m = n + 2, centre = (w - l) / m;
  const half = (Z * Math.sqrt(w + l - ((w - l) * (w - l)) / m)) / m;
  return [Math.max(-1, centre - half), Math.min(1, centre + half)];
}

// One object a table. `fold` settles who is kept from a person; `at` reads a position of the taus.
function createNumbers({ n_classes: K, n_images, pairs, kept, owned }) {
  const column = (table, name) => table.getChild(name).toArray();
  const [keeps, keptTrue, keptSaid, keptN] = ["keeps", "true", "said", "n"].map((name) =>
    column(kept, name));
  const names = ["pair", "first", "keeps", "expert_keeps", "true", "before", "after", "n"];
  const [pairOf, first, own, expert, truth, before, after, n] = names.map((name) =>
    column(owned, name));
  const T = STEPS + 2; // the last: never deferred
  const start = pairs.map((_, p) => pairOf.indexOf(p));
  const end = pairs.map((_, p) => pairOf.lastIndexOf(p) + 1);

  const totals = new Float64Array(K);
  const keptRight = new Float64Array(T), keptWrong = new Float64Array(T);
  for (let i = 0; i < keeps.length; i++) {
    totals[keptTrue[i]] += keptN[i];
    (keptTrue[i] === keptSaid[i] ? keptRight : keptWrong)[keeps[i]] += keptN[i];
  }

  let person = -1;
  const alone = new Int32Array(K * K); // the generalist's answers, nothing deferred
  const left = pairs.map((pair) => new Int32Array(T * K * pair.length)); // (tau, true, class of it)
  const came = pairs.map((pair) => new Int32Array(T * K * pair.length));
  const events = pairs.map(() => new Int32Array(T * 4)); // deferred, answered, won, lost

  function fold(position) {
    if (position === person) return;
    person = position;
    alone.fill(0);
    for (let i = 0; i < keeps.length; i++) {
      if (keeps[i] >= person) alone[keptTrue[i] * K + keptSaid[i]] += keptN[i];
    }
    pairs.forEach((pair, p) => {
      [left[p], came[p], events[p]].forEach((counts) => counts.fill(0));
      for (let i = Math.max(start[p], 0); i < end[p]; i++) {
        const at = (first[i] * K + truth[i]) * pair.length, answered = expert[i] >= person;
        if (own[i] >= person) left[p][at + pair.indexOf(before[i])] += n[i];
        if (answered) came[p][at + pair.indexOf(after[i])] += n[i];
        const right = after[i] === truth[i], was = before[i] === truth[i], e = first[i] * 4;
        events[p][e] += n[i];
        if (answered) events[p][e + 1] += n[i];
        if (answered && right && !was) events[p][e + 2] += n[i];
        if (answered && was && !right) events[p][e + 3] += n[i];
      }
      const row = K * pair.length;
      for (const [counts, width] of [[left[p], row], [came[p], row], [events[p], 4]]) {
        for (let i = width; i < counts.length; i++) counts[i] += counts[i - width];
      }
    });
  }

  // Who answered what: two matrices in rows, and of each true class how many a person is asked about.
  function at(taus, toPerson) {
    fold(toPerson);
    const generalist = Int32Array.from(alone), experts = new Int32Array(K * K);
    const sums = [0, 0, 0, 0];
    const deferred = pairs.map((pair, p) => {
      for (let t = 0; t < K; t++) {
        const base = (taus[p] * K + t) * pair.length;
        pair.forEach((c, side) => {
          generalist[t * K + c] -= left[p][base + side];
          experts[t * K + c] += came[p][base + side];
        });
      }
      for (let e = 0; e < 4; e++) sums[e] += events[p][taus[p] * 4 + e];
      return events[p][taus[p] * 4];
    });
    const asked = Array.from(totals);
    let answered = 0, right = 0;
    for (let t = 0; t < K; t++) {
      for (let c = 0; c < K; c++) {
        const here = generalist[t * K + c] + experts[t * K + c];
        asked[t] -= here;
        answered += here;
        if (t === c) right += here;
      }
    }
    const [n_deferred, n_expert, n_recovered, n_broken] = sums;
    const share = (k, of) => (of ? k / of : 0);
    return {
      generalist, experts, asked, deferred, n_images, n_answered: answered, n_right: right,
      n_deferred, n_expert, n_recovered, n_broken,
      coverage: share(answered, n_images),
      accuracy: share(right, answered),
      accuracy_ci: wilson(right, answered),
      deferral_rate: share(n_deferred, n_images),
      person_rate: share(n_images - answered, n_images),
      recovery: share(n_recovered, n_expert),
      breakage: share(n_broken, n_expert),
      gain: share(n_recovered - n_broken, answered),
      gain_ci: paired(n_recovered, n_broken, answered),
    };
  }

  // [share answered, share of wrong answers among them] for every position of the person's slider.
  function curve(taus) {
    const right = Float64Array.from(keptRight), wrong = Float64Array.from(keptWrong);
    pairs.forEach((_, p) => {
      for (let i = Math.max(start[p], 0); i < end[p] && first[i] <= taus[p]; i++) {
        (before[i] === truth[i] ? right : wrong)[own[i]] -= n[i];
        (after[i] === truth[i] ? right : wrong)[expert[i]] += n[i];
      }
    });
    const points = [];
    let r = 0, w = 0;
    for (let position = STEPS; position >= 0; position--) {
      if (!right[position] && !wrong[position]) continue;
      r += right[position];
      w += wrong[position];
      if (r + w) points.push([(r + w) / n_images, w / (r + w)]);
    }
    return points;
  }

  return { at, curve, totals };
}
