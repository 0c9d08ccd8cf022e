// Figures and times as people here read them. Times are always the province's, whatever the machine is set to.
import type { Dict } from './vi';

export const TIME_ZONE = 'Asia/Ho_Chi_Minh';
const LOCALE = { vi: 'vi-VN', en: 'en-GB' } as const;
export type Language = keyof typeof LOCALE;

const YEAR = new Intl.DateTimeFormat('en', { timeZone: TIME_ZONE, year: 'numeric' });

/** Whether a date is read wrong without its year: it is of another one than now's, in the province. */
export function needsYear(ms: number, nowMs: number): boolean {
  return YEAR.format(ms) !== YEAR.format(nowMs);
}

/** Formatters of one language, built once because building them is slow. `now` says which year is the current one. */
export function formatters(language: Language, now: () => number = Date.now) {
  const locale = LOCALE[language];
  const clock = new Intl.DateTimeFormat(locale, { timeZone: TIME_ZONE, timeStyle: 'medium', hourCycle: 'h23' });
  const minute = new Intl.DateTimeFormat(locale, { timeZone: TIME_ZONE, timeStyle: 'short', hourCycle: 'h23' });
  const date = new Intl.DateTimeFormat(locale, {
    timeZone: TIME_ZONE,
    weekday: 'long',
    day: '2-digit',
    month: '2-digit',
    year: 'numeric',
  });
  const day = new Intl.DateTimeFormat(locale, { timeZone: TIME_ZONE, day: '2-digit', month: '2-digit' });
  const toTheSecond: Intl.DateTimeFormatOptions = {
    timeZone: TIME_ZONE,
    day: '2-digit',
    month: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  };
  const dayTime = new Intl.DateTimeFormat(locale, toTheSecond);
  // Two entries of one second are told apart.
  const toTheMs: Intl.DateTimeFormatOptions = { ...toTheSecond, fractionalSecondDigits: 3 };
  const dayTimeMs = new Intl.DateTimeFormat(locale, toTheMs);
  // What is kept for years is told from this year's.
  const yearTime = new Intl.DateTimeFormat(locale, { ...toTheSecond, year: 'numeric' });
  const yearTimeMs = new Intl.DateTimeFormat(locale, { ...toTheMs, year: 'numeric' });
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const fine = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const tenth = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return {
    clock: (ms: number) => clock.format(ms),
    minute: (ms: number) => minute.format(ms),
    date: (ms: number) => date.format(ms),
    day: (ms: number) => day.format(ms),
    /** Day and time; with the year where it is not the current one. */
    dayTime: (ms: number) => (needsYear(ms, now()) ? yearTime : dayTime).format(ms),
    /** The same to the millisecond. */
    dayTimeMs: (ms: number) => (needsYear(ms, now()) ? yearTimeMs : dayTimeMs).format(ms),
    count: (n: number) => whole.format(n),
    /** A part of 1 in percent, without the sign: languages set it differently. */
    percent: (share: number) => whole.format(share * 100),
    fine: (n: number) => fine.format(n),
    /** A measured value: two decimals below 10, one below 100, none above. */
    value: (n: number) => (Math.abs(n) < 10 ? fine : Math.abs(n) < 100 ? tenth : whole).format(n),
  };
}

/** `03:07`, hours in front when there are any: an age that people compare digit by digit. */
export function clockAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const two = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3_600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours === 0 ? rest : `${hours}:${rest}`;
}

/** An age in its greatest unit: "42 s", "7 ph", "3 giờ", "2 ngày". */
export function roughAge(ms: number, t: Dict['age']): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return t.s(seconds);
  if (seconds < 3_600) return t.min(Math.floor(seconds / 60));
  if (seconds < 86_400) return t.h(Math.floor(seconds / 3_600));
  return t.d(Math.floor(seconds / 86_400));
}
