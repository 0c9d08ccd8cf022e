import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { AlarmSchema } from '../gen/trongdong/v1/alarm_pb';
import { alarmOf } from './alarm';
import { alarmWeek, ALARMS_A_DAY, weekCsv } from './alarm-week';

const DAY_MS = 86_400_000;
const TODAY = 100 * DAY_MS;
const NOW = TODAY + 5 * 3_600_000;
const alarm = (entity: string, severity: number, raisedAtMs: number, more: object = {}) =>
  alarmOf(create(AlarmSchema, { key: { entity, condition: 'high' }, severity, active: true, occurrences: 1, raisedAtMs: BigInt(raisedAtMs), ...more }));
const days = (...counts: [ago: number, count: number][]) => ({ raisedDays: counts.map(([ago, count]) => ({ fromMs: BigInt(TODAY - ago * DAY_MS), count })) });
const seen = (by: string, atMs: number) => ({ acknowledged: true, acknowledgedBy: by, acknowledgedAtMs: BigInt(atMs) });

test('a week is told day by day, with how many there were for each who saw to them', () => {
  const week = alarmWeek(
    [
      alarm('a', 2, NOW, { ...days([1, 400], [0, 6]), ...seen('hoa', TODAY - 1) }),
      alarm('b', 4, NOW, { ...days([1, 50]), ...seen('lan', TODAY - DAY_MS) }),
      alarm('c', 5, NOW, { ...days([6, 2], [7, 90]), ...seen('lan', TODAY - DAY_MS - 1) }),
    ],
    NOW,
  );
  expect(week.map(({ fromMs }) => (TODAY - fromMs) / DAY_MS)).toEqual([6, 5, 4, 3, 2, 1, 0]);
  expect(week.map(({ all }) => all)).toEqual([2, 0, 0, 0, 0, 450, 6]);
  expect(week[5]).toMatchObject({ low: 400, high: 50, critical: 0, people: 2, each: 225 });
  expect(week[5]!.each).toBeGreaterThan(ALARMS_A_DAY);
  expect(week[0]).toMatchObject({ critical: 2, people: 0, each: 2 });
});

test('where no days are counted, each alarm counts with its last raising', () => {
  const week = alarmWeek([alarm('a', 3, TODAY - 1), alarm('b', 5, TODAY), alarm('old', 5, TODAY - 6 * DAY_MS - 1)], NOW);
  expect(week.map(({ all }) => all)).toEqual([0, 0, 0, 0, 0, 1, 1]);
});

test('the file has a row for each day, and what the week came to beside what it should be', () => {
  const words = { day: 'Day, UTC', all: 'All', people: 'People', each: 'Each', target: 'Target', total: 'Total', share: 'Share' };
  const week = alarmWeek([alarm('a', 1, NOW, days([1, 170])), alarm('b', 4, NOW, days([0, 30]))], NOW);
  const lines = weekCsv(week, words, (ms) => `d${ms / DAY_MS}`).split('\r\n');
  expect(lines).toHaveLength(12);
  expect(lines[0]).toBe('"Day, UTC",1–3,4,5,All,People,Each,Target 150');
  expect(lines.slice(6, 11)).toEqual(['d99,170,0,0,170,0,170.0,!', 'd100,0,30,0,30,0,30.0,', 'Total,170,30,0,200,,,', 'Share,85.0 %,15.0 %,0.0 %,,,,', 'Target,80 %,15 %,5 %,,,,']);
  expect(weekCsv(alarmWeek([], NOW), words, () => '')).toContain('Share,,,,,,,\r\n');
});
