import { expect, test } from 'vitest';
import { blameOf, hourOf, MINUTES_MAX, minutesOf, noted, type Minute, type Noted } from './own-line';

const MINUTE = 60_000;
const of = (...happened: [atMs: number, what: Noted][]) => happened.reduce<Minute[]>((minutes, [atMs, what]) => noted(minutes, atMs, what), []);

test('what happens is counted by the minute, and the hour is their sum', () => {
  const minutes = of([0, { kind: 'ping', ms: 10 }], [5_000, { kind: 'ping', ms: 30 }], [MINUTE, { kind: 'cuts' }], [MINUTE + 1, { kind: 'returns' }], [MINUTE + 2, { kind: 'request', ms: 200 }]);
  expect(minutes.length).toBe(2);
  const hour = hourOf(minutes, MINUTE + 3);
  expect(hour).toEqual({ ping: { count: 2, sumMs: 40, maxMs: 30 }, request: { count: 1, sumMs: 200, maxMs: 200 }, unanswered: 0, cuts: 1, returns: 1, faults: 0 });
});

test('what is older than an hour is not counted, and no more than an hour is kept', () => {
  let minutes: Minute[] = [];
  for (let minute = 0; minute < 100; minute += 1) minutes = noted(minutes, minute * MINUTE, { kind: 'faults' });
  expect(minutes.length).toBe(MINUTES_MAX);
  expect(hourOf(minutes, 99 * MINUTE).faults).toBe(60);
  expect(hourOf(minutes, 120 * MINUTE).faults).toBe(39);
});

test('a clock that is set back loses nothing', () => {
  const minutes = of([9 * MINUTE, { kind: 'cuts' }], [2 * MINUTE, { kind: 'cuts' }]);
  expect(minutes.map(({ minute, cuts }) => [minute, cuts])).toEqual([[9, 2]]);
});

test('what a tab kept is taken as it was, and nothing that is none of it', () => {
  const minutes = of([0, { kind: 'ping', ms: 10 }], [MINUTE, { kind: 'unanswered' }]);
  expect(minutesOf(JSON.stringify(minutes))).toEqual(minutes);
  expect(minutesOf(null)).toEqual([]);
  expect(minutesOf('{"minute":1}')).toEqual([]);
  expect(minutesOf('[')).toEqual([]);
  expect(minutesOf(JSON.stringify([{ ...minutes[0], cuts: 'x' }, minutes[1]]))).toEqual([minutes[1]]);
});

test('the fault is where it is', () => {
  expect(blameOf(true, 12, 'well')).toBe('none');
  expect(blameOf(true, undefined, 'well')).toBe('none');
  expect(blameOf(true, 900, 'well')).toBe('screen');
  expect(blameOf(false, 12, 'well')).toBe('screen');
  expect(blameOf(true, 12, 'degraded')).toBe('cluster');
  expect(blameOf(false, 12, 'refusing')).toBe('both');
  expect(blameOf(true, 12, undefined)).toBe('unknown');
});
