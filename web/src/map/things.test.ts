import { expect, test } from 'vitest';
import type { Sensor } from '../nouns/sensor';
import { sensorFeatures } from './things';

const sensor = (id: string, exercise: boolean): Sensor =>
  ({ id, kind: 'rain', exercise, place: { latitude: 21.6, longitude: 105.8, adminUnit: '', address: '' }, thresholds: [], lastAtMs: 1, periodMs: 60_000, silencePeriods: 3, status: 'measuring' }) as never;

test('what is played bears its mark on the map, and nothing else does', () => {
  const { features } = sensorFeatures([sensor('a', true), sensor('b', false)], 2, 'DIỄN TẬP');
  expect(features.map(({ properties }) => properties?.['mark'] ?? '')).toEqual(['DIỄN TẬP', '']);
});
