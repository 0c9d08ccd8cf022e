// A storm of alarms at the fake node: devices of two communes and those of one incident, and one of the worst level.
import { create } from '@bufbuild/protobuf';
import { AlarmSchema, type Alarm } from '../../src/gen/trongdong/v1/alarm_pb';
import { EventKind, type Event } from '../../src/gen/trongdong/v1/event_pb';
import type { Scene } from './scene';

type Tell = (happened: readonly { kind: EventKind; subject: Event['subject'] }[]) => void;
/** The incident that every third alarm feeds. */
const FED = 'I4815';
const HOUR_MS = 3_600_000;

/** Raises `n` alarms at once, played ones with `exercise=1`, or ends all that it raised when `n` is 0. */
export function alarmStorm(scene: Scene, tell: Tell) {
  const raised = new Map<string, Alarm>();
  let episode = 0;
  /** Alarms of the worst level that a test had acknowledged, to be put back. */
  const seen = new Set<Alarm>();
  return function control(path: string, query: URLSearchParams): object | undefined {
    // Told at once, in one frame: no screen shows a part of a storm.
    const happened: { kind: EventKind; subject: Event['subject'] }[] = [];
    if (path === '/fake/seen') {
      // Every alarm of the worst level is acknowledged, or is again as it was.
      const on = query.get('on') === '1';
      const ofIt = on ? [...scene.alarms.values()].filter(({ severity, acknowledged }) => severity === 5 && !acknowledged) : [...seen];
      seen.clear();
      for (const alarm of ofIt) {
        Object.assign(alarm, { acknowledged: on, version: alarm.version + 1n });
        if (on) seen.add(alarm);
        happened.push({ kind: on ? EventKind.ALARM_ACKNOWLEDGED : EventKind.ALARM_RAISED, subject: { case: 'alarm', value: alarm } });
      }
      if (happened.length > 0) tell(happened);
      return { seen: seen.size };
    }
    if (path !== '/fake/storm') return undefined;
    const count = Number(query.get('n') ?? 0);
    const exercise = query.get('exercise') === '1';
    for (const [id, alarm] of raised) {
      // Long ago and looked at: nothing of it counts for the next test.
      Object.assign(alarm, { active: false, acknowledged: true, raisedAtMs: BigInt(Date.now() - HOUR_MS), version: alarm.version + 1n });
      happened.push({ kind: EventKind.ALARM_CLEARED, subject: { case: 'alarm', value: alarm } });
      raised.delete(id);
    }
    episode += 1;
    const [first, second] = scene.communes;
    for (let n = 0; n < count; n += 1) {
      const entity = `storm-${n}`;
      const place = scene.sensors.get('wl-gia-bay')?.place;
      const alarm = create(AlarmSchema, {
        key: { entity, condition: 'silence' }, episode, severity: n === 0 ? 5 : 2 + (n % 3), active: true, exercise, occurrences: 1, version: BigInt(episode * 10),
        raisedAtMs: BigInt(Date.now()), incident: n > 0 && n % 3 === 0 ? FED : '',
        place: place && { ...place, adminUnit: (n % 2 === 0 ? first : second)?.code ?? '' },
      });
      raised.set(entity, alarm);
      scene.alarms.set(`${entity}/silence`, alarm);
      happened.push({ kind: EventKind.ALARM_RAISED, subject: { case: 'alarm', value: alarm } });
    }
    if (happened.length > 0) tell(happened);
    return { raised: count };
  };
}
