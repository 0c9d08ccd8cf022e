// Everything that people order, each once (of models in models.ts): which right it takes, where it goes, which version it was based on.
import type { Committed, SendOnce } from '../link/api';
import type { Alarm } from '../nouns/alarm';
import type { Told } from '../nouns/told';
import type { Incident } from '../nouns/incident';
import type { Kind } from '../nouns/kind';
import type { TaskState } from '../nouns/dispatch';
import type { Place } from '../nouns/place';
import type { Action } from '../nouns/rights';
import { SEVERITY_NAME, type Severity } from '../nouns/severity';
import { commands } from './commands.svelte';
import { desk, NEW_INCIDENT } from './desk.svelte';
import type { Unit } from '../nouns/unit';
import type { Said } from '../nouns/unit-line';
import { toWire } from '../nouns/wire';
import { choices as settings } from './choices.svelte';

/** What the cluster made of it; undefined where it was not committed. */
export type Sent = Promise<Committed | undefined>;

/** Characters of a summary, a note or a reason; well within the cluster's 4096 bytes. */
export const TEXT_MAX = 500;

const E7_PER_DEGREE = 1e7;
const e7 = (degrees: number): number => Math.round(degrees * E7_PER_DEGREE);

export const alarmTarget = (alarm: Alarm) => `alarm/${alarm.id}`;
export const deviceTarget = (entity: string) => `device/${entity}`;
export const incidentTarget = (incident: Incident) => `incident/${incident.id}`;

/** Sends a command about `target`, or says beside it why this person may not. */
export async function order(action: Action, target: string, path: string, body: unknown, once?: SendOnce): Sent {
  const why = desk.whyNot(action);
  if (why !== '') {
    commands.keepBack(target, why);
    return undefined;
  }
  return commands.send(target, path, body, settings.t.command.tooMany, once);
}

function orderIncident(action: Action, incident: Incident, verb: string, more: object = {}): Sent {
  const path = `/api/incidents/${encodeURIComponent(incident.id)}/${verb}`;
  return order(action, incidentTarget(incident), path, { expected_version: incident.version, ...more });
}

/** Somebody has seen this alarm: stops its sound, never hides it. */
export function acknowledgeAlarm(alarm: Alarm): Sent {
  const { entity, condition, episode } = alarm;
  return order('handle-alarm', alarmTarget(alarm), '/api/alarms/acknowledge', { entity, condition, episode });
}

/** Takes the alarm out of sight until a time, for a reason. */
export function shelveAlarm(alarm: Alarm, reason: string, untilMs: number): Sent {
  const { entity, condition } = alarm;
  return order('handle-alarm', alarmTarget(alarm), '/api/alarms/shelve', { entity, condition, reason, until_ms: untilMs });
}

/** Brings a shelved alarm back before its time. */
export function unshelveAlarm(alarm: Alarm): Sent {
  const { entity, condition } = alarm;
  return order('handle-alarm', alarmTarget(alarm), '/api/alarms/unshelve', { entity, condition });
}

/** Takes a device, or one condition of it, out of service until a time, for a reason. */
export function takeOutOfService(entity: string, condition: string, reason: string, untilMs: number): Sent {
  return order('handle-alarm', deviceTarget(entity), '/api/alarms/out-of-service', { entity, ...part(condition), reason, until_ms: untilMs });
}

/** Brings it back before its time. */
export function returnToService(entity: string, condition: string): Sent {
  return order('handle-alarm', deviceTarget(entity), '/api/alarms/return-to-service', { entity, ...part(condition) });
}

/** Of the whole device no condition is named. */
const part = (condition: string) => (condition === '' ? {} : { condition });

/** What is known of an incident that nobody has opened yet. The place is in degrees (WGS 84). */
export interface Opening {
  kind: Kind;
  severity: Severity;
  summary: string;
  latitude: number;
  longitude: number;
  adminUnit: string;
  address: string;
  exercise: boolean;
}

/** Opens an incident and turns to it. */
export async function openIncident(opening: Opening): Promise<void> {
  const looking = desk.focus;
  const opened = await order('open-incident', NEW_INCIDENT, '/api/incidents', {
    kind: toWire(opening.kind),
    severity: SEVERITY_NAME[opening.severity],
    summary: opening.summary,
    exercise: opening.exercise,
    place: {
      latitude_e7: e7(opening.latitude),
      longitude_e7: e7(opening.longitude),
      admin_unit: opening.adminUnit,
      address: opening.address,
    },
  });
  // Whoever has turned to something else meanwhile stays there.
  if (opened !== undefined && desk.focus === looking) desk.open('incident', opened.entity);
}

/** Somebody takes the incident on. */
export function acknowledgeIncident(incident: Incident): Sent {
  return orderIncident('acknowledge-incident', incident, 'acknowledge');
}

/** Sends exactly these units: what is not among them comes back. */
export function assignUnits(incident: Incident, units: readonly string[]): Sent {
  return orderIncident('assign-incident', incident, 'assign', { units });
}

/** Calls one unit back. */
export function releaseUnit(incident: Incident, unit: string): Sent {
  return assignUnits(incident, incident.units.filter((id) => id !== unit));
}

