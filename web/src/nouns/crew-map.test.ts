import { expect, test } from 'vitest';
import { directionOf, frameOf, meet, scaleM } from './crew-map';
import { distanceM } from './place';

const here = { latitude: 21.6, longitude: 105.85 };
const at = (north: number, east: number) => ({ latitude: here.latitude + north, longitude: here.longitude + east });

test('it says which way', () => {
  const ways = [[1, 0], [1, 1.07], [0, 1], [-1, 1.07], [-1, 0], [-1, -1.07], [0, -1], [1, -1.07]] as const;
  expect(ways.map(([north, east]) => directionOf(here, at(north * 0.01, east * 0.01)))).toEqual(['n', 'ne', 'e', 'se', 's', 'sw', 'w', 'nw']);
});

test('the map holds both points with room, and is never closer than a street or two', () => {
  for (const other of [at(0.2, 0.01), at(-0.01, 0.3), at(0.0001, 0)]) {
    const [west, south, east, north] = frameOf(here, other);
    for (const { latitude, longitude } of [here, other]) {
      expect(longitude > west && longitude < east && latitude > south && latitude < north).toBe(true);
    }
    const wide = distanceM({ latitude: here.latitude, longitude: west }, { latitude: here.latitude, longitude: east });
    expect(wide).toBeGreaterThanOrEqual(1_390);
  }
  expect(frameOf(here, undefined)).toEqual(frameOf(here, here));
});

test('the scale is a round length that fits', () => {
  expect(scaleM(frameOf(here, undefined))).toBe(200);
  expect(scaleM(frameOf(here, at(0, 0.3)))).toBe(10_000);
});

test('parts of the land meet or do not', () => {
  expect(meet([0, 0, 2, 2], [1, 1, 3, 3])).toBe(true);
  expect(meet([0, 0, 2, 2], [3, 0, 4, 2])).toBe(false);
  expect(meet([0, 0, 2, 2], [0, 3, 2, 4])).toBe(false);
});
