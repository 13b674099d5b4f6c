// What one cell says and how it looks, on the screen and in a downloaded picture; part of the module
// of matrix.js.
// Percent of the hue in the strongest cell: with it, the page's own ink can be read on every cell,
// light or dark (tests/unit/test_palettes.py).
const SQRT_FULL = 86;

const formats = new Map(); // making one takes longer than using it ten thousand times

// How the page's language writes numbers; with digits, shares as percent.
function format({ language }, digits) {
  const key = `${language} ${digits}`;
  const fixed = { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits };
  const options = digits === undefined ? { useGrouping: "always" } : fixed;
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(language, options));
  return formats.get(key);
}

const number = (data, n) => format(data).format(n);
const percent = (data, share, digits) => format(data, digits).format(share);
const signed = (data, n) => (n > 0 ? "+" : n < 0 ? "−" : "") + number(data, Math.abs(n));
// A sentence with its places filled in.
const filled = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const hidden = (data, i, j) => i === j && !data.diagonal;
const marksOf = (data) => new Set(data.marked.map(([i, j]) => `${i},${j}`));

function shareOf(data, i, j) {
  return data.totals[i] ? data.counts[i][j] / data.totals[i] : 0;
}

// What the hue stands for: the share of the row, or the number drawn where it is a difference.
function weightOf(data, i, j) {
  if (!data.models) return shareOf(data, i, j);
  return Math.abs(data.numbers === "shares" ? shareOf(data, i, j) : data.counts[i][j]);
}

// A whole row is the strongest there is. Differences, and errors without the diagonal, are small
// beside it: there the largest that is drawn is the strongest.
function strongest(data) {
  if (data.diagonal && !data.models) return 1;
  let most = 0;
  data.rows.forEach((_, i) =>
    data.columns.forEach((_, j) => {
      if (!hidden(data, i, j)) most = Math.max(most, weightOf(data, i, j));
    }),
  );
  return most || 1;
}

function sharesText(data, share, n) {
  if (!data.models) return share < 0.005 ? "<" + percent(data, 0.01, 0) : percent(data, share, 0);
  const points = Math.round(100 * share);
  return points ? signed(data, points) : (n > 0 ? "+" : "−") + "<1"; // points of the row
}

function titleOf(data, i, j, n, share) {
  const where = { row: data.rows[i], column: data.columns[j], total: number(data, data.totals[i]) };
  if (!data.models)
    return filled(data.words.cell, { ...where, n: number(data, n), share: percent(data, share, 1) });
  const [a, b] = data.models, of_a = data.of_a[i][j];
  return filled(data.words.cell, { ...where, a, b, n_a: number(data, of_a), n_b: number(data, of_a - n),
    difference: signed(data, n), points: signed(data, Math.round(1000 * share) / 10) });
}

// The hue grows with the square root, so that a few errors can be seen.
function cellOf(data, i, j, marked, most) {
  const n = data.counts[i][j];
  const share = shareOf(data, i, j);
  const full = data.size === "full";
  const count = data.models ? signed(data, n) : number(data, n);
  const points = full && data.models ? data.words.points : "{points}";
  const part = n ? filled(points, { points: sharesText(data, share, n) }) : "0";
  const texts = data.numbers === "shares" ? [part, count] : [count, part];
  const hide = hidden(data, i, j);
  const strength = SQRT_FULL * Math.sqrt(weightOf(data, i, j) / most);
  const more = n > 0 ? "more-a" : "more-b";
  const kind = hide ? "hidden" : !n ? "empty" : data.models ? more
    : data.cross || i === j ? "right" : "wrong";
  const isMarked = marked.has(`${i},${j}`);
  return {
    main: hide || data.size === "dense" || (!n && !full) ? "" : texts[0],
    sub: hide || !n || !full ? "" : texts[1],
    strength: Math.min(strength, SQRT_FULL),
    kind,
    marked: isMarked,
    title: titleOf(data, i, j, n, share) + (isMarked && data.words.mark ? `; ${data.words.mark}` : ""),
  };
}
