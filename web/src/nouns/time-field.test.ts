import { expect, test } from 'vitest';
import { dayMs, dayOf, dayText, isTime, minuteOf, readDay, readTime, timeText } from './time-field';

/** A time of the province. */
const at = (text: string) => Date.parse(`${text}+07:00`);
/** A Monday, ten past four in the afternoon. */
const NOW = at('2026-11-23T16:10:20');
const read = (text: string, now = NOW, ahead = false) => readTime(text, now, ahead).ms;
const fault = (text: string) => {
  const reading = readTime(text, NOW, false);
  return reading.fault === undefined ? undefined : [reading.fault, reading.said];
};

test('what is read and what is shown are the same, in the order and the clock of the province', () => {
  for (const text of ['07/08/2026 16:00', '01/01/2035 00:00', '31/12/2026 23:59', '29/02/2028 07:05']) expect(timeText(read(text))).toBe(text);
  expect(read('07/08/2026 16:00')).toBe(Date.UTC(2026, 7, 7, 9));
  // The day of the province has begun while UTC's has not.
  expect([timeText(Date.UTC(2026, 10, 22, 17)), dayText(Date.UTC(2026, 10, 22, 17)), dayText(Date.UTC(2026, 10, 22, 16, 59))]).toEqual(['23/11/2026 00:00', '23/11/2026', '22/11/2026']);
  expect([timeText(null), timeText(Number.NaN), dayText(null)]).toEqual(['', '', '']);
  expect(minuteOf(NOW)).toBe(at('2026-11-23T16:10:00'));
});

test('Vietnam has no summer time: a day has 24 hours all year', () => {
  for (const [one, next] of [['29/03/2026 00:00', '30/03/2026 00:00'], ['25/10/2026 00:00', '26/10/2026 00:00']] as const) expect(Number(read(next)) - Number(read(one))).toBe(86_400_000);
});

test('what is typed quickly is understood', () => {
  const meant = at('2026-08-07T16:00:00');
  for (const text of ['7/8/2026 16:00', '7/8/26 16:00', '07082026 1600', '7-8-2026 16h', '7.8.2026 16h00', '16:00 7/8/2026', ' 16g  07/08/2026 ']) expect(read(text), text).toBe(meant);
  expect(read('7/8 16:00')).toBe(meant);
  expect(read('9:05')).toBe(at('2026-11-23T09:05:00'));
});

test('an hour alone is today\'s, and tomorrow\'s only where what is past cannot be meant', () => {
  expect([read('16:00'), read('16:00', NOW, true)]).toEqual([at('2026-11-23T16:00:00'), at('2026-11-24T16:00:00')]);
  expect(read('16:11', NOW, true)).toBe(at('2026-11-23T16:11:00'));
  // This very minute has begun, and over the end of a year it is the next year's first day.
  expect(read('16:10', NOW, true)).toBe(at('2026-11-24T16:10:00'));
  expect(read('7:00', at('2026-12-31T23:00:00'), true)).toBe(at('2027-01-01T07:00:00'));
  // Whoever named the day is taken at their word.
  expect(read('23/11 16:00', NOW, true)).toBe(at('2026-11-23T16:00:00'));
});

test('midnight begins a day as 00:00 and ends it as 24:00', () => {
  expect(read('23/11/2026 00:00')).toBe(at('2026-11-23T00:00:00'));
  expect(timeText(read('23/11/2026 24:00'))).toBe('24/11/2026 00:00');
  expect(timeText(read('31/12/2026 24h'))).toBe('01/01/2027 00:00');
  expect(timeText(read('24:00'))).toBe('24/11/2026 00:00');
  expect([timeText(read('0:00')), timeText(read('0:00', NOW, true))]).toEqual(['23/11/2026 00:00', '24/11/2026 00:00']);
  // Just after midnight here it is yesterday for UTC.
  expect(timeText(read('0:30', at('2026-11-23T00:10:00')))).toBe('23/11/2026 00:30');
  expect(fault('24:01')).toEqual(['hour', '24:01']);
});

