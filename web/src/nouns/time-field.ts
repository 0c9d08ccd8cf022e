// Times and days as people type them and as fields show them: day before month, 24 hours, the province's time whatever the machine is
// set to. Pure.

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** The province's time is so far ahead of UTC; Vietnam has no summer time. */
const PROVINCE_MS = 7 * HOUR_MS;
/** Years that a field takes: others are slips. */
const YEAR_MIN = 2000;
const YEAR_MAX = 2099;

/** What a field holds: Unix milliseconds; null: nothing; NaN: something that is no time (yet), and must not be sent. */
export type FieldTime = number | null;

/** What is wrong with what was typed: it has no such form, such a day or hour does not exist, the hour is missing. */
export type Fault = 'form' | 'day' | 'hour' | 'noHour';
/** What was understood; or what was not, with the words that it lies in. */
export type Reading = { ms: FieldTime; fault?: undefined } | { ms: number; fault: Fault; said: string };

const wrong = (fault: Fault, said: string): Reading => ({ ms: Number.NaN, fault, said });
const two = (number: number) => String(number).padStart(2, '0');

/** Whether a field holds a time. */
export const isTime = (value: FieldTime): value is number => value !== null && !Number.isNaN(value);

/** The beginning of that minute: fields have no seconds. */
export const minuteOf = (ms: number): number => Math.floor(ms / MINUTE_MS) * MINUTE_MS;

/** Midnight of a day of the province; undefined: there is no such day, or its year is a slip. */
export function dayMs(year: number, month: number, day: number): number | undefined {
  if (year < YEAR_MIN || year > YEAR_MAX) return undefined;
  const found = new Date(Date.UTC(year, month - 1, day));
  return found.getUTCMonth() === month - 1 && found.getUTCDate() === day ? found.getTime() - PROVINCE_MS : undefined;
}

/** Year, month and day in the province. */
export function dayOf(ms: number): { year: number; month: number; day: number } {
  const date = new Date(ms + PROVINCE_MS);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** "07/08/2026"; empty where there is none. */
export function dayText(value: FieldTime): string {
  if (!isTime(value)) return '';
  const { year, month, day } = dayOf(value);
  return `${two(day)}/${two(month)}/${year}`;
}

/** "07/08/2026 16:00"; empty where there is none. */
export function timeText(value: FieldTime): string {
  if (!isTime(value)) return '';
  const minutes = Math.floor((value + PROVINCE_MS) / MINUTE_MS) % (DAY_MS / MINUTE_MS);
  return `${dayText(value)} ${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Midnight of that day. */
const midnight = (ms: number): number => Math.floor((ms + PROVINCE_MS) / DAY_MS) * DAY_MS - PROVINCE_MS;

/** A day; without its year the one that is nearest to now. Undefined: it has not the form of a day; null: there is none such. */
function dayIn(text: string, nowMs: number): number | null | undefined {
  const found = /^(\d{1,2})([/.-])(\d{1,2})(?:\2(\d{4}|\d{2}))?$/.exec(text) ?? /^(\d{2})()(\d{2})(\d{4})$/.exec(text);
  if (found === null) return undefined;
  const [day, month] = [Number(found[1]), Number(found[3])];
  if (found[4] !== undefined) return dayMs(Number(found[4].padStart(4, '20')), month, day) ?? null;
  const { year } = dayOf(nowMs);
  const near = [year - 1, year, year + 1].flatMap((one) => dayMs(one, month, day) ?? []);
  const today = midnight(nowMs);
  return near.sort((one, other) => Math.abs(one - today) - Math.abs(other - today))[0] ?? null;
}

/** From midnight to an hour, "16:00", "16h", "16h30" or "1600"; 24:00 ends a day. Undefined and null as of a day. */
function hourIn(text: string): number | null | undefined {
  const found = /^(\d{1,2})(?::|[hg](?=\d))(\d{2})$/i.exec(text) ?? /^(\d{1,2})[hg]$/i.exec(text) ?? /^(\d{2})(\d{2})$/.exec(text);
  if (found === null) return undefined;
  const [hours, minutes] = [Number(found[1]), Number(found[2] ?? 0)];
  return minutes < 60 && hours * 60 + minutes <= 24 * 60 ? hours * HOUR_MS + minutes * MINUTE_MS : null;
}

/** From now: "+30" minutes, "+2h", "+2h30"; undefined: it is not said so. Never sooner than was said. */
function fromNow(text: string, nowMs: number): number | undefined {
  const found = /^\+\s?(?:(\d{1,3})\s?[hg])?\s?(?:(\d{1,4})\s?(?:m|min|p|ph)?)?$/i.exec(text);
  if (found === null || (found[1] === undefined && found[2] === undefined)) return undefined;
  const until = nowMs + Number(found[1] ?? 0) * HOUR_MS + Number(found[2] ?? 0) * MINUTE_MS;
  return Math.ceil(until / MINUTE_MS) * MINUTE_MS;
}

/** Reads a day: "7/8/2026", "7/8", "07082026". */
export function readDay(text: string, nowMs: number): Reading {
  const said = text.trim();
  if (said === '') return { ms: null };
  const day = dayIn(said, nowMs);
  return day === undefined ? wrong('form', said) : day === null ? wrong('day', said) : { ms: day };
}

/**
 * Reads a time: "7/8/2026 16:00", "16h30 7/8", "16:00", "+30", "+2h". An hour alone is today's; `ahead` (only what is to come can be
 * meant): tomorrow's, once today's is past.
 */
export function readTime(text: string, nowMs: number, ahead: boolean): Reading {
  const said = text.trim();
  if (said === '') return { ms: null };
  const later = fromNow(said, nowMs);
  if (later !== undefined) return { ms: later };
  const parts = said.split(/\s+/);
  const [first = '', second] = parts;
  if (parts.length > 2) return wrong('form', said);
  if (second === undefined) {
    const hour = hourIn(first);
    if (hour === undefined) return dayIn(first, nowMs) === undefined ? wrong('form', said) : dayIn(first, nowMs) === null ? wrong('day', first) : wrong('noHour', first);
    if (hour === null) return wrong('hour', first);
    const today = midnight(nowMs) + hour;
    return { ms: ahead && today <= nowMs ? today + DAY_MS : today };
  }
  const [dayPart, hourPart] = dayIn(first, nowMs) === undefined ? [second, first] : [first, second];
  const [day, hour] = [dayIn(dayPart, nowMs), hourIn(hourPart)];
  if (day === undefined || hour === undefined) return wrong('form', said);
  if (day === null) return wrong('day', dayPart);
  return hour === null ? wrong('hour', hourPart) : { ms: day + hour };
}
