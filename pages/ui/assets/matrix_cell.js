// What one cell says and how it looks, on the screen and in a downloaded picture; part of the module
// of matrix.js.
const SQRT_FULL = 92; // percent of the hue in the strongest cell
const STRONG = { right: 82, wrong: 82, "more-a": 68, "more-b": 80 }; // from here on, text is white

const number = (n) => n.toLocaleString("en-US");
const percent = (share, digits) => (100 * share).toFixed(digits) + "%";
const signed = (n) => (n > 0 ? "+" : n < 0 ? "−" : "") + number(Math.abs(n));
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

function sharesText(share, n, models) {
  if (!models) return share < 0.005 ? "<1%" : percent(share, 0);
  const points = Math.round(100 * share);
  return points ? signed(points) : (n > 0 ? "+" : "−") + "<1"; // points of the row
}

function titleOf(data, i, j, n, share) {
  const where = `${data.row_word} ${data.rows[i]}`;
  const said = `${data.column_word} ${data.columns[j]}`;
  const total = `of ${number(data.totals[i])} images`;
  if (!data.models) return `${number(n)} ${total} ${where}, ${said} (${percent(share, 1)} of the row)`;
  const [a, b] = [data.of_a[i][j], data.of_a[i][j] - n];
  const points = `${signed(Math.round(1000 * share) / 10)} points of the row`;
  return `${total} ${where}, ${said}: ${number(a)} by ${data.models[0]}, ${number(b)} by ` +
    `${data.models[1]}; difference ${signed(n)} (${points})`;
}

// The hue grows with the square root, so that a few errors can be seen.
function cellOf(data, i, j, marked, most) {
  const n = data.counts[i][j];
  const share = shareOf(data, i, j);
  const full = data.size === "full";
  const count = data.models ? signed(n) : number(n);
  const unit = full && data.models ? " pt" : "";
  const part = n ? sharesText(share, n, data.models) + unit : "0";
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
    strong: !hide && strength > (STRONG[kind] || SQRT_FULL),
    kind,
    marked: isMarked,
    title: titleOf(data, i, j, n, share) + (isMarked && data.mark_word ? `; ${data.mark_word}` : ""),
  };
}
