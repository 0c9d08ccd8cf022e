// An incident as it was seen at a moment, out of what the centre kept of its course. Pure.
import { METRES_PER_DEGREE, type Spot } from './place';
import { severityNamed, type Severity } from './severity';
import type { Bounds } from './sketch';
import { fromWire } from './wire';

/** A unit as a line of the course has it. */
export interface ReplayUnit extends Spot {
  id: string;
  /** What it was called then. */
  name: string;
  status: string;
  /** When it was there: it may be older than the line. */
  positionAtMs: number;
}

/** The incident as a line has it. */
export interface ReplayIncident extends Spot {
  id: string;
  severity: Severity;
  status: string;
  summary: string;
  units: readonly string[];
}

/** One line of the course. */
export interface ReplayLine {
  /** Its place in the log. */
  index: number;
  atMs: number;
  kind: string;
  /** Empty: the system. */
  by: string;
  note: string;
  unit?: ReplayUnit;
  incident?: ReplayIncident;
}

/** A limit of a station. */
export interface ReplayLimit {
  condition: string;
  above: boolean;
  limit: number;
  severity: Severity;
}

/** What a station said, at its own time. */
export interface ReplayReading {
  atMs: number;
  value: number;
  /** `measuring`; anything else does not count. */
  status: string;
}

/** A station near the incident. */
export interface ReplayStation extends Spot {
  id: string;
  name: string;
  unitOfMeasure: string;
  distanceM: number;
  exercise: boolean;
  /** As they are set now. */
  limits: readonly ReplayLimit[];
  /** As they were set before, each until when. Ascending. */
  limitsBefore: readonly { untilMs: number; limits: readonly ReplayLimit[] }[];
  /** Readings from before are not kept; 0: all are. */
  keptFromMs: number;
  /** Ascending. */
  readings: readonly ReplayReading[];
}

/** An episode of an alarm: one that rang twice is two. Times are 0 where it has not come to that. */
export interface ReplayAlarm extends Spot {
  entity: string;
  condition: string;
  severity: Severity;
  raisedAtMs: number;
  clearedAtMs: number;
  acknowledgedAtMs: number;
  /** Empty: nobody, or the system. */
  acknowledgedBy: string;
  exercise: boolean;
  /** How bad a model said it was before it said it anew, each until when. Ascending. */
  before: readonly { untilMs: number; severity: Severity }[];
}

/** All that there is to go through. */
export interface ReplayCourse {
  incident: string;
  exercise: boolean;
  /** How far the node that answered knew the log. */
  applied: number;
  /** Oldest first. */
  lines: readonly ReplayLine[];
  stations: readonly ReplayStation[];
  alarms: readonly ReplayAlarm[];
  truncated: boolean;
}

/** What happened at a step, and who did it. */
export interface ReplayDeed {
  kind: string;
  by: string;
  note: string;
  /** Place in the log of the incidents; 0: of an alarm, which has none there. */
  index: number;
  unit?: ReplayUnit;
  alarm?: ReplayAlarm;
}

/** A moment at which something changed. */
export interface ReplayStep {
  atMs: number;
  deeds: ReplayDeed[];
}

/** How it was seen at a moment. */
export interface Then {
  incident: ReplayIncident;
  /** Its units, where they were when something was last heard of them. */
  units: ReplayUnit[];
  /** Its units of whom nothing was heard yet, by id. */
  unheard: string[];
  stations: { station: ReplayStation; reading: ReplayReading | undefined; passed: ReplayLimit | undefined }[];
  /** Those that rang, the worst first. */
  alarms: { alarm: ReplayAlarm; acknowledged: boolean }[];
}

interface RawSpot {
  latitude_e7: number;
  longitude_e7: number;
}
interface RawLine {
  index: number;
  kind: string;
  at_ms: number;
  by: string | null;
  note: string;
  unit?: RawSpot & { id: string; name: string; status: string; position_at_ms: number };
  incident?: RawSpot & { id: string; severity: string; status: string; summary: string; units: string[] };
}
interface RawLimit {
  condition: string;
  above: boolean;
  limit: number;
  severity: string;
}
interface RawStation extends RawSpot {
  id: string;
  name: string;
  unit_of_measure: string;
  distance_m: number;
  exercise: boolean;
  limits: RawLimit[];
  /** An older node says none. */
  limits_before?: { until_ms: number; limits: RawLimit[] }[];
  kept_from_ms: number;
  readings: { at_ms: number; value: number; status: string }[];
}
interface RawAlarm extends RawSpot {
  entity: string;
  condition: string;
  severity: string;
  raised_at_ms: number;
  cleared_at_ms: number;
  acknowledged_at_ms: number;
  acknowledged_by: string | null;
  exercise: boolean;
  /** Nor this. */
  before?: { until_ms: number; severity: string }[];
}
interface RawCourse {
  incident: string;
  exercise: boolean;
  applied: number;
  lines: RawLine[];
  stations: RawStation[];
  alarms: RawAlarm[];
  truncated: boolean;
}

