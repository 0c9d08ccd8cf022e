import { expect, test } from 'vitest';
import { momentsOf, thenOf, type ReplayLine } from './replay';

const incident = (status: string, units: string[], latitude = 21.5) => ({ severity: 4 as const, status, summary: 'Ngập', latitude, longitude: 105.8, units });
const unit = (id: string, status: string, latitude: number) => ({ id, status, latitude, longitude: 105.8 });
const lines: ReplayLine[] = [
  { atMs: 5, unit: unit('xe-9', 'available', 20) },
  { atMs: 10, incident: incident('opened', []) },
  { atMs: 20, unit: unit('xe-1', 'offered', 21.1) },
  { atMs: 20, incident: incident('assigned', ['xe-1']) },
  { atMs: 30, unit: unit('xe-1', 'on-scene', 21.5) },
  { atMs: 40, incident: incident('closed', [], 21.6) },
];

test('at each moment it is what it was then', () => {
  expect(thenOf(lines, 9)).toBeUndefined();
  expect(thenOf(lines, 10)).toMatchObject({ incident: { status: 'opened' }, units: [] });
  expect(thenOf(lines, 25)).toMatchObject({ incident: { status: 'assigned' }, units: [{ id: 'xe-1', status: 'offered', latitude: 21.1 }] });
  expect(thenOf(lines, 30)?.units).toEqual([unit('xe-1', 'on-scene', 21.5)]);
  // Who has left is not there any more.
  expect(thenOf(lines, 99)).toMatchObject({ incident: { status: 'closed', latitude: 21.6 }, units: [] });
});

test('its moments begin with the incident, each once', () => {
  expect(momentsOf(lines)).toEqual([10, 20, 30, 40]);
  expect(momentsOf(lines.slice(0, 1))).toEqual([]);
});
