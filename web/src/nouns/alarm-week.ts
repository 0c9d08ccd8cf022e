// What a week of alarms was like, day by day, for whoever reports of it: the real mix of levels, and how many there were for each person
// who saw to them (ISA-18.2, EEMUA 191). The cluster keeps seven days. Pure.
import type { Alarm } from './alarm';
import { MIX_TARGET } from './alarm-health';

const DAY_MS = 86_400_000;
const WEEK_DAYS = 7;
/** How many alarms one person can see to in a day, for long. */
export const ALARMS_A_DAY = 150;

/** One day, as the cluster counts them: from midnight UTC on. */
export interface AlarmDay {
  fromMs: number;
  /** Of levels 1 to 3, 4, 5. */
  low: number;
  high: number;
  critical: number;
  all: number;
  /** Who acknowledged any. */
  people: number;
  /** Alarms for each of these; where nobody is known, for one. */
  each: number;
}

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);

/**
 * The last seven days, oldest first; today is not over. An alarm counts as often as it called for somebody; where none says how often, the
 * cluster does not count that yet, and each counts with its last raising. An alarm names only who acknowledged it last, so there were these
 * people at least, and for each of them these alarms at most.
 */
export function alarmWeek(alarms: readonly Alarm[], nowMs: number): AlarmDay[] {
  const isCounted = alarms.some(({ raisedDays }) => raisedDays.length > 0);
  return Array.from({ length: WEEK_DAYS }, (_, at) => {
    const fromMs = nowMs - (nowMs % DAY_MS) - (WEEK_DAYS - 1 - at) * DAY_MS;
    const isIn = (ms: number) => ms >= fromMs && ms < fromMs + DAY_MS;
    const timesOf = ({ raisedAtMs, raisedDays }: Alarm) => (isCounted ? sum(raisedDays.filter((day) => day.fromMs === fromMs).map(({ count }) => count)) : Number(isIn(raisedAtMs)));
    const count = (wanted: (severity: number) => boolean) => sum(alarms.filter(({ severity }) => wanted(severity)).map(timesOf));
    const [low, high, critical] = [count((severity) => severity <= 3), count((severity) => severity === 4), count((severity) => severity === 5)] as const;
    const people = new Set(alarms.filter((alarm) => alarm.acknowledgedBy !== '' && isIn(alarm.acknowledgedAtMs)).map(({ acknowledgedBy }) => acknowledgedBy)).size;
    const all = low + high + critical;
    return { fromMs, low, high, critical, all, people, each: all / Math.max(1, people) };
  });
}

/** Words of the file. */
export interface WeekWords {
  day: string;
  all: string;
  people: string;
  each: string;
  target: string;
  total: string;
  share: string;
}

const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** The week as a file for a spreadsheet: a row for each day, then what it came to beside what it should be. */
export function weekCsv(days: readonly AlarmDay[], words: WeekWords, dateOf: (ms: number) => string): string {
  const total = (of: (day: AlarmDay) => number) => sum(days.map(of));
  const all = total((day) => day.all);
  const share = (count: number) => (all === 0 ? '' : `${((100 * count) / all).toFixed(1)} %`);
  const [low, high, critical] = [total((day) => day.low), total((day) => day.high), total((day) => day.critical)] as const;
  const rows = [
    // A dash of its own: "1-3" with a hyphen is a date to a spreadsheet.
    [words.day, '1–3', '4', '5', words.all, words.people, words.each, `${words.target} ${ALARMS_A_DAY}`],
    ...days.map((day) => [dateOf(day.fromMs), `${day.low}`, `${day.high}`, `${day.critical}`, `${day.all}`, `${day.people}`, day.each.toFixed(1), day.each > ALARMS_A_DAY ? '!' : '']),
    [words.total, `${low}`, `${high}`, `${critical}`, `${all}`, '', '', ''],
    [words.share, share(low), share(high), share(critical), '', '', '', ''],
    [words.target, `${MIX_TARGET.low} %`, `${MIX_TARGET.high} %`, `${MIX_TARGET.critical} %`, '', '', '', ''],
  ];
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}