const DEGREES_PER_E7 = 1e-7;
const spot = ({ latitude_e7, longitude_e7 }: RawSpot): Spot => ({ latitude: latitude_e7 * DEGREES_PER_E7, longitude: longitude_e7 * DEGREES_PER_E7 });

const limitOf = ({ condition, above, limit, severity }: RawLimit): ReplayLimit => ({ condition, above, limit, severity: severityNamed(severity) });

/** The course as the server writes it. */
export function courseOf(answer: unknown): ReplayCourse {
  const { incident, exercise, applied, lines, stations, alarms, truncated } = answer as RawCourse;
  return {
    incident,
    exercise,
    applied,
    truncated,
    lines: lines.map(({ index, kind, at_ms, by, note, unit, incident: then }) => ({
      index,
      kind,
      atMs: at_ms,
      by: by ?? '',
      note,
      ...(unit && { unit: { ...spot(unit), id: unit.id, name: unit.name, status: fromWire(unit.status), positionAtMs: unit.position_at_ms } }),
      ...(then && { incident: { ...spot(then), id: then.id, severity: severityNamed(then.severity), status: fromWire(then.status), summary: then.summary, units: then.units } }),
    })),
    stations: stations.map((raw) => ({
      ...spot(raw),
      id: raw.id,
      name: raw.name,
      unitOfMeasure: raw.unit_of_measure,
      distanceM: raw.distance_m,
      exercise: raw.exercise,
      limits: raw.limits.map(limitOf),
      limitsBefore: (raw.limits_before ?? []).map(({ until_ms, limits }) => ({ untilMs: until_ms, limits: limits.map(limitOf) })),
      keptFromMs: raw.kept_from_ms,
      readings: raw.readings.map(({ at_ms, value, status }) => ({ atMs: at_ms, value, status })),
    })),
    alarms: alarms.map((raw) => ({
      ...spot(raw),
      entity: raw.entity,
      condition: raw.condition,
      severity: severityNamed(raw.severity),
      raisedAtMs: raw.raised_at_ms,
      clearedAtMs: raw.cleared_at_ms,
      acknowledgedAtMs: raw.acknowledged_at_ms,
      acknowledgedBy: raw.acknowledged_by ?? '',
      exercise: raw.exercise,
      before: (raw.before ?? []).map(({ until_ms, severity }) => ({ untilMs: until_ms, severity: severityNamed(severity) })),
    })),
  };
}

/** Its steps from when the incident is there, oldest first: what happened in one moment is one. */
export function stepsOf({ incident, lines, alarms }: ReplayCourse): ReplayStep[] {
  const first = lines.find((line) => line.incident?.id === incident);
  if (first === undefined) return [];
  const steps = new Map<number, ReplayDeed[]>();
  const add = (atMs: number, deed: ReplayDeed) => {
    if (atMs >= first.atMs) steps.set(atMs, [...(steps.get(atMs) ?? []), deed]);
  };
  for (const { atMs, kind, by, note, index, unit } of lines) add(atMs, { kind, by, note, index, ...(unit && { unit }) });
  for (const alarm of alarms) {
    const deed = { note: '', by: '', index: 0, alarm };
    add(alarm.raisedAtMs, { ...deed, kind: 'alarm_raised' });
    // Of one that chatters somebody had seen the episode before.
    if (alarm.acknowledgedAtMs >= alarm.raisedAtMs) add(alarm.acknowledgedAtMs, { ...deed, kind: 'alarm_acknowledged', by: alarm.acknowledgedBy });
    for (const { untilMs } of alarm.before) add(untilMs, { ...deed, kind: 'alarm_amended' });
    if (alarm.clearedAtMs > 0) add(alarm.clearedAtMs, { ...deed, kind: 'alarm_cleared' });
  }
  return [...steps].sort(([one], [other]) => one - other).map(([atMs, deeds]) => ({ atMs, deeds }));
}

