import { expect, test } from 'vitest';
import { incidentBefore, NEAR_M } from './camera';
import type { Incident } from './incident';
import type { Place } from './place';

const METRES_PER_DEGREE = 111_195;
const at = (metresNorth: number): Place => ({ latitude: 21.6 + metresNorth / METRES_PER_DEGREE, longitude: 105.8, adminUnit: '', address: '' });
const incident = (id: string, severity: number, metresNorth: number, status = 'opened') => ({ id, severity, status, place: at(metresNorth), openedAtMs: 1 }) as unknown as Incident;

test('a camera is looked at because of the worst open incident that it may see', () => {
  const camera = { place: at(0) };
  const near = NEAR_M - 10;
  expect(incidentBefore(camera, [incident('I1', 2, near), incident('I2', 4, near)])?.id).toBe('I2');
  expect(incidentBefore(camera, [incident('I1', 2, near), incident('I2', 4, NEAR_M + 10)])?.id).toBe('I1');
  expect(incidentBefore(camera, [incident('I1', 5, 0, 'closed')])).toBeUndefined();
  expect(incidentBefore({}, [incident('I1', 5, 0)])).toBeUndefined();
});
