// Numbers on a crowded map: none covers another or a mark, and the gravest keeps its own.
import { expect, test } from 'vitest';
import { ABOVE_PX, BELOW_PX, LABELS_MAX, labelsOf, type Labelled } from './map-labels';

const mark = (id: string, x: number, y: number): Labelled => ({ id, at: [x, y], text: id, kept: false });

test('a number stands under its mark', () => {
  expect([...labelsOf([mark('I4801', 100, 100), mark('I4802', 300, 100)])]).toEqual([['I4801', BELOW_PX], ['I4802', BELOW_PX]]);
});

test('the gravest keeps its place, and who would cover it goes above', () => {
  const placed = labelsOf([mark('I4805', 100, 100), mark('I4812', 135, 102)]);
  expect(placed.get('I4805')).toBe(BELOW_PX);
  expect(placed.get('I4812')).toBe(ABOVE_PX);
});

test('a number that would lie over a mark goes above, and where that is taken too it stays away', () => {
  const under = mark('I4823', 104, 128);
  expect(labelsOf([mark('I4809', 100, 100), under]).get('I4809')).toBe(ABOVE_PX);
  const over = mark('I4819', 98, 78);
  expect(labelsOf([mark('I4809', 100, 100), under, over]).has('I4809')).toBe(false);
});

test('what is played says so wherever it stands, and pushes nobody away', () => {
  const [under, over] = [mark('I4809', 104, 128), mark('I4819', 98, 78)];
  const placed = labelsOf([{ ...mark('I4823', 100, 100), kept: true }, under, over]);
  expect(placed.get('I4823')).toBe(BELOW_PX);
  expect(placed.has('I4809')).toBe(true);
});

test('of a thousand in one place the first have numbers, and that takes no time', () => {
  const crowd = Array.from({ length: 1_000 }, (_, n) => mark(`I${n}`, (n % 40) * 70, Math.floor(n / 40) * 70));
  expect(labelsOf(crowd).size).toBe(LABELS_MAX);
  expect(labelsOf(Array.from({ length: 1_000 }, (_, n) => mark(`I${n}`, 50, 50))).size).toBe(2);
});
