import { expect, test } from 'vitest';
import { calendarToJson, draftOfCalendar, draftOfPolicy, lackOfCalendar, lackOfPolicy, newCalendar, newPolicy, policyToJson, spansOf } from './schedule';
import { dayMs } from './time-field';

test('hours of a day are read, and refused where they overlap or are no time', () => {
  expect(spansOf(' 08:00-12:00, 13:30 – 17:00 ')).toEqual([{ fromMin: 480, untilMin: 720 }, { fromMin: 810, untilMin: 1020 }]);
  expect(spansOf('')).toEqual([]);
  expect(spansOf('0:00-24:00')).toEqual([{ fromMin: 0, untilMin: 1440 }]);
  for (const wrong of ['8h-12h', '12:00-08:00', '08:00-12:00, 11:00-13:00', '08:60-12:00', '08:00-24:01']) expect(spansOf(wrong), wrong).toBeUndefined();
});

test('a calendar comes back as it went out, in the order of the cluster', () => {
  const json = {
    id: 'office', name: 'Giờ hành chính', national_holidays: true, version: 3,
    hours: [{ weekday: 1, from_min: 480, until_min: 720 }, { weekday: 1, from_min: 810, until_min: 1020 }, { weekday: 6, from_min: 480, until_min: 690 }],
    days: [{ date: 20_260_217, as_weekday: 0, name: 'Tết' }, { date: 20_260_222, as_weekday: 1, name: 'Làm bù' }],
  };
  const draft = draftOfCalendar(json);
  expect([draft.hours[0], draft.hours[5], draft.hours[6], draft.days[0]!.date]).toEqual(['08:00-12:00, 13:30-17:00', '08:00-11:30', '', dayMs(2026, 2, 17)]);
  expect(calendarToJson({ ...draft, days: [...draft.days].reverse() })).toEqual(json);
  expect(lackOfCalendar(draft)).toBeUndefined();
  expect(lackOfCalendar({ ...draft, hours: draft.hours.map((text, at) => (at === 2 ? '9-10' : text)) })).toEqual({ what: 'hours', weekday: 3 });
  expect(lackOfCalendar({ ...draft, hours: draft.hours.map(() => '') })).toEqual({ what: 'none' });
  for (const date of [null, Number.NaN]) expect(lackOfCalendar({ ...draft, days: [...draft.days, { date, asWeekday: 0, name: '' }] })).toEqual({ what: 'date' });
  expect(lackOfCalendar({ ...draft, days: [...draft.days, draft.days[0]!] })).toEqual({ what: 'twice' });
  expect(lackOfCalendar(newCalendar())).toEqual({ what: 'name' });
});

test('a ladder is judged as the cluster judges it', () => {
  const named = { ...newPolicy(), id: 'p', name: 'P' };
  expect([lackOfPolicy(newPolicy()), lackOfPolicy(named), lackOfPolicy({ ...named, minutes: 0 })]).toEqual(['name', undefined, 'minutes']);
  expect(lackOfPolicy({ ...named, steps: [{ stage: 'nearly-late', minutes: -1, post: '' }] })).toBe('late');
  expect(lackOfPolicy({ ...named, steps: [{ stage: 'nearly-late', minutes: -5, post: '' }, { stage: 'late', minutes: 0, post: '' }] })).toBe('step');
  expect(lackOfPolicy({ ...named, steps: [...named.steps, { stage: 'late', minutes: 0, post: '' }] })).toBe('ladder');
  expect(lackOfPolicy({ ...named, steps: [...named.steps, { stage: 'overdue', minutes: 5, post: '' }, { stage: 'late', minutes: 9, post: '' }] })).toBe('ladder');
  const json = policyToJson({ ...named, kinds: ['public-order', 'flood'], steps: [...named.steps].reverse() });
  expect(json).toMatchObject({ kinds: ['flood', 'public_order'], admin_unit: null, within_ms: 300_000, steps: [{ stage: 'nearly_late', offset_ms: -60_000, post: null }, { stage: 'late', offset_ms: 0, post: null }] });
  expect(policyToJson(draftOfPolicy(json))).toEqual(json);
});