test('a year that is not said is the nearest one', () => {
  expect(read('2/1 08:00', at('2026-12-30T09:00:00'))).toBe(at('2027-01-02T08:00:00'));
  expect(read('30/12 08:00', at('2027-01-02T09:00:00'))).toBe(at('2026-12-30T08:00:00'));
  expect(read('31/12 23:00', at('2026-12-31T23:30:00'))).toBe(at('2026-12-31T23:00:00'));
  // A 29 February is the near one that there is, and no other.
  expect(read('29/2 08:00', at('2027-11-01T09:00:00'))).toBe(at('2028-02-29T08:00:00'));
  expect(fault('29/2 08:00')).toEqual(['day', '29/2']);
});

test('so long from now is never sooner than was said', () => {
  expect([read('+30'), read('+30m'), read('+30 ph')]).toEqual(Array(3).fill(at('2026-11-23T16:41:00')));
  expect([read('+2h'), read('+2g'), read('+120')]).toEqual(Array(3).fill(at('2026-11-23T18:11:00')));
  expect(read('+2h30')).toBe(at('2026-11-23T18:41:00'));
  expect(read('+8h')).toBe(at('2026-11-24T00:11:00'));
  for (const text of ['+', '+h', '+2x', '-30', '+99999']) expect(fault(text), text).toEqual(['form', text]);
});

test('a day or an hour that does not exist is not moved to one that does', () => {
  expect(fault('31/4/2026 16:00')).toEqual(['day', '31/4/2026']);
  expect(fault('29/2/2026 16:00')).toEqual(['day', '29/2/2026']);
  expect(fault('29/2/2028 16:00')).toBeUndefined();
  // The order of another country.
  expect(fault('12/25/2026 16:00')).toEqual(['day', '12/25/2026']);
  for (const day of ['0/8/2026', '7/0/2026', '32/1/2026', '7/8/0206', '7/8/1999']) expect(fault(`${day} 16:00`), day).toEqual(['day', day]);
  for (const hour of ['25:00', '16:60', '2460']) expect(fault(`7/8 ${hour}`), hour).toEqual(['hour', hour]);
});

test('what is half typed is no time', () => {
  for (const text of ['7', '16', '16:', '16:0', '7/', '7/8/', '7/8/2 16:00', '7/8/202 16:00', '7/8/2026 16', '7/8/2026 16:0', '7/8-2026 16:00', '4pm', 'mai', '7/8 16:00 17:00', '16:00 17:00', '7/8 8/8', '2026-08-07T16:00']) {
    expect(fault(text), text).toEqual(['form', text]);
  }
  expect([fault('7/8'), fault('7/8/2026'), fault('31/4')]).toEqual([['noHour', '7/8'], ['noHour', '7/8/2026'], ['day', '31/4']]);
  expect([read(''), read('  '), isTime(null), isTime(Number.NaN), isTime(0)]).toEqual([null, null, false, false, true]);
});

test('days alone', () => {
  for (const text of ['17/2/2027', '17022027', '17-2-27', ' 17/2 ']) expect(readDay(text, NOW), text).toEqual({ ms: at('2027-02-17T00:00:00') });
  expect(readDay('29/2/2028', NOW).ms).toBe(dayMs(2028, 2, 29));
  expect(dayOf(Number(readDay('29/2/2028', NOW).ms))).toEqual({ year: 2028, month: 2, day: 29 });
  expect([readDay('31/4/2026', NOW), readDay('17/2 08:00', NOW), readDay('mai', NOW)].map((it) => it.fault)).toEqual(['day', 'form', 'form']);
  expect([readDay('', NOW).ms, dayMs(2026, 2, 29), dayMs(2026, 13, 1)]).toEqual([null, undefined, undefined]);
});
