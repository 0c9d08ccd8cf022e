import { expect, test } from 'vitest';
import { FAR_PX, farRem, wallScale } from './wall-scale';

test('a wall is drawn for who sits far away, a desk as it is', () => {
  expect(wallScale(3_840, 2_160)).toBe(3);
  // Two of them side by side are as high as one.
  expect(wallScale(7_680, 2_160)).toBe(3);
  expect(wallScale(1_920, 1_080)).toBe(1);
  expect(wallScale(2_560, 1_440)).toBe(1.25);
  expect(wallScale(1_280, 720)).toBe(1);
  expect(wallScale(390, 844)).toBe(1);
});

test('a browser that shows its bars makes no wall a desk, and a wide desk is no wall', () => {
  expect(wallScale(3_840, 2_020)).toBe(2.75);
  expect(wallScale(3_440, 1_440)).toBe(1.25);
});

test('what is read from the farthest seat is as large on a wall of any scale, and no matter at a desk', () => {
  for (const [width, height] of [[3_840, 2_160], [3_840, 2_020], [7_680, 2_160], [3_840, 1_850]] as const) {
    expect(farRem(width, height) * 16 * wallScale(width, height)).toBeCloseTo(FAR_PX);
  }
  expect(farRem(1_920, 1_080)).toBe(0);
  expect(farRem(3_440, 1_440)).toBe(0);
});
