// By what deadlines run, as an administrator edits it: calendars of working time, policies with their ladders. Pure.
import type { Obligation, Stage } from './clock';
import { KINDS, kindNamed, type Kind } from './kind';
import { dayMs, dayOf, isTime, type FieldTime } from './time-field';
import { fromWire, toWire } from './wire';

export const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7] as const;
export const OBLIGATIONS: readonly Obligation[] = ['forward', 'answer', 'take-instruction', 'do-instruction', 'acknowledge-handover', 'answer-report', 'do-task'];
export const STEP_STAGES = ['nearly-late', 'late', 'overdue'] as const satisfies readonly Stage[];
export type StepStage = (typeof STEP_STAGES)[number];

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;

interface Span {
  weekday: number;
  from_min: number;
  until_min: number;
}

/** A calendar as the cluster has it. */
export interface CalendarJson {
  id: string;
  name: string;
  hours: Span[];
  national_holidays: boolean;
  days: { date: number; as_weekday: number; name: string }[];
  version: number;
}

/** A calendar as it is edited. */
export interface CalendarDraft {
  id: string;
  name: string;
  /** "08:00-12:00, 13:30-17:00" for Monday to Sunday; empty: nobody works. */
  hours: string[];
  nationalHolidays: boolean;
  /** `date`: its midnight; `asWeekday` 0: nobody works, else the weekday whose hours that day has. */
  days: { date: FieldTime; asWeekday: number; name: string }[];
  /** The version that it was based on; 0: a new one. */
  version: number;
}

