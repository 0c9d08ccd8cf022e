import { expect, test } from 'vitest';
import { keptOf } from './kept';
import { logPlaceOf } from './log-place';

test('an answer says where the log has the command, and whether it was taken before', () => {
  expect(logPlaceOf({ group: 3, index: 5012, term: 9, again: false })).toEqual({ group: 3, index: 5012, term: 9, again: false });
  expect(logPlaceOf({ group: 0, index: 0, term: 0, again: true })).toEqual({ group: 0, index: 0, term: 0, again: true });
});

test('an answer of an older node, or one that is none, says nothing', () => {
  for (const wire of [undefined, null, 7, 'x', {}, { group: 1, index: '5', term: 2 }]) expect(logPlaceOf(wire)).toBeUndefined();
});

test('what a district centre kept and the province took has its place too', () => {
  const log = { group: 0, index: 77, term: 4, again: false };
  const kept = keptOf({ place: 1, path: '/api/incidents/I1/note', body: { note: 'x' }, entered_at_ms: 5, state: 'committed', unsure: false, version: 2, log });
  expect(kept.log).toEqual(log);
});
