// What is out of service at the fake node, and a rule of one station that suppresses its lesser limit.
import { create } from '@bufbuild/protobuf';
import { AlarmSchema } from '../../src/gen/trongdong/v1/alarm_pb';
import { OutOfServiceSchema } from '../../src/gen/trongdong/v1/common_pb';
import { EventKind, type Event } from '../../src/gen/trongdong/v1/event_pb';
import { SuppressionSchema } from '../../src/gen/trongdong/v1/sensor_pb';
import { BY, type Answer, type Input } from './decide';
import type { Scene } from './scene';

type Tell = (kind: EventKind, subject: Event['subject'], note?: string) => void;
/** The station with the rule: its graver limit is passed from the beginning. */
const RULED = 'wl-gia-bay';
/** Long ago: what is over makes no flood for the next test. */
const HOUR_MS = 3_600_000;
const [LESSER, GRAVER] = ['level-2', 'level-3'];

export function serviceDesk(scene: Scene, tell: Tell) {
  /** The device as the subject of an event, after a change. */
  function publish(entity: string, kind: EventKind, note = ''): number | undefined {
    const [sensor, camera] = [scene.sensors.get(entity), scene.cameras.get(entity)];
    if (sensor !== undefined) {
      sensor.version += 1n;
      tell(kind, { case: 'sensor', value: sensor }, note);
      return Number(sensor.version);
    }
    if (camera === undefined) return undefined;
    camera.version += 1n;
    tell(kind, { case: 'camera', value: camera }, note);
    return Number(camera.version);
  }

  function decide(path: string, input: Input): Answer | undefined {
    const verb = /^\/api\/alarms\/(out-of-service|return-to-service)$/.exec(path)?.[1];
    if (verb === undefined) return undefined;
    const [entity, condition] = [input['entity'] ?? '', input['condition'] ?? ''];
    const device = scene.sensors.get(entity) ?? scene.cameras.get(entity);
    if (device === undefined) return { status: 404, body: { code: 'not_found', field: 'entity', message: 'there is no such device' } };
    device.outOfService = device.outOfService.filter((out) => out.condition !== condition);
    const isOut = verb === 'out-of-service';
    if (isOut) {
      const [sinceMs, untilMs] = [BigInt(Date.now()), BigInt(input['until_ms'] ?? 0)];
      device.outOfService.push(create(OutOfServiceSchema, { condition, by: BY, reason: input['reason'] ?? '', sinceMs, untilMs }));
    }
    const version = publish(entity, isOut ? EventKind.TAKEN_OUT_OF_SERVICE : EventKind.RETURNED_TO_SERVICE, input['reason']);
    return { status: 200, body: { entity, version } };
  }

  /** `rule=1`: the station's lesser limit is passed as well, and suppressed by the graver one, which ends with `cause=0`. Else all is as it was. */
  function control(path: string, query: URLSearchParams): object | undefined {
    if (path !== '/fake/service') return undefined;
    const hasRule = query.get('rule') === '1';
    for (const [entity, device] of [...scene.sensors, ...scene.cameras]) {
      if (device.outOfService.length === 0) continue;
      device.outOfService = [];
      publish(entity, EventKind.RETURNED_TO_SERVICE);
    }
    const [station, graver] = [scene.sensors.get(RULED), scene.alarms.get(`${RULED}/${GRAVER}`)];
    if (station === undefined || graver === undefined) return { ruled: false };
    const lesser = scene.alarms.get(`${RULED}/${LESSER}`);
    if (!hasRule && lesser?.active !== true) return { ruled: false };
    station.suppressions = hasRule ? [create(SuppressionSchema, { condition: LESSER, whileActive: GRAVER })] : [];
    publish(RULED, EventKind.SENSOR_REGISTERED);
    const version = (lesser?.version ?? 0n) + 1n;
    const place = station.place;
    const raised = create(AlarmSchema, {
      key: { entity: RULED, condition: LESSER }, episode: 1, severity: 4, active: hasRule, acknowledged: !hasRule, place, occurrences: 1, version,
      valueMicro: 27_820_000n, limitMicro: 26_000_000n, raisedAtMs: BigInt(Date.now() - (hasRule ? 0 : HOUR_MS)),
    });
    scene.alarms.set(`${RULED}/${LESSER}`, raised);
    tell(hasRule ? EventKind.ALARM_RAISED : EventKind.ALARM_CLEARED, { case: 'alarm', value: raised });
    const holds = !(hasRule && query.get('cause') === '0');
    if (graver.active !== holds) {
      Object.assign(graver, { active: holds, version: graver.version + 1n });
      tell(holds ? EventKind.ALARM_RAISED : EventKind.ALARM_CLEARED, { case: 'alarm', value: graver });
    }
    return { ruled: hasRule };
  }

  return { decide, control };
}
