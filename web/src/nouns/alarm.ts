import { findingOf, type Finding } from './finding';
import { placeOf, type Place } from './place';
import { inhibitionOf, type Devices } from './service';
import { severityOf, type Severity } from './severity';
import type { Alarm as AlarmWire } from '../gen/trongdong/v1/alarm_pb';

/** Where an alarm stands in ISA-18.2; the order here is the order of the list, most pressing first. */
export const ALARM_STATES = ['unack-active', 'ack-active', 'unack-cleared', 'shelved', 'suppressed', 'out-of-service', 'normal'] as const;
export type AlarmState = (typeof ALARM_STATES)[number];

/** It rings at nobody, and makes no flood: a person put it aside or took it out of service, or a rule suppresses it. */
export const callsNobody = (state: AlarmState): boolean => state === 'shelved' || state === 'suppressed' || state === 'out-of-service';

/** One alarm as the screens know it. Times are Unix milliseconds, 0: not yet. */
export interface Alarm {
  /** Entity and condition joined by "/". */
  id: string;
  entity: string;
  condition: string;
  episode: number;
  severity: Severity;
  active: boolean;
  acknowledged: boolean;
  shelf?: { by: string; reason: string; untilMs: number };
  place?: Place;
  value: number;
  limit: number;
  raisedAtMs: number;
  clearedAtMs: number;
  acknowledgedAtMs: number;
  acknowledgedBy: string;
  incident: string;
  occurrences: number;
  /** How often it called for somebody on each of the last days, by when the day began; what chatters counts once. */
  raisedDays: readonly { fromMs: number; count: number }[];
  exercise: boolean;
  /** What a model found; undefined for alarms of limits and devices. */
  finding?: Finding;
}

/** Longest time that an alarm may be shelved (IEC 62682 practice: one shift). */
export const SHELF_MS_MAX = 8 * 3_600_000;

/** More alarms than this in ten minutes for one operator is a flood (ISA-18.2). */
export const FLOOD_ALARMS_PER_10_MIN = 10;

/** Identity of an alarm: entity and condition. */
export function alarmId(key: { entity: string; condition: string } | undefined): string {
  return key === undefined ? '' : `${key.entity}/${key.condition}`;
}

/** The domain alarm of a wire alarm. */
export function alarmOf(wire: AlarmWire): Alarm {
  return {
    id: alarmId(wire.key),
    entity: wire.key?.entity ?? '',
    condition: wire.key?.condition ?? '',
    episode: wire.episode,
    severity: severityOf(wire.severity),
    active: wire.active,
    acknowledged: wire.acknowledged,
    shelf: wire.shelf && { by: wire.shelf.by, reason: wire.shelf.reason, untilMs: Number(wire.shelf.untilMs) },
    place: placeOf(wire.place),
    value: Number(wire.valueMicro) / 1e6,
    limit: Number(wire.limitMicro) / 1e6,
    raisedAtMs: Number(wire.raisedAtMs),
    clearedAtMs: Number(wire.clearedAtMs),
    acknowledgedAtMs: Number(wire.acknowledgedAtMs),
    acknowledgedBy: wire.acknowledgedBy,
    incident: wire.incident,
    occurrences: wire.occurrences,
    raisedDays: wire.raisedDays.map(({ fromMs, count }) => ({ fromMs: Number(fromMs), count })),
    exercise: wire.exercise,
    finding: findingOf(wire.finding),
  };
}

/** It holds no longer, and somebody has seen it. */
export const isOver = (alarm: Pick<Alarm, 'active' | 'acknowledged'>): boolean => !alarm.active && alarm.acknowledged;

/** The ISA-18.2 state at `nowMs` among these devices: a shelf that has run out no longer hides its alarm. */
export function alarmState(alarm: Alarm, nowMs: number, devices: Devices): AlarmState {
  const inhibition = isOver(alarm) ? undefined : inhibitionOf(alarm, nowMs, devices);
  if (inhibition !== undefined) return inhibition.is;
  if (alarm.shelf !== undefined && alarm.shelf.untilMs > nowMs) return 'shelved';
  if (alarm.active) return alarm.acknowledged ? 'ack-active' : 'unack-active';
  return alarm.acknowledged ? 'normal' : 'unack-cleared';
}

/** Alarms that somebody must still see, most pressing first: state, severity, newest. What is back to normal is left out. */
export function rankAlarms(alarms: Iterable<Alarm>, nowMs: number, devices: Devices): { alarm: Alarm; state: AlarmState }[] {
  const ranked: { alarm: Alarm; state: AlarmState }[] = [];
  for (const alarm of alarms) {
    const state = alarmState(alarm, nowMs, devices);
    if (state !== 'normal') ranked.push({ alarm, state });
  }
  return ranked.sort(
    (a, b) =>
      ALARM_STATES.indexOf(a.state) - ALARM_STATES.indexOf(b.state) ||
      b.alarm.severity - a.alarm.severity ||
      b.alarm.raisedAtMs - a.alarm.raisedAtMs ||
      (a.alarm.id < b.alarm.id ? -1 : 1),
  );
}
