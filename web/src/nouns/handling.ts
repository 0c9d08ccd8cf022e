// What may be done with an incident as it stands, and with what: the same rules as the cluster's, so that a screen offers
// only what can succeed.
import { isOpen, type Incident } from './incident';
import { distanceM } from './place';
import type { Unit } from './unit';

/** What people do to an incident, besides opening it and noting. */
export const VERBS = ['acknowledge', 'assign', 'resolve', 'close', 'reopen', 'merge', 'unmerge'] as const;
export type Verb = (typeof VERBS)[number];

const VERBS_BY_STATUS: Readonly<Record<Incident['status'], readonly Verb[]>> = {
  opened: ['acknowledge', 'assign', 'resolve', 'close', 'merge'],
  acknowledged: ['assign', 'resolve', 'close', 'merge'],
  assigned: ['assign', 'resolve', 'close', 'merge'],
  resolved: ['close', 'reopen', 'merge'],
  closed: ['reopen'],
  merged: ['unmerge'],
};

/** What the incident's status allows. */
export function verbsOf(incident: Incident): readonly Verb[] {
  return VERBS_BY_STATUS[incident.status];
}

/** An incident that another may be folded into, with what tells whether they are one. */
export interface Candidate {
  incident: Incident;
  /** Between the two places, metres; undefined where one has none. */
  metres: number | undefined;
  /** Between their openings, milliseconds. */
  apartMs: number;
  sameKind: boolean;
}

/** Open incidents into which this one may go: nearest first, then closest in time. A drill never meets the real thing. */
export function mergeCandidates(incident: Incident, all: Iterable<Incident>): Candidate[] {
  return [...all]
    .filter((other) => other.id !== incident.id && isOpen(other) && other.exercise === incident.exercise)
    .map((other) => ({
      incident: other,
      metres: incident.place && other.place && distanceM(incident.place, other.place),
      apartMs: Math.abs(other.openedAtMs - incident.openedAtMs),
      sameKind: other.kind === incident.kind,
    }))
    .sort(
      (a, b) =>
        (a.metres ?? Infinity) - (b.metres ?? Infinity) || a.apartMs - b.apartMs || (a.incident.id < b.incident.id ? -1 : 1),
    );
}

/** A unit that is on the incident or could be sent. */
export interface Sendable {
  unit: Unit;
  metres: number | undefined;
  assigned: boolean;
}

/** Units on the incident, then those that are available, each nearest first. */
export function sendableUnits(incident: Incident, units: Iterable<Unit>): Sendable[] {
  return [...units]
    .map((unit) => ({
      unit,
      metres: incident.place && unit.place && distanceM(unit.place, incident.place),
      assigned: incident.units.includes(unit.id),
    }))
    .filter(({ unit, assigned }) => assigned || unit.status === 'available')
    .sort(
      (a, b) =>
        Number(b.assigned) - Number(a.assigned) ||
        (a.metres ?? Infinity) - (b.metres ?? Infinity) ||
        (a.unit.id < b.unit.id ? -1 : 1),
    );
}
