// Alarm floods by ISA-18.2: when more come than one person can look at, those of one cause or place share a row. Nothing is left
// out: a row says how many it stands for and how many of them nobody has acknowledged, and the worst level is never folded.
import { callsNobody, FLOOD_ALARMS_PER_10_MIN, type Alarm, type AlarmState } from './alarm';
import { SEVERITIES, type Severity } from './severity';

/** A flood is over once fewer than this came in ten minutes (ISA-18.2). */
export const FLOOD_OVER_ALARMS_PER_10_MIN = 5;
/** Over which alarms are counted. */
export const FLOOD_WINDOW_MS = 600_000;
/** This level always has a row of its own. */
const NEVER_FOLDED: Severity = 5;

/** An alarm and where it stands. */
export interface Ranked {
  alarm: Alarm;
  state: AlarmState;
}

/** How many came lately, and whether that is a flood. */
export interface Flood {
  is: boolean;
  /** Raised in the last ten minutes. */
  raised: number;
}

/**
 * Whether it is a flood now. It begins above ten in ten minutes and ends below five, so it depends on what came before; that is
 * derived from when each was raised, so that a screen which is loaded anew says the same.
 */
export function floodOf(alarms: Iterable<Pick<Alarm, 'raisedAtMs'>>, nowMs: number): Flood {
  let is = false;
  let raised = 0;
  for (const [, by] of stepsOf(alarms, nowMs)) {
    raised += by;
    is = goesOn(is, raised);
  }
  return { is, raised };
}

/** For how long it was a flood between then and now, milliseconds; of what is known of the alarms by now. */
export function floodMs(alarms: Iterable<Pick<Alarm, 'raisedAtMs'>>, sinceMs: number, nowMs: number): number {
  let [is, raised, atMs, all] = [false, 0, sinceMs, 0];
  for (const [stepMs, by] of [...stepsOf(alarms, nowMs), [nowMs, 0] as const]) {
    const until = Math.max(stepMs, sinceMs);
    if (is) all += until - atMs;
    atMs = until;
    raised += by;
    is = goesOn(is, raised);
  }
  return all;
}

const goesOn = (is: boolean, raised: number) => raised > FLOOD_ALARMS_PER_10_MIN || (is && raised >= FLOOD_OVER_ALARMS_PER_10_MIN);

/** When one more counted or one fewer, oldest first. */
function stepsOf(alarms: Iterable<Pick<Alarm, 'raisedAtMs'>>, nowMs: number): [atMs: number, by: 1 | -1][] {
  const steps: [atMs: number, by: 1 | -1][] = [];
  for (const { raisedAtMs } of alarms) {
    if (raisedAtMs > nowMs || raisedAtMs <= 0) continue;
    steps.push([raisedAtMs, 1]);
    if (raisedAtMs + FLOOD_WINDOW_MS <= nowMs) steps.push([raisedAtMs + FLOOD_WINDOW_MS, -1]);
  }
  // What comes and what falls out of the window in one millisecond: first what falls out.
  return steps.sort(([a, up], [b, down]) => a - b || up - down);
}

/** What alarms of one row have in common: the incident that they feed, where they are, or what is wrong. */
export type Cause = { of: 'incident' | 'place' | 'condition'; id: string };

/** One row of the list. */
export type AlarmRow =
  | { is: 'alarm'; key: string; ranked: Ranked; inGroup: boolean }
  | { is: 'group'; key: string; cause: Cause; members: readonly Ranked[]; severity: Severity; waiting: number; sinceMs: number };

/** What an alarm has in common with others of a flood. */
export function causeOf(alarm: Alarm): Cause {
  if (alarm.incident !== '') return { of: 'incident', id: alarm.incident };
  const unit = alarm.place?.adminUnit ?? '';
  return unit === '' ? { of: 'condition', id: alarm.condition } : { of: 'place', id: unit };
}

/** The list with a row for each alarm. */
export function plainRows(ranked: readonly Ranked[]): AlarmRow[] {
  return ranked.map((one) => rowOf(one, false));
}

/**
 * The list of a flood: first each alarm of the worst level, then one row for each cause, where its most pressing alarm would stand;
 * who is alone in a cause keeps a row of its own. Behind a row that is in `unfolded` come its alarms.
 */
export function foldedRows(ranked: readonly Ranked[], unfolded: ReadonlySet<string>): AlarmRow[] {
  const apart = ranked.filter(isApart);
  const groups = new Map<string, { cause: Cause; members: Ranked[] }>();
  for (const one of ranked) {
    if (isApart(one)) continue;
    const cause = causeOf(one.alarm);
    // What is played and what is real never stand in one row.
    const key = `${cause.of} ${cause.id}${one.alarm.exercise ? ' exercise' : ''}`;
    const group = groups.get(key) ?? { cause, members: [] };
    group.members.push(one);
    groups.set(key, group);
  }
  const rows = plainRows(apart);
  for (const [key, { cause, members }] of groups) {
    const [first] = members;
    if (first === undefined) continue;
    if (members.length === 1) {
      rows.push(rowOf(first, false));
      continue;
    }
    const severity = SEVERITIES.find((level) => members.some(({ alarm }) => alarm.severity === level)) ?? first.alarm.severity;
    const waiting = members.filter(({ state }) => state === 'unack-active' || state === 'unack-cleared').length;
    const sinceMs = Math.min(...members.map(({ alarm }) => alarm.raisedAtMs));
    rows.push({ is: 'group', key, cause, members, severity, waiting, sinceMs });
    if (unfolded.has(key)) rows.push(...members.map((one) => rowOf(one, true)));
  }
  return rows;
}

/** How many alarms these rows stand for: what is under an open row counts once. */
export function alarmsIn(rows: readonly AlarmRow[]): number {
  const ids = new Set<string>();
  for (const row of rows) {
    if (row.is === 'alarm') ids.add(row.ranked.alarm.id);
    else for (const { alarm } of row.members) ids.add(alarm.id);
  }
  return ids.size;
}

/** How many alarms stand in how many rows together. */
export function foldedIn(rows: readonly AlarmRow[]): { alarms: number; rows: number } {
  const groups = rows.filter((row) => row.is === 'group');
  return { alarms: groups.reduce((sum, { members }) => sum + members.length, 0), rows: groups.length };
}

/** The worst level; what calls for nobody is not pressing at any level. */
const isApart = ({ alarm, state }: Ranked) => alarm.severity >= NEVER_FOLDED && !callsNobody(state);

const rowOf = (ranked: Ranked, inGroup: boolean): AlarmRow => ({ is: 'alarm', key: ranked.alarm.id, ranked, inGroup });