const two = (number: number) => String(number).padStart(2, '0');
const clockText = (minutes: number) => `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;

/** The hours of one day, in minutes; undefined: they cannot be read, overlap or are not ascending. */
export function spansOf(text: string): { fromMin: number; untilMin: number }[] | undefined {
  const spans: { fromMin: number; untilMin: number }[] = [];
  for (const part of text.split(',').map((one) => one.trim()).filter((one) => one !== '')) {
    const found = /^(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})$/.exec(part);
    if (found === null) return undefined;
    const [fromHour, from, untilHour, until] = found.slice(1).map(Number) as [number, number, number, number];
    const [fromMin, untilMin] = [fromHour * 60 + from, untilHour * 60 + until];
    const isTime = from < 60 && until < 60 && untilMin <= DAY_MINUTES;
    if (!isTime || fromMin >= untilMin || fromMin < (spans.at(-1)?.untilMin ?? 0)) return undefined;
    spans.push({ fromMin, untilMin });
  }
  return spans;
}

/** A calendar to edit. */
export function draftOfCalendar({ id, name, hours, national_holidays, days, version }: CalendarJson): CalendarDraft {
  const texts = WEEKDAYS.map((weekday) => hours.filter((span) => span.weekday === weekday).map((span) => `${clockText(span.from_min)}-${clockText(span.until_min)}`).join(', '));
  const dates = days.map((day) => {
    // 20260217
    const date = dayMs(Math.floor(day.date / 10_000), Math.floor(day.date / 100) % 100, day.date % 100) ?? null;
    return { date, asWeekday: day.as_weekday, name: day.name };
  });
  return { id, name, hours: texts, nationalHolidays: national_holidays, days: dates, version };
}

/** A new one: the working week of an office. */
export const newCalendar = (): CalendarDraft => ({ id: '', name: '', hours: WEEKDAYS.map((weekday) => (weekday <= 5 ? '08:00-12:00, 13:30-17:00' : '')), nationalHolidays: true, days: [], version: 0 });

/** What lacks of a calendar before it can go out: a weekday whose hours are wrong, a day without a date or named twice. */
export function lackOfCalendar({ id, name, hours, days }: CalendarDraft): { what: 'name' | 'none' | 'date' | 'twice' } | { what: 'hours'; weekday: number } | undefined {
  if (id.trim() === '' || name.trim() === '') return { what: 'name' };
  const wrong = hours.findIndex((text) => spansOf(text) === undefined);
  if (wrong >= 0) return { what: 'hours', weekday: wrong + 1 };
  if (hours.every((text) => text.trim() === '')) return { what: 'none' };
  if (!days.every(({ date }) => isTime(date))) return { what: 'date' };
  return new Set(days.map(({ date }) => date)).size < days.length ? { what: 'twice' } : undefined;
}

/** As the cluster takes it, in its order; of a calendar of which nothing lacks. */
export function calendarToJson({ id, name, hours, nationalHolidays, days, version }: CalendarDraft): CalendarJson {
  const spans = WEEKDAYS.flatMap((weekday) => (spansOf(hours[weekday - 1] ?? '') ?? []).map(({ fromMin, untilMin }) => ({ weekday, from_min: fromMin, until_min: untilMin })));
  const dates = days.map((day) => {
    const of = dayOf(day.date ?? Number.NaN);
    return { date: of.year * 10_000 + of.month * 100 + of.day, as_weekday: day.asWeekday, name: day.name.trim() };
  });
  return { id: id.trim(), name: name.trim(), hours: spans, national_holidays: nationalHolidays, days: dates.sort((a, b) => a.date - b.date), version };
}

/** A policy as the cluster has it. */
export interface PolicyJson {
  id: string;
  name: string;
  obligation: string;
  kinds: string[];
  agency: string;
  admin_unit: string | null;
  calendar: string | null;
  within_ms: number;
  steps: { stage: string; offset_ms: number; post: string | null }[];
  disabled: boolean;
  version: number;
}

/** A policy as it is edited; times in minutes. */
export interface PolicyDraft {
  id: string;
  name: string;
  obligation: Obligation;
  kinds: Kind[];
  agency: string;
  adminUnit: string;
  calendar: string;
  minutes: number;
  /** Minutes from the due time, negative: before it; `post` empty: only who has to do it. */
  steps: { stage: StepStage; minutes: number; post: string }[];
  disabled: boolean;
  version: number;
}

/** A policy to edit. */
export function draftOfPolicy(json: PolicyJson): PolicyDraft {
  const { id, name, agency, disabled, version } = json;
  const obligation = OBLIGATIONS.find((known) => known === fromWire(json.obligation)) ?? 'forward';
  const steps = json.steps.map(({ stage, offset_ms, post }) => ({ stage: STEP_STAGES.find((known) => known === fromWire(stage)) ?? 'overdue', minutes: offset_ms / MINUTE_MS, post: post ?? '' }));
  return { id, name, obligation, agency, disabled, version, kinds: json.kinds.map(kindNamed), adminUnit: json.admin_unit ?? '', calendar: json.calendar ?? '', minutes: json.within_ms / MINUTE_MS, steps };
}

/** A new one: five minutes to pass it on. */
export const newPolicy = (): PolicyDraft => ({
  id: '', name: '', obligation: 'forward', kinds: [], agency: '', adminUnit: '', calendar: '', minutes: 5, disabled: false, version: 0,
  steps: [{ stage: 'nearly-late', minutes: -1, post: '' }, { stage: 'late', minutes: 0, post: '' }],
});

/** What lacks of a policy before it can go out, as the cluster judges it. */
export function lackOfPolicy({ id, name, minutes, steps }: PolicyDraft): 'name' | 'minutes' | 'late' | 'step' | 'ladder' | undefined {
  if (id.trim() === '' || name.trim() === '') return 'name';
  if (!(minutes > 0)) return 'minutes';
  const sorted = [...steps].sort((a, b) => a.minutes - b.minutes);
  if (!sorted.some((step) => step.minutes === 0 && step.stage === 'late')) return 'late';
  const fits = (step: (typeof sorted)[number]) => (step.stage === 'nearly-late' ? step.minutes < 0 && -step.minutes < minutes : step.minutes >= 0);
  if (!sorted.every(fits)) return 'step';
  const rises = sorted.every((step, at) => at === 0 || (step.minutes > sorted[at - 1]!.minutes && STEP_STAGES.indexOf(step.stage) >= STEP_STAGES.indexOf(sorted[at - 1]!.stage)));
  return rises ? undefined : 'ladder';
}

/** As the cluster takes it, the ladder by time. */
export function policyToJson(draft: PolicyDraft): PolicyJson {
  const { id, name, obligation, agency, disabled, version } = draft;
  const none = (text: string) => (text === '' ? null : text);
  const steps = [...draft.steps].sort((a, b) => a.minutes - b.minutes).map(({ stage, minutes, post }) => ({ stage: toWire(stage), offset_ms: Math.round(minutes * MINUTE_MS), post: none(post) }));
  return {
    id: id.trim(), name: name.trim(), obligation: toWire(obligation), agency: agency.trim(), disabled, version, steps,
    kinds: KINDS.filter((kind) => draft.kinds.includes(kind)).map(toWire), admin_unit: none(draft.adminUnit), calendar: none(draft.calendar), within_ms: Math.round(draft.minutes * MINUTE_MS),
  };
}