/** The step at which somebody looks who wants to see that time: the last one until then, else the first. */
export function stepAt(steps: readonly ReplayStep[], atMs: number): number {
  return Math.max(0, steps.findLastIndex((step) => step.atMs <= atMs));
}

/** Which of those before stood at that time: the first that lasted beyond it; undefined: what stands now did. */
const stoodAt = <T extends { untilMs: number }>(before: readonly T[], atMs: number): T | undefined => before.find(({ untilMs }) => atMs < untilMs);

/** The worst limit that the reading passes, of those that were set then. */
function passedBy(station: ReplayStation, reading: ReplayReading | undefined, atMs: number): ReplayLimit | undefined {
  const { limits } = stoodAt(station.limitsBefore, atMs) ?? station;
  if (reading === undefined || reading.status !== 'measuring') return undefined;
  const passed = limits.filter(({ above, limit }) => (above ? reading.value > limit : reading.value < limit));
  return passed.reduce<ReplayLimit | undefined>((worst, limit) => (worst === undefined || limit.severity > worst.severity ? limit : worst), undefined);
}

/** As it stood at that time; undefined: it was not there yet. */
export function thenOf(course: ReplayCourse, atMs: number): Then | undefined {
  let incident: ReplayIncident | undefined;
  const known = new Map<string, ReplayUnit>();
  for (const line of course.lines) {
    if (line.atMs > atMs) break;
    // One that was merged into it has lines here, too.
    if (line.incident !== undefined && line.incident.id === course.incident) incident = line.incident;
    if (line.unit !== undefined) known.set(line.unit.id, line.unit);
  }
  if (incident === undefined) return undefined;
  const stations = course.stations.map((station) => {
    const reading = station.readings.findLast((it) => it.atMs <= atMs);
    return { station, reading, passed: passedBy(station, reading, atMs) };
  });
  const rang = course.alarms.filter(({ raisedAtMs, clearedAtMs }) => raisedAtMs <= atMs && (clearedAtMs === 0 || clearedAtMs > atMs));
  const alarms = rang.map((alarm) => ({
    alarm: { ...alarm, severity: (stoodAt(alarm.before, atMs) ?? alarm).severity },
    acknowledged: alarm.acknowledgedAtMs > 0 && alarm.acknowledgedAtMs <= atMs,
  }));
  return {
    incident,
    units: incident.units.flatMap((id) => known.get(id) ?? []),
    unheard: incident.units.filter((id) => !known.has(id)),
    stations,
    alarms: alarms.sort((a, b) => b.alarm.severity - a.alarm.severity),
  };
}

/** The map shows at least this to either side of its middle, metres. */
const HALF_M_MIN = 700;
/** Room around what lies on it, as a share of it. */
const ROOM = 0.15;

/** The part of the land that the whole course fits in, so that nothing jumps from step to step; `wide` with the stations around it. */
export function landOf({ incident, lines, stations, alarms }: ReplayCourse, wide: boolean): Bounds | undefined {
  const own = lines.flatMap((line): Spot[] => {
    if (line.unit !== undefined) return [line.unit];
    return line.incident !== undefined && line.incident.id === incident ? [line.incident] : [];
  });
  if (own.length === 0) return undefined;
  const spots: Spot[] = wide ? [...own, ...stations, ...alarms] : own;
  const [latitudes, longitudes] = [spots.map(({ latitude }) => latitude), spots.map(({ longitude }) => longitude)];
  const [south, north, west, east] = [Math.min(...latitudes), Math.max(...latitudes), Math.min(...longitudes), Math.max(...longitudes)];
  const perDegree = METRES_PER_DEGREE * Math.cos((((south + north) / 2) * Math.PI) / 180);
  const half = (extent: number, metres: number) => Math.max(HALF_M_MIN / metres, extent * (0.5 + ROOM));
  const [x, y] = [(west + east) / 2, (south + north) / 2];
  const [halfX, halfY] = [half(east - west, perDegree), half(north - south, METRES_PER_DEGREE)];
  return [x - halfX, y - halfY, x + halfX, y + halfY];
}

/** The incident that a line of the record names, the first of several; undefined: none. */
export function incidentNamed(what: string): string | undefined {
  return /(?:^|[\s,/])(I\d+)(?=$|[\s,])/.exec(what)?.[1];
}

/** How fast it plays. */
export const PACES = [1, 2, 4, 8] as const;
export type Pace = (typeof PACES)[number];
/** A step stands so long at pace 1, milliseconds: long enough to read who did what. */
export const STEP_MS = 3_000;
