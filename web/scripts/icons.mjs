// Draws the icons of the installed crew's page out of `public/drum.svg`, for phones that take no SVG: `node scripts/icons.mjs`.
// The mark is circles and one path of straight lines, so a line of sight across it crosses spans; nothing else of SVG is read.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';

export const PUBLIC = new URL('../public/', import.meta.url);

/** `full`: the ground fills the square and the mark stays within the circle of 40 % that every mask leaves (W3C manifest, "maskable"). */
export const ICONS = [
  { file: 'drum-192.png', size: 192, full: false },
  { file: 'drum-512.png', size: 512, full: false },
  { file: 'drum-maskable-512.png', size: 512, full: true },
];

/** Looks across each row of pixels. */
const LOOKS = 8;
/** How much smaller the mark is within a full ground. */
const FULL_SCALE = 0.9;

/** Shapes of the mark, from the ground up: a colour, and the spans that it covers at a height. */
function shapesOf(svg) {
  const shapes = [];
  for (const [, name, text] of svg.matchAll(/<(circle|path) ([^>]*)\/>/g)) {
    const given = Object.fromEntries([...text.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));
    if (name === 'path') {
      const points = [...given.d.matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
      shapes.push({ colour: given.fill, spans: (y) => across(points, y) });
      continue;
    }
    const [cx, cy, r] = [given.cx, given.cy, given.r].map(Number);
    const half = (radius, y) => Math.sqrt(Math.max(0, radius ** 2 - (y - cy) ** 2));
    if (given.fill !== 'none') {
      shapes.push({ colour: given.fill, spans: (y) => [[cx - half(r, y), cx + half(r, y)]] });
      continue;
    }
    const width = Number(given['stroke-width']) / 2;
    const ring = (y) => {
      const [outer, inner] = [half(r + width, y), half(r - width, y)];
      return [[cx - outer, cx - inner], [cx + inner, cx + outer]];
    };
    shapes.push({ colour: given.stroke, spans: ring });
  }
  return shapes;
}

/** Where a line at this height is within the polygon. */
function across(points, y) {
  const crossed = [];
  for (const [n, [x1, y1]] of points.entries()) {
    const [x2, y2] = points[(n + 1) % points.length];
    if (y1 <= y !== y2 <= y) crossed.push(x1 + ((y - y1) / (y2 - y1)) * (x2 - x1));
  }
  crossed.sort((one, next) => one - next);
  return Array.from({ length: crossed.length / 2 }, (_, n) => [crossed[2 * n], crossed[2 * n + 1]]);
}

/** How much of each pixel of a row the shape covers. */
function coverage(shape, row, size, scale) {
  const covered = new Float64Array(size);
  for (let look = 0; look < LOOKS; look += 1) {
    const y = 16 + (((row + (look + 0.5) / LOOKS) / size) * 32 - 16) / scale;
    for (const [from, to] of shape.spans(y)) {
      const [left, right] = [from, to].map((x) => ((16 + (x - 16) * scale) / 32) * size);
      for (let x = Math.floor(left); x < right; x += 1) covered[x] += (Math.min(x + 1, right) - Math.max(x, left)) / LOOKS;
    }
  }
  return covered;
}

/** Rows of RGBA, each behind the number of its filter (0), as PNG has them. */
export function pixels(svg, { size, full }) {
  const shapes = shapesOf(svg);
  const rgb = (colour) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  const rows = new Uint8Array(size * (4 * size + 1));
  for (let row = 0; row < size; row += 1) {
    const covers = shapes.map((shape) => coverage(shape, row, size, full ? FULL_SCALE : 1));
    for (let x = 0; x < size; x += 1) {
      let [mixed, alpha] = full ? [rgb(shapes[0].colour), 1] : [[0, 0, 0], 0];
      for (const [n, { colour }] of shapes.entries()) {
        const over = Math.min(1, covers[n][x]);
        if (over === 0) continue;
        mixed = rgb(colour).map((value, at) => value * over + mixed[at] * (1 - over));
        alpha = over + alpha * (1 - over);
      }
      const at = row * (4 * size + 1) + 1 + 4 * x;
      rows.set([...mixed.map((value) => Math.round(alpha === 0 ? 0 : value / alpha)), Math.round(alpha * 255)], at);
    }
  }
  return rows;
}

/** PNG (ISO/IEC 15948): 8 bits a channel with alpha. */
function png(rows, size) {
  const part = (name, data) => {
    const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 6, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, part('IHDR', head), part('IDAT', deflateSync(rows, { level: 9 })), part('IEND', Buffer.alloc(0))]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const svg = readFileSync(new URL('drum.svg', PUBLIC), 'utf8');
  for (const icon of ICONS) writeFileSync(new URL(icon.file, PUBLIC), png(pixels(svg, icon), icon.size));
}
