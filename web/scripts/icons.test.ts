import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { ICONS, pixels, PUBLIC } from './icons.mjs';

const read = (file: string) => readFileSync(new URL(file, PUBLIC));
const svg = read('drum.svg').toString('utf8');

/** Rows of RGBA of a picture that has one part of data. */
function rowsOf(bytes: Buffer, size: number): Buffer {
  expect(bytes.subarray(1, 4).toString('latin1')).toBe('PNG');
  expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20), ...bytes.subarray(24, 29)]).toEqual([size, size, 8, 6, 0, 0, 0]);
  expect(bytes.subarray(37, 41).toString('latin1')).toBe('IDAT');
  return inflateSync(bytes.subarray(41, 41 + bytes.readUInt32BE(33)));
}

/** The colour of a pixel, with its alpha. */
const at = (rows: Uint8Array, size: number, x: number, y: number) => [...rows.subarray(y * (4 * size + 1) + 1 + 4 * x, y * (4 * size + 1) + 5 + 4 * x)];

const GROUND = [0x20, 0x26, 0x2b, 255];
const MARK = [0xc9, 0xb9, 0x8c, 255];

test.each(ICONS)('$file is the mark as it stands in drum.svg, drawn by scripts/icons.mjs', (icon) => {
  const { file, size, full } = icon;
  const rows = rowsOf(read(file), size);
  expect(Buffer.compare(rows, Buffer.from(pixels(svg, icon)))).toBe(0);
  const half = size / 2;
  expect(at(rows, size, half, half)).toEqual(MARK);
  expect(at(rows, size, 0, 0)).toEqual(full ? GROUND : [0, 0, 0, 0]);
  // Between two rays, within the ring.
  expect(at(rows, size, Math.round(half + 0.35 * size), half)).toEqual(GROUND);
});

test('a mask of any shape cuts off nothing but ground', () => {
  const icon = ICONS.find(({ full }) => full)!;
  const rows = pixels(svg, icon);
  const beyond: number[][] = [];
  for (let y = 0; y < icon.size; y += 1) {
    for (let x = 0; x < icon.size; x += 1) {
      const away = Math.hypot(x + 0.5 - icon.size / 2, y + 0.5 - icon.size / 2);
      if (away > 0.4 * icon.size && at(rows, icon.size, x, y).join() !== GROUND.join()) beyond.push([x, y]);
    }
  }
  expect(beyond).toEqual([]);
});

test('the manifest names them all', () => {
  const manifest = JSON.parse(read('unit.webmanifest').toString('utf8')) as { icons: { src: string; sizes: string; purpose: string }[] };
  const named = manifest.icons.filter(({ src }) => src.endsWith('.png')).map(({ src, sizes, purpose }) => `${src} ${sizes} ${purpose}`);
  expect(named).toEqual(ICONS.map(({ file, size, full }) => `/${file} ${size}x${size} ${full ? 'maskable' : 'any'}`));
});
