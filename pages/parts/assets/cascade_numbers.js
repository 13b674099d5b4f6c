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

// Rows by a key from 0 to `most`: those of key k are rows[starts[k]] to rows[starts[k + 1] - 1].
function byKey(keys, most) {
  const starts = new Int32Array(most + 2), rows = new Int32Array(keys.length);
  for (let i = 0; i < keys.length; i++) starts[keys[i] + 1]++;
  for (let k = 0; k <= most; k++) starts[k + 1] += starts[k];
  const next = starts.slice();
  for (let i = 0; i < keys.length; i++) rows[next[keys[i]]++] = i;
  return { starts, rows };
}

// Calls `change(row, sign)` for every key in [from, to), with sign -1 for those in [to, from).
function between({ starts, rows }, from, to, change) {
  const sign = from < to ? 1 : -1, end = starts[Math.max(from, to)];
  for (let r = starts[Math.min(from, to)]; r < end; r++) change(rows[r], sign);
}

// One object a table. It stands where the sliders stand, and a move counts the rows that lie between
// the old position and the new one, no others.
function createNumbers({ n_classes: K, n_images, pairs, kept, owned, charged }) {
  const column = (table, name) => table.getChild(name).toArray();
  const [keeps, keptTrue, keptSaid, keptN] = ["keeps", "true", "said", "n"].map((name) =>
    column(kept, name));
  const names = ["pair", "first", "keeps", "expert_keeps", "true", "before", "after", "n"];
  const [pairOf, first, own, expert, truth, before, after, n] = names.map((name) =>
    column(owned, name));
  // What the answers of a row cost in all, where mistakes have costs; `charged.person`: what asking
  // a person about an image costs, null where nobody said.
  const keptCost = charged ? column(kept, "cost") : new Float64Array(keptN.length);
  const [costBefore, costAfter] = ["cost_before", "cost_after"].map((name) =>
    (charged ? column(owned, name) : new Float64Array(n.length)));
  const T = STEPS + 2; // keys of a row: 0 to T - 1; the first tau may be out of the slider's reach
  const keptBy = byKey(keeps, T), ownBy = byKey(own, T), expertBy = byKey(expert, T);
  const firstBy = byKey(first.map((t, i) => pairOf[i] * T + t), pairs.length * T);

  // Here it stands: nothing deferred, no person asked.
  const taus = pairs.map(() => -1);
  let person = 0, n_expert = 0, n_recovered = 0, n_broken = 0;
  let cost = 0, saved = 0, alone = 0; // of the answers given; by experts; of the generalist alone
  const generalist = new Int32Array(K * K), experts = new Int32Array(K * K);
  const deferred = pairs.map(() => 0);
  const right = new Float64Array(T), wrong = new Float64Array(T); // answers, by what keeps them
  const totals = new Float64Array(K);
  for (let i = 0; i < keptN.length; i++) {
    totals[keptTrue[i]] += keptN[i];
    generalist[keptTrue[i] * K + keptSaid[i]] += keptN[i];
    (keptTrue[i] === keptSaid[i] ? right : wrong)[keeps[i]] += keptN[i];
    alone += keptCost[i];
  }
  cost = alone;

  function answered(i, sign) { // a row more that an expert answers and no person is asked about
    const m = sign * n[i];
    experts[truth[i] * K + after[i]] += m;
    n_expert += m;
    cost += sign * costAfter[i];
    saved += sign * (costBefore[i] - costAfter[i]);
    if (before[i] === after[i]) return;
    if (after[i] === truth[i]) n_recovered += m;
    if (before[i] === truth[i]) n_broken += m;
  }

  function defer(p, to) {
    between(firstBy, p * T + taus[p] + 1, p * T + to + 1, (i, sign) => {
      const m = sign * n[i];
      deferred[p] += m;
      if (own[i] >= person) {
        generalist[truth[i] * K + before[i]] -= m;
        cost -= sign * costBefore[i];
      }
      if (expert[i] >= person) answered(i, sign);
      (before[i] === truth[i] ? right : wrong)[own[i]] -= m;
      (after[i] === truth[i] ? right : wrong)[expert[i]] += m;
    });
    taus[p] = to;
  }

  function leave(to) { // to a person what is less sure than this
    const isDeferred = (i) => first[i] <= taus[pairOf[i]];
    between(keptBy, person, to, (i, sign) => {
      generalist[keptTrue[i] * K + keptSaid[i]] -= sign * keptN[i];
      cost -= sign * keptCost[i];
    });
    between(ownBy, person, to, (i, sign) => {
      if (!isDeferred(i)) return;
      generalist[truth[i] * K + before[i]] += sign * n[i];
      cost += sign * costBefore[i];
    });
    between(expertBy, person, to, (i, sign) => {
      if (isDeferred(i)) answered(i, -sign);
    });
    person = to;
  }

  // Who answered what: two matrices in rows, and of each true class how many a person is asked about.
  function at(toTaus, toPerson) {
    toTaus.forEach((to, p) => defer(p, to));
    leave(toPerson);
    const asked = Float64Array.from(totals);
    let n_answered = 0, n_right = 0;
    for (let t = 0; t < K; t++) {
      for (let c = 0; c < K; c++) {
        const here = generalist[t * K + c] + experts[t * K + c];
        asked[t] -= here;
        n_answered += here;
        if (t === c) n_right += here;
      }
    }
    const share = (k, of) => (of ? k / of : 0);
    // Sums that went up and down carry a rounding error, and a change of 0 no sign.
    const each = (sum, of) => (of ? Math.round((1e9 * sum) / of) / 1e9 + 0 : 0);
    const byPerson = charged ? charged.person : null;
    const asking = byPerson === null ? 0 : byPerson * (n_images - n_answered);
    const counted = byPerson === null ? n_answered : n_images;
    const n_deferred = deferred.reduce((sum, m) => sum + m, 0);
    return {
      generalist, experts, asked, deferred, n_images, n_answered, n_right,
      n_deferred, n_expert, n_recovered, n_broken,
      coverage: share(n_answered, n_images),
      accuracy: share(n_right, n_answered),
      accuracy_ci: wilson(n_right, n_answered),
      deferral_rate: share(n_deferred, n_images),
      person_rate: share(n_images - n_answered, n_images),
      recovery: share(n_recovered, n_expert),
      breakage: share(n_broken, n_expert),
      gain: share(n_recovered - n_broken, n_answered),
      gain_ci: paired(n_recovered, n_broken, n_answered),
      cost: each(cost + asking, counted),
      saved: each(byPerson === null ? saved : alone - cost - asking, counted),
    };
  }

  // Share answered and share of wrong answers among them, for every position of the person's slider
  // that leaves a different set to a person; the taus are those of the last `at`.
  function curve() {
    const coverage = [], error = [];
    let r = 0, w = 0;
    for (let position = STEPS; position >= 0; position--) {
      if (!right[position] && !wrong[position]) continue;
      r += right[position];
      w += wrong[position];
      coverage.push((r + w) / n_images);
      error.push(w / (r + w));
    }
    return { coverage, error };
  }

  return { at, curve, totals };
}