/** The work on the ground is done. */
export function resolveIncident(incident: Incident, note: string): Sent {
  return orderIncident('resolve-incident', incident, 'resolve', { note });
}

/** Nothing is left to do, on paper either. */
export function closeIncident(incident: Incident, note: string): Sent {
  return orderIncident('decide-incident', incident, 'close', { note });
}

/** It was not done after all. */
export function reopenIncident(incident: Incident, reason: string): Sent {
  return orderIncident('decide-incident', incident, 'reopen', { reason });
}

/** The two are one: this one goes into the other. */
export function mergeIncident(incident: Incident, into: string): Sent {
  return orderIncident('decide-incident', incident, 'merge', { into });
}

/** They were two. */
export function unmergeIncident(incident: Incident): Sent {
  return orderIncident('decide-incident', incident, 'unmerge');
}

/** Adds a line to the incident's log. It spoils nobody's version, and so names none. */
export function noteIncident(incident: Incident, note: string): Sent {
  const path = `/api/incidents/${encodeURIComponent(incident.id)}/note`;
  return order('note-incident', incidentTarget(incident), path, { note });
}

export const unitTarget = (unit: Unit) => `unit/${unit.id}`;

function orderUnit(action: Action, unit: Unit, verb: string, body: object): Sent {
  return order(action, unitTarget(unit), `/api/units/${encodeURIComponent(unit.id)}/${verb}`, body);
}

/** Sends one more unit, on the version that the recommendation was made for. */
export function sendUnit(incident: Incident, unit: string, version: number): Sent {
  return assignUnits({ ...incident, version }, [...incident.units.filter((id) => id !== unit), unit]);
}

/** A person has looked at what waited for one. */
export function acknowledgeAttention(incident: Incident, attention: number): Sent {
  const path = `/api/incidents/${encodeURIComponent(incident.id)}/attention`;
  return order('assign-incident', incidentTarget(incident), path, { attention });
}

/** The crew said by radio that it is well. */
export function checkIn(unit: Unit): Sent {
  return orderUnit('set-unit-status', unit, 'check-in', { assignment: unit.assignment?.number ?? 0 });
}

/** The crew said by radio what it does now. The cluster compares what it did, and in which assignment. */
export function setUnitStatus({ unit, status, expected, assignment }: Said): Sent {
  const body = { status: toWire(status), expected_status: toWire(expected), assignment, reason: '' };
  return order('set-unit-status', `unit/${unit}`, `/api/units/${encodeURIComponent(unit)}/status`, body);
}

/** The crew is safe, and how that is known. */
export function clearMayday(unit: Unit, note: string): Sent {
  return orderUnit('assign-incident', unit, 'mayday/clear', { received_at_ms: unit.maydayAtMs, note });
}

/** What an agency shall do about the incident. */
export function giveTask(incident: Incident, agency: string, text: string): Sent {
  return orderIncident('assign-incident', incident, 'task', { agency, text });
}

/** How far an agency is with its task. */
export function answerTask(incident: Incident, task: number, expected: TaskState, status: TaskState, answer: string): Sent {
  const path = `/api/incidents/${encodeURIComponent(incident.id)}/task/answer`;
  return order('answer-task', incidentTarget(incident), path, { task, status, expected_status: expected, answer });
}

/** The one answer of all agencies. */
export function combineAnswer(incident: Incident, answer: string): Sent {
  return orderIncident('assign-incident', incident, 'answer', { answer });
}

/** A report as somebody sees it, whichever list it stands in. */
type Seen = Pick<Told, 'code' | 'version'>;

export const reportTarget = (report: Seen) => `report/${report.code}`;

function orderReport(report: Seen, verb: string, more: object): Sent {
  const path = `/api/reports/${encodeURIComponent(report.code)}/${verb}`;
  return order('handle-report', reportTarget(report), path, { expected_version: report.version, ...more });
}

/** What this citizen told belongs to the incident. */
export const linkReport = (report: Seen, incident: Pick<Incident, 'id'>): Sent => orderReport(report, 'link', { incident: incident.id });
/** It does not belong to its incident, for a reason. */
export const unlinkReport = (report: Told, reason: string): Sent => orderReport(report, 'unlink', { reason });
/** Whoever has the report's code reads this. */
export const answerReport = (report: Seen, answer: string): Sent => orderReport(report, 'answer', { answer });
/** A new incident is opened from it, in one command; at `place` where the report itself says only in which commune. */
export function openFromReport(report: Seen, kind: Kind, severity: Severity, place?: Place): Sent {
  const at = place && { latitude_e7: e7(place.latitude), longitude_e7: e7(place.longitude), admin_unit: place.adminUnit, address: place.address };
  return orderReport(report, 'link', { kind: toWire(kind), severity: SEVERITY_NAME[severity], ...(at && { place: at }) });
}
/** Somebody looks at it now, or gives it back. */
export const takeReport = (report: Seen, take: boolean): Sent => orderReport(report, 'take', { take });
/** Not now, for a reason: it comes back by itself. */
export const setReportAside = (report: Seen, forMs: number, reason: string): Sent => orderReport(report, 'aside', { for_ms: forMs, reason });
