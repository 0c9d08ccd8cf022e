// How well the alarms themselves are: which stand for days, which chatter, and whether too many are called grave (ISA-18.2, EEMUA 191).
import { isOver, type Alarm } from './alarm';
import { floodMs } from './flood';

/** An alarm that stands for longer is stale. */
export const STALE_ALARM_MS = 86_400_000;
/** Over which the mix of levels and the time in flood are counted. */
export const HEALTH_SPAN_MS = 7 * 86_400_000;
/** How many of the worst are listed. */
export const WORST_MAX = 10;
/** What the mix of levels should be at most, of a hundred: 1 to 3, 4, 5. */
export const MIX_TARGET = { low: 80, high: 15, critical: 5 } as const;
/** A flood takes at most so much of the time, of a hundred. */
export const FLOOD_TARGET = 1;

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);

export interface AlarmHealth {
  /** Stand for more than a day, longest first. */
  stale: Alarm[];
  /** Came up again and again within a minute, most often first. */
  worst: Alarm[];
  /** Raised in the span, and their shares of a hundred; undefined: none was. */
  raised: number;
  mix: { low: number; high: number; critical: number } | undefined;
  /** Share of the span that was a flood, of a hundred. */
  floodShare: number;
}

/**
 * Of what is there now. An alarm counts as often as it called for somebody in the span, by its days; where none has any, the cluster does not
 * count them yet, and each counts with its last raising. How long it was a flood is told by the last raisings.
 */
export function alarmHealth(alarms: readonly Alarm[], nowMs: number): AlarmHealth {
  const sinceMs = nowMs - HEALTH_SPAN_MS;
  const lately = alarms.filter(({ raisedAtMs }) => raisedAtMs > sinceMs && raisedAtMs <= nowMs);
  const isCounted = alarms.some(({ raisedDays }) => raisedDays.length > 0);
  const timesOf = ({ raisedDays }: Alarm) => (isCounted ? sum(raisedDays.filter(({ fromMs }) => fromMs > sinceMs).map(({ count }) => count)) : 1);
  const counted = isCounted ? alarms : lately;
  const raised = sum(counted.map(timesOf));
  const share = (wanted: (severity: number) => boolean) => (100 * sum(counted.filter(({ severity }) => wanted(severity)).map(timesOf))) / raised;
  const byId = (a: Alarm, b: Alarm) => (a.id < b.id ? -1 : 1);
  return {
    stale: alarms.filter((alarm) => alarm.active && nowMs - alarm.raisedAtMs > STALE_ALARM_MS).sort((a, b) => a.raisedAtMs - b.raisedAtMs || byId(a, b)),
    worst: alarms.filter((alarm) => alarm.occurrences > 1 && !isOver(alarm)).sort((a, b) => b.occurrences - a.occurrences || byId(a, b)).slice(0, WORST_MAX),
    raised,
    mix: raised === 0 ? undefined : { low: share((severity) => severity <= 3), high: share((severity) => severity === 4), critical: share((severity) => severity === 5) },
    floodShare: (100 * floodMs(lately, sinceMs, nowMs)) / HEALTH_SPAN_MS,
  };
}
