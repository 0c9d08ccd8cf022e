import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { LoadNoticeSchema, LoadSide } from '../gen/trongdong/v1/admin_unit_pb';
import { bandPath, loadOf, loadTop, noticeOf, rankLoad, type LoadDay, type LoadWire } from './load';

const hours = [
  { low: 0, median: 1, high: 4 },
  { low: 1, median: 2, high: 8 },
];
const wire: LoadWire = {
  state: 'ready',
  model: 'load',
  model_version: 'v1',
  at_ms: 9,
  hours: 1_100,
  hours_least: 1_008,
  day_at_ms: 5,
  districts: [{ district: 'west', hours, counts: [9], so_far: 9, band: { low: 0, high: 5 }, side: 'above' }],
};

test('an answer becomes a load, and a day without an hour has no band yet', () => {
  const load = loadOf(wire);
  expect(load.districts[0]).toEqual({ district: 'west', hours, counts: [9], soFar: 9, band: { low: 0, high: 5 }, side: 'above' });
  const fresh = { ...wire.districts[0]!, band: null, counts: [], so_far: 0, side: 'within' as const };
  expect(loadOf({ ...wire, districts: [fresh] }).districts[0]!.band).toBeUndefined();
});

test('all together stands first, then what is outside of its band', () => {
  const day = (district: string, side: LoadDay['side']): LoadDay => ({ district, side, hours, counts: [], soFar: 0, band: undefined });
  const days = [day('b', 'within'), day('c', 'below'), day('a', 'within'), day('', 'within')];
  expect(rankLoad(days, (name) => name).map(({ district }) => district)).toEqual(['', 'c', 'a', 'b']);
});

test('the band goes along the highs and back along the lows, and the count is on the chart', () => {
  expect(bandPath(hours, 8, 20, 80)).toBe('0,40 10,40 10,0 20,0 20,70 10,70 10,80 0,80');
  expect(bandPath([], 8, 20, 80)).toBe('');
  expect(loadTop(loadOf(wire).districts[0]!)).toBe(9);
});

test('a notice is there only while a district is not as expected', () => {
  expect(noticeOf(undefined)).toBeUndefined();
  const wire = create(LoadNoticeSchema, { side: LoadSide.BELOW, count: 1, low: 3, high: 9, reportedAtMs: 7n });
  expect(noticeOf(wire)).toEqual({ side: 'below', count: 1, low: 3, high: 9, reportedAtMs: 7 });
});
