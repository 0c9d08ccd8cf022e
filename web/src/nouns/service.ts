// What a person took out of service, and what a rule of a sensor suppresses: two states of ISA-18.2 that are of the device and not of
// its alarms. Both end by themselves, the one at its time and the other with its cause.
import type { Alarm } from './alarm';
import type { Camera } from './camera';
import type { Sensor } from './sensor';
import type { OutOfService as OutWire } from '../gen/trongdong/v1/common_pb';

/** A device, or one condition of it, out of service. Times are Unix milliseconds. */
export interface OutOfService {
  /** Empty: all that the device's alarms are about. */
  condition: string;
  by: string;
  reason: string;
  sinceMs: number;
  untilMs: number;
}

/** While one condition of a sensor holds, another calls for nobody. */
export interface Suppression {
  condition: string;
  whileActive: string;
}

/** The devices and alarms among which an alarm stands; the page's picture is one. */
export interface Devices {
  readonly alarms: ReadonlyMap<string, Alarm>;
  readonly sensors: ReadonlyMap<string, Pick<Sensor, 'name' | 'suppressions' | 'outOfService'>>;
  readonly cameras: ReadonlyMap<string, Pick<Camera, 'name' | 'outOfService'>>;
}

/** Why an alarm calls for nobody although nobody shelved it. */
export type Inhibition = { is: 'out-of-service'; out: OutOfService } | { is: 'suppressed'; by: string };

/** Longest time that something can be out of service: a repair with its spare part. */
export const OUT_OF_SERVICE_MS_MAX = 720 * 3_600_000;
/** For how long something can be out of service; the longest is the cluster's bound. */
export const OUT_OF_SERVICE_HOURS = [1, 8, 24, 72, 168, OUT_OF_SERVICE_MS_MAX / 3_600_000] as const;
/** So much the clock of the leader, which judges an end, may be behind the node's that this screen asks. */
const CLOCKS_APART_MS = 5_000;

/**
 * When what begins at `nowMs` and lasts so long is over. What lasts as long as the cluster allows is over a moment sooner, since the leader
 * refuses an end that is further off by its own clock.
 */
export const endOf = (nowMs: number, lastsMs: number, boundMs: number): number => Math.round(nowMs + Math.min(lastsMs, boundMs - CLOCKS_APART_MS));

/** The domain record of a wire record. */
export function outOfServiceOf(wire: OutWire): OutOfService {
  const { condition, by, reason } = wire;
  return { condition, by, reason, sinceMs: Number(wire.sinceMs), untilMs: Number(wire.untilMs) };
}

/** Why the alarm calls for nobody at `nowMs`; undefined: it does. A cause suppresses only while it can be seen itself. */
export function inhibitionOf(alarm: Pick<Alarm, 'entity' | 'condition'>, nowMs: number, devices: Devices): Inhibition | undefined {
  const out = outOf(alarm.entity, alarm.condition, nowMs, devices);
  if (out !== undefined) return { is: 'out-of-service', out };
  const rules = devices.sensors.get(alarm.entity)?.suppressions ?? [];
  const rule = rules.find(({ condition, whileActive }) => {
    if (condition !== alarm.condition) return false;
    const cause = devices.alarms.get(`${alarm.entity}/${whileActive}`);
    const isSeen = cause !== undefined && cause.active && !(cause.shelf !== undefined && cause.shelf.untilMs > nowMs);
    return isSeen && outOf(alarm.entity, whileActive, nowMs, devices) === undefined;
  });
  return rule && { is: 'suppressed', by: rule.whileActive };
}

function outOf(entity: string, condition: string, nowMs: number, devices: Devices): OutOfService | undefined {
  return inForce(devices.sensors.get(entity) ?? devices.cameras.get(entity), nowMs).find((out) => out.condition === '' || out.condition === condition);
}

/** What of the device is out of service at `nowMs`. */
export function inForce(device: { outOfService: readonly OutOfService[] } | undefined, nowMs: number): OutOfService[] {
  return device?.outOfService.filter(({ untilMs }) => untilMs > nowMs) ?? [];
}

/** All that is out of service, what comes back soonest first. */
export function outOfService(devices: Devices, nowMs: number): { entity: string; name: string; out: OutOfService }[] {
  const found = [...devices.sensors, ...devices.cameras].flatMap(([entity, device]) => inForce(device, nowMs).map((out) => ({ entity, name: device.name, out })));
  return found.sort((a, b) => a.out.untilMs - b.out.untilMs || (a.entity < b.entity ? -1 : 1));
}
