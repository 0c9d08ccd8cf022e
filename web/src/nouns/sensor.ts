import { placeOf, type Place } from './place';
import { outOfServiceOf, type OutOfService, type Suppression } from './service';
import { severityOf, type Severity } from './severity';
import { DeviceStatus, SensorKind, type Sensor as SensorWire } from '../gen/trongdong/v1/sensor_pb';

export type SensorKindName = 'river-level' | 'rain' | 'air' | 'fire' | 'traffic' | 'temperature' | 'other';
/** What a sensor's newest value is worth. */
export type SensorHealth = 'measuring' | 'calibrating' | 'fault' | 'silent' | 'never';

const KIND: Partial<Record<SensorKind, SensorKindName>> = {
  [SensorKind.RIVER_LEVEL]: 'river-level',
  [SensorKind.RAIN]: 'rain',
  [SensorKind.AIR]: 'air',
  [SensorKind.FIRE]: 'fire',
  [SensorKind.TRAFFIC]: 'traffic',
  [SensorKind.TEMPERATURE]: 'temperature',
};

/** One alarm limit, in the sensor's own unit of measure. */
export interface Threshold {
  condition: string;
  above: boolean;
  limit: number;
  severity: Severity;
}

/** One sensor as the screens know it. Times are Unix milliseconds; `lastAtMs` 0: never read. */
export interface Sensor {
  id: string;
  name: string;
  kind: SensorKindName;
  /** UCUM code. */
  unitOfMeasure: string;
  place?: Place;
  /** A device of drills: all that it says is part of one. */
  exercise: boolean;
  thresholds: Threshold[];
  periodMs: number;
  silencePeriods: number;
  suppressions: Suppression[];
  /** What of it is out of service; what is over may still be there. */
  outOfService: OutOfService[];
  status: 'measuring' | 'calibrating' | 'fault';
  lastAtMs: number;
  last: number;
}

/** The domain sensor of a wire sensor. */
export function sensorOf(wire: SensorWire): Sensor {
  return {
    id: wire.id,
    name: wire.name,
    kind: KIND[wire.kind] ?? 'other',
    unitOfMeasure: wire.unitOfMeasure,
    place: placeOf(wire.place),
    exercise: wire.exercise,
    thresholds: wire.thresholds.map((threshold) => ({
      condition: threshold.condition,
      above: threshold.above,
      limit: Number(threshold.limitMicro) / 1e6,
      severity: severityOf(threshold.severity),
    })),
    suppressions: wire.suppressions.map(({ condition, whileActive }) => ({ condition, whileActive })),
    outOfService: wire.outOfService.map(outOfServiceOf),
    periodMs: wire.periodMs,
    silencePeriods: wire.silencePeriods,
    status:
      wire.status === DeviceStatus.FAULT ? 'fault' : wire.status === DeviceStatus.CALIBRATING ? 'calibrating' : 'measuring',
    lastAtMs: Number(wire.lastAtMs),
    last: Number(wire.lastMicro) / 1e6,
  };
}

/** Health at `nowMs`; a sensor that says nothing for its silence periods is silent whatever it said of itself before. */
export function sensorHealth(sensor: Sensor, nowMs: number): SensorHealth {
  if (sensor.lastAtMs === 0) return 'never';
  const silence = sensor.periodMs * Math.max(sensor.silencePeriods, 1);
  if (sensor.periodMs > 0 && nowMs - sensor.lastAtMs > silence) return 'silent';
  return sensor.status;
}

/** The worst limit that the newest value passes, if any. */
export function passedThreshold(sensor: Sensor): Threshold | undefined {
  if (sensor.lastAtMs === 0) return undefined;
  let worst: Threshold | undefined;
  for (const threshold of sensor.thresholds) {
    const passed = threshold.above ? sensor.last > threshold.limit : sensor.last < threshold.limit;
    if (passed && (worst === undefined || threshold.severity > worst.severity)) worst = threshold;
  }
  return worst;
}

const UNIT_SIGN: Readonly<Record<string, string>> = {
  m: 'm', mm: 'mm', 'mm/h': 'mm/h', 'ug/m3': 'µg/m³', Cel: '°C', '%': '%', '1': '', 'km/h': 'km/h',
};

/** Names that stand more than once: what has one of them is told apart by its number. */
export function sharedNames(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.filter((name, at) => names.indexOf(name) !== at));
}

/** The sign people read for a UCUM code; an unknown code is shown as it is. */
export function unitSign(code: string): string {
  return UNIT_SIGN[code] ?? code;
}
