import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { PlaceSchema } from '../gen/trongdong/v1/common_pb';
import { AlarmSchema } from '../gen/trongdong/v1/alarm_pb';
import { alarmOf, rankAlarms } from './alarm';
import { alarmsIn, causeOf, floodOf, FLOOD_WINDOW_MS, foldedIn, foldedRows, plainRows } from './flood';

const NO_DEVICES = { alarms: new Map(), sensors: new Map(), cameras: new Map() };
const raised = (...minutes: number[]) => minutes.map((minute) => ({ raisedAtMs: minute * 60_000 }));
const many = (count: number, minute: number) => raised(...Array.from({ length: count }, () => minute));

test('a flood begins above ten alarms in ten minutes and ends below five', () => {
  expect(floodOf(many(10, 1), 2 * 60_000)).toEqual({ is: false, raised: 10 });
  expect(floodOf(many(11, 1), 2 * 60_000)).toEqual({ is: true, raised: 11 });
  // Between the two it goes on, or does not begin.
  const falling = [...many(6, 1), ...many(5, 8)];
  expect(floodOf(falling, 9 * 60_000)).toEqual({ is: true, raised: 11 });
  expect(floodOf(falling, 11 * 60_000)).toEqual({ is: true, raised: 5 });
  expect(floodOf(many(5, 8), 11 * 60_000)).toEqual({ is: false, raised: 5 });
  expect(floodOf([...many(7, 1), ...many(4, 8)], 11 * 60_000)).toEqual({ is: false, raised: 4 });
  expect(floodOf(falling, 8 * 60_000 + FLOOD_WINDOW_MS)).toEqual({ is: false, raised: 0 });
});

test('what will come, and what never did, does not count', () => {
  expect(floodOf([...many(11, 20), { raisedAtMs: 0 }], 60_000)).toEqual({ is: false, raised: 0 });
});

const alarm = (entity: string, severity: number, more: object = {}) =>
  alarmOf(create(AlarmSchema, { key: { entity, condition: 'high' }, severity, active: true, raisedAtMs: 10n, ...more }));
const at = (adminUnit: string) => create(PlaceSchema, { latitudeE7: 1, longitudeE7: 1, adminUnit });

test('alarms share a cause by their incident, else by their place, else by what is wrong', () => {
  expect(causeOf(alarm('a', 3, { incident: 'I1', place: at('19001') }))).toEqual({ of: 'incident', id: 'I1' });
  expect(causeOf(alarm('a', 3, { place: at('19001') }))).toEqual({ of: 'place', id: '19001' });
  expect(causeOf(alarm('a', 3))).toEqual({ of: 'condition', id: 'high' });
});

test('a flood folds by cause, keeps the worst apart, and loses nothing', () => {
  const alarms = [
    alarm('worst', 5, { place: at('19001') }),
    alarm('a', 3, { place: at('19001') }),
    alarm('b', 4, { place: at('19001'), acknowledged: true, raisedAtMs: 4n }),
    alarm('c', 2, { incident: 'I1', place: at('19001') }),
    alarm('d', 2, { incident: 'I1', place: at('19002') }),
    alarm('alone', 1, { place: at('19003') }),
  ];
  const ranked = rankAlarms(alarms, 1_000, NO_DEVICES);
  const rows = foldedRows(ranked, new Set());
  expect(rows.map((row) => row.key)).toEqual(['worst/high', 'place 19001', 'incident I1', 'alone/high']);
  expect(rows[1]).toMatchObject({ severity: 4, waiting: 1, sinceMs: 4 });
  expect(alarmsIn(rows)).toBe(ranked.length);
  expect(foldedIn(rows)).toEqual({ alarms: 4, rows: 2 });
  // Each of an open row stands under it, and counts once.
  const open = foldedRows(ranked, new Set(['incident I1']));
  expect(open.map((row) => row.key)).toEqual(['worst/high', 'place 19001', 'incident I1', 'c/high', 'd/high', 'alone/high']);
  expect(alarmsIn(open)).toBe(ranked.length);
  expect(plainRows(ranked)).toHaveLength(ranked.length);
});

test('what is played and what is real are never one row', () => {
  const here = { place: at('19001') };
  const played = { ...here, exercise: true };
  const ranked = rankAlarms([alarm('a', 3, here), alarm('b', 3, here), alarm('c', 3, played), alarm('d', 3, played)], 1_000, NO_DEVICES);
  const rows = foldedRows(ranked, new Set());
  expect(rows.map((row) => row.is === 'group' && row.members.map((one) => one.alarm.exercise))).toEqual([[false, false], [true, true]]);
});

test('the worst that somebody shelved is not kept apart', () => {
  const shelf = { by: 'nam', reason: 'bảo trì', untilMs: 2_000n };
  const ranked = rankAlarms([alarm('a', 5, { place: at('1'), shelf }), alarm('b', 3, { place: at('1') })], 1_000, NO_DEVICES);
  expect(foldedRows(ranked, new Set()).map((row) => row.key)).toEqual(['place 1']);
});
