// What the map needs besides the page: colours, pixels, nearest points, outlines. No state.
const Q = 65535; // positions are whole numbers from 0 to this
const OPAQUE = 256;

function shuffled(n) {
  const rows = new Uint32Array(n);
  for (let i = 0; i < n; i++) rows[i] = i;
  let seed = 1; // the same order each time: no group lies on top of the others
  for (let i = n - 1; i > 0; i--) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const j = seed % (i + 1);
    const kept = rows[i];
    rows[i] = rows[j];
    rows[j] = kept;
  }
  return rows;
}

// A disc as offsets into the picture and how much each pixel is covered.
function disc(radius, width, strength) {
  const reach = Math.ceil(radius + 0.5);
  const offsets = [], alphas = [];
  for (let dy = -reach; dy <= reach; dy++)
    for (let dx = -reach; dx <= reach; dx++) {
      const cover = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(dx, dy)));
      if (cover <= 0.02) continue;
      offsets.push(dy * width + dx);
      alphas.push(Math.round(cover * strength * OPAQUE));
    }
  return { reach, offsets: Int32Array.from(offsets), alphas: Int32Array.from(alphas) };
}

// Puts one disc a row into `pixels` (0xAABBGGRR); rows for which `wanted` is 0 are left out.
function splat(pixels, width, height, points, frame, rows, wanted, colours, groups, stamp) {
  const { x, y } = points, { scale, left, top } = frame;
  const { reach, offsets, alphas } = stamp, n = offsets.length;
  for (let r = 0; r < rows.length; r++) {
    const i = rows[r];
    if (wanted && !wanted[i]) continue;
    const px = Math.round(x[i] * scale + left), py = Math.round(top - y[i] * scale);
    if (px < reach || py < reach || px >= width - reach || py >= height - reach) continue;
    const colour = groups ? colours[groups[i]] : colours[0];
    const redBlue = colour & 0xff00ff, green = colour & 0xff00, at = py * width + px;
    for (let k = 0; k < n; k++) {
      const a = alphas[k], b = OPAQUE - a, under = pixels[at + offsets[k]];
      pixels[at + offsets[k]] = 0xff000000
        | ((((under & 0xff00ff) * b + redBlue * a) >>> 8) & 0xff00ff)
        | ((((under & 0xff00) * b + green * a) >>> 8) & 0xff00);
    }
  }
}

// The `most` rows nearest to a place, nearest first, within `reach`; all in units of the points.
function nearest(points, qx, qy, reach, most) {
  const { x, y } = points, found = [];
  let limit = reach * reach;
  for (let i = 0; i < x.length; i++) {
    const dx = x[i] - qx, dy = y[i] - qy, d = dx * dx + dy * dy;
    if (d > limit) continue;
    let at = found.length;
    while (at > 0 && found[at - 1][0] > d) at--;
    found.splice(at, 0, [d, i]);
    if (found.length > most) limit = found.pop()[0];
  }
  return found.map(([, i]) => i);
}

// Even-odd rule, as on the server; only for the eye: which images are marked is decided there.
function inside(points, corners) {
  const { x, y } = points, n = x.length, within = new Uint8Array(n);
  for (let c = 0; c < corners.length; c++) {
    const [x0, y0] = corners[c], [x1, y1] = corners[(c + 1) % corners.length];
    if (y0 === y1) continue;
    const low = Math.min(y0, y1), high = Math.max(y0, y1), slope = (x1 - x0) / (y1 - y0);
    for (let i = 0; i < n; i++)
      if (y[i] >= low && y[i] < high && x[i] < x0 + (y[i] - y0) * slope) within[i] ^= 1;
  }
  return within;
}

// Fewer corners, none of them further than `tolerance` from the line that was drawn.
function simplified(line, tolerance) {
  if (line.length < 3) return line;
  const [a, b] = [line[0], line[line.length - 1]];
  const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
  let worst = 0, at = 0;
  for (let i = 1; i < line.length - 1; i++) {
    const [px, py] = line[i];
    const off = length
      ? Math.abs((b[0] - a[0]) * (a[1] - py) - (a[0] - px) * (b[1] - a[1])) / length
      : Math.hypot(px - a[0], py - a[1]);
    if (off > worst) [worst, at] = [off, i];
  }
  if (worst <= tolerance) return [a, b];
  const first = simplified(line.slice(0, at + 1), tolerance);
  return first.slice(0, -1).concat(simplified(line.slice(at), tolerance));
}

const brush = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });

// Any colour that CSS knows, as a pixel.
function pixelOf(css) {
  brush.clearRect(0, 0, 1, 1);
  brush.fillStyle = css;
  brush.fillRect(0, 0, 1, 1);
  return new Uint32Array(brush.getImageData(0, 0, 1, 1).data.buffer)[0];
}

function cssOf(pixel) {
  return `rgb(${pixel & 255} ${(pixel >> 8) & 255} ${(pixel >> 16) & 255})`;
}

// The theme's hues while they suffice; beyond, steps of the golden angle in three lightnesses.
function palette(n, themed, dark) {
  if (n <= themed.length) return themed.slice(0, n).map(pixelOf);
  const levels = dark ? [0.68, 0.8, 0.9] : [0.48, 0.6, 0.72];
  return Array.from({ length: n }, (_, i) =>
    pixelOf(`oklch(${levels[i % 3]} ${i % 2 ? 0.16 : 0.11} ${((i * 137.508) % 360).toFixed(1)})`)
  );
}

function theme(root) {
  const style = getComputedStyle(root), read = (name) => style.getPropertyValue(name).trim();
  const ground = pixelOf(read("--st-background-color"));
  const light = (ground & 255) * 0.3 + ((ground >> 8) & 255) * 0.59 + ((ground >> 16) & 255) * 0.11;
  return {
    ground,
    dark: light < 128,
    text: read("--st-text-color"),
    primary: read("--st-primary-color"),
    back: read("--st-background-color"),
    faded: pixelOf(light < 128 ? "#5a525c" : "#c9c1bd"),
    hues: read("--st-chart-categorical-colors").split(","),
  };
}

function cross(context, x, y, colour) {
  context.fillStyle = colour;
  context.fillRect(x - 8, y - 0.5, 16, 1);
  context.fillRect(x - 0.5, y - 8, 1, 16);
}

function circle(context, x, y, radius, colour, thickness) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.strokeStyle = colour;
  context.lineWidth = thickness;
  context.stroke();
}

function outline(context, corners, colour) {
  context.beginPath();
  corners.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
  context.globalAlpha = 0.08;
  context.fillStyle = colour;
  context.fill("evenodd");
  context.globalAlpha = 1;
  context.lineWidth = 1.5;
  context.setLineDash([5, 4]);
  context.strokeStyle = colour;
  context.stroke();
  context.setLineDash([]);
}

// A name above a place, or below it at the top edge, with a rim so that it stands off the points.
function caption(context, text, [x, y], width, look, font) {
  context.font = `600 13px ${font}`;
  const half = context.measureText(text).width / 2 + 4;
  const at = Math.min(Math.max(x, half), width - half), base = y < 70 ? y + 28 : y - 20;
  context.textAlign = "center";
  context.lineJoin = "round";
  context.lineWidth = 5;
  context.strokeStyle = look.back;
  context.strokeText(text, at, base);
  context.fillStyle = look.text;
  context.fillText(text, at, base);
}
