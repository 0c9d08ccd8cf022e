import { expect, test } from 'vitest';
import { aboutOf, isUnsent, keptOf } from './kept';

test('a command is told by what it is about', () => {
  expect(aboutOf('/api/incidents', {})).toEqual({ target: '', what: 'incidents' });
  expect(aboutOf('/api/incidents/I%207/note', {})).toEqual({ target: 'incident/I 7', what: 'incidents/note' });
  expect(aboutOf('/api/incidents/I7/suggestions/2', {})).toEqual({ target: 'incident/I7', what: 'incidents/suggestions' });
  expect(aboutOf('/api/units/u1/mayday/clear', {})).toEqual({ target: 'unit/u1', what: 'units/mayday/clear' });
  const alarm = { entity: 's1', condition: 'threshold' };
  expect(aboutOf('/api/alarms/acknowledge', alarm)).toEqual({ target: 'alarm/s1/threshold', what: 'alarms/acknowledge' });
  expect(aboutOf('/api/alarms/out-of-service', alarm)).toEqual({ target: 'device/s1', what: 'alarms/out-of-service' });
  expect(aboutOf('/api/clocks/pause', null)).toEqual({ target: '', what: 'clocks/pause' });
});

test('what came over the wire is read, and what is not known counts as rejected', () => {
  const wire = { place: 3, path: '/api/incidents/I7/note', body: { note: 'đã đến' }, entered_at_ms: 5, state: 'sign_in', unsure: false };
  const kept = keptOf(wire);
  expect(kept).toMatchObject({ text: 'đã đến', state: 'sign-in', target: 'incident/I7' });
  expect(isUnsent(kept)).toBe(true);
  expect(keptOf({ ...wire, state: 'committed', version: 4 })).toMatchObject({ state: 'committed', version: 4 });
  expect(keptOf({ ...wire, state: 'rejected', code: 'version_conflict' }).reason.code).toBe('version_conflict');
  expect(keptOf({ ...wire, state: 'something new', body: null })).toMatchObject({ state: 'rejected', text: '' });
});
