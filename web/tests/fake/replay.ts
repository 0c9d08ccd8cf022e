// How the fake node goes through an incident's course: its lines, the stations around it, and what rang there.
import { Severity } from '../../src/gen/trongdong/v1/common_pb';
import { DeviceStatus } from '../../src/gen/trongdong/v1/sensor_pb';
import { distanceM, placeOf } from '../../src/nouns/place';
import type { Scene } from './scene';

/** A line of a timeline, as the server writes it. */
export interface Line {
  index: number;
  kind: string;
  at_ms: number;
  by: string;
  note: string;
  incident?: object;
  unit?: object;
}

const NEAR_M = 10_000;
const STATIONS = 4;
const severityOf = (severity: Severity) => (Severity[severity] ?? '').toLowerCase();
const micro = (value: bigint) => Number(value) / 1e6;

export function replayOf(scene: Scene, id: string, lines: readonly Line[], applied: number): object | undefined {
  const incident = scene.incidents.get(id);
  const here = placeOf(incident?.place);
  if (incident === undefined || here === undefined) return undefined;
  const from = lines[0]?.at_ms ?? Date.now();
  const until = lines.at(-1)?.at_ms ?? from;
  const around = [...scene.sensors.values()].flatMap((sensor) => {
    const place = placeOf(sensor.place);
    const distance = place === undefined ? Infinity : Math.round(distanceM(here, place));
    return distance > NEAR_M || (sensor.exercise && !incident.exercise) ? [] : [{ sensor, distance }];
  });
  const stations = around.sort((a, b) => a.distance - b.distance).slice(0, STATIONS).map(({ sensor, distance }) => ({
    id: sensor.id, name: sensor.name, kind: 'river_level', unit_of_measure: sensor.unitOfMeasure,
    latitude_e7: sensor.place!.latitudeE7, longitude_e7: sensor.place!.longitudeE7, distance_m: distance, exercise: sensor.exercise,
    limits: sensor.thresholds.map(({ condition, above, limitMicro, severity }) => ({ condition, above, limit: micro(limitMicro), severity: severityOf(severity) })),
    limits_before: [],
    kept_from_ms: 0,
    // It rose to what it says now.
    readings: [[from - 60_000, 0.9], [until, 1]].map(([at_ms, share]) => ({ at_ms, value: micro(sensor.lastMicro) * share!, status: (DeviceStatus[sensor.status] ?? '').toLowerCase() })),
  }));
  const alarms = [...scene.alarms.values()].filter((alarm) => alarm.incident === id && alarm.key !== undefined).map((alarm) => ({
    entity: alarm.key!.entity, condition: alarm.key!.condition, severity: severityOf(alarm.severity),
    latitude_e7: alarm.place?.latitudeE7 ?? 0, longitude_e7: alarm.place?.longitudeE7 ?? 0, value: micro(alarm.valueMicro), limit: micro(alarm.limitMicro),
    raised_at_ms: Number(alarm.raisedAtMs), cleared_at_ms: Number(alarm.clearedAtMs), acknowledged_at_ms: Number(alarm.acknowledgedAtMs),
    acknowledged_by: alarm.acknowledgedBy || null, exercise: alarm.exercise, before: [],
  }));
  return { incident: id, exercise: incident.exercise, applied, lines, stations, alarms, truncated: false };
}
