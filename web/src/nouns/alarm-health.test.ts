import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { AlarmSchema } from '../gen/trongdong/v1/alarm_pb';
import { alarmOf } from './alarm';
import { alarmHealth, HEALTH_SPAN_MS, STALE_ALARM_MS, WORST_MAX } from './alarm-health';
import { floodMs, FLOOD_WINDOW_MS } from './flood';

const NOW = 100 * 86_400_000;
const alarm = (entity: string, severity: number, agoMs: number, more: object = {}) =>
  alarmOf(create(AlarmSchema, { key: { entity, condition: 'high' }, severity, active: true, occurrences: 1, raisedAtMs: BigInt(NOW - agoMs), ...more }));

test('what stands for more than a day is stale, longest first; what is over is not', () => {
  const alarms = [alarm('day', 3, STALE_ALARM_MS + 1), alarm('week', 3, 7 * STALE_ALARM_MS), alarm('fresh', 3, STALE_ALARM_MS), alarm('over', 3, 9 * STALE_ALARM_MS, { active: false })];
  expect(alarmHealth(alarms, NOW).stale.map(({ entity }) => entity)).toEqual(['week', 'day']);
});

test('the worst are those that chatter most, ten at most', () => {
  const alarms = Array.from({ length: 14 }, (_, n) => alarm(`s${n}`, 2, 1_000, { occurrences: n }));
  const { worst } = alarmHealth(alarms, NOW);
  expect(worst).toHaveLength(WORST_MAX);
  expect(worst.map(({ occurrences }) => occurrences)).toEqual([13, 12, 11, 10, 9, 8, 7, 6, 5, 4]);
  expect(alarmHealth([alarm('seen', 2, 1_000, { occurrences: 9, active: false, acknowledged: true })], NOW).worst).toEqual([]);
});

test('the mix is of what was raised in the last seven days', () => {
  const alarms = [alarm('a', 1, 1_000), alarm('b', 3, 1_000), alarm('c', 4, 1_000), alarm('d', 5, 1_000), alarm('old', 5, HEALTH_SPAN_MS + 1)];
  expect(alarmHealth(alarms, NOW)).toMatchObject({ raised: 4, mix: { low: 50, high: 25, critical: 25 } });
  expect(alarmHealth([], NOW)).toMatchObject({ raised: 0, mix: undefined, floodShare: 0 });
});

test('where days are counted, the mix is of each time that an alarm called', () => {
  const days = (...counts: [agoMs: number, count: number][]) => ({ raisedDays: counts.map(([agoMs, count]) => ({ fromMs: BigInt(NOW - agoMs), count })) });
  const alarms = [
    alarm('often', 2, 1_000, days([6 * 86_400_000, 10], [0, 6])),
    alarm('grave', 4, 1_000, days([86_400_000, 3])),
    alarm('worst', 5, 1_000, days([HEALTH_SPAN_MS + 1, 40], [0, 1])),
    alarm('called nobody', 5, 1_000),
  ];
  expect(alarmHealth(alarms, NOW)).toMatchObject({ raised: 20, mix: { low: 80, high: 15, critical: 5 } });
});

test('a flood is counted from where it begins to where it ends', () => {
  const burst = Array.from({ length: 12 }, () => ({ raisedAtMs: 1_000_000 }));
  expect(floodMs(burst, 0, 1_000_000 + 60_000)).toBe(60_000);
  expect(floodMs(burst, 0, 9_000_000)).toBe(FLOOD_WINDOW_MS);
  expect(floodMs(burst, 1_000_000 + 60_000, 9_000_000)).toBe(FLOOD_WINDOW_MS - 60_000);
  expect(floodMs(burst.slice(0, 10), 0, 9_000_000)).toBe(0);
});
