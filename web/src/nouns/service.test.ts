import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { AlarmSchema, type Alarm as AlarmWire } from '../gen/trongdong/v1/alarm_pb';
import { CameraSchema } from '../gen/trongdong/v1/camera_pb';
import { SensorSchema } from '../gen/trongdong/v1/sensor_pb';
import { alarmOf, alarmState, rankAlarms, SHELF_MS_MAX } from './alarm';
import { cameraOf } from './camera';
import { sensorOf } from './sensor';
import { endOf, outOfService, type Devices } from './service';

const out = (condition: string, untilMs: bigint) => ({ condition, by: 'nam', reason: 'rửa cảm biến', sinceMs: 1n, untilMs });
const alarm = (entity: string, condition: string, more: Partial<AlarmWire> = {}) =>
  alarmOf(create(AlarmSchema, { key: { entity, condition }, severity: 3, active: true, ...more } as never));

/** A gauge of which these are passed, and a camera. */
function among(alarms: ReturnType<typeof alarm>[], sensor: object = {}, camera: object = {}): Devices {
  return {
    alarms: new Map(alarms.map((one) => [one.id, one])),
    sensors: new Map([['gauge', sensorOf(create(SensorSchema, { id: 'gauge', name: 'Cầu Gia Bảy', ...sensor }))]]),
    cameras: new Map([['cam', cameraOf(create(CameraSchema, { id: 'cam', name: 'Đèo Giàng', ...camera }))]]),
  };
}

test('what is out of service calls for nobody until its time; one condition leaves the others', () => {
  const [high, rate, dark] = [alarm('gauge', 'high'), alarm('gauge', 'rate'), alarm('cam', 'no-signal')];
  const whole = among([high, rate], { outOfService: [out('', 2_000n)] });
  expect([1_999, 2_000].map((nowMs) => alarmState(high, nowMs, whole))).toEqual(['out-of-service', 'unack-active']);
  const one = among([high, rate], { outOfService: [out('rate', 2_000n)] }, { outOfService: [out('', 3_000n)] });
  expect([high, rate, dark].map((it) => alarmState(it, 1_000, one))).toEqual(['unack-active', 'out-of-service', 'out-of-service']);
  expect(outOfService(one, 1_000).map(({ entity, name, out: { condition } }) => [entity, name, condition])).toEqual([['gauge', 'Cầu Gia Bảy', 'rate'], ['cam', 'Đèo Giàng', '']]);
  expect(outOfService(one, 2_000).map(({ entity }) => entity)).toEqual(['cam']);
});

test('a rule suppresses while its cause holds and can be seen, and no longer', () => {
  const [less, grave] = [alarm('gauge', 'level-2'), alarm('gauge', 'level-3')];
  const rule = { suppressions: [{ condition: 'level-2', whileActive: 'level-3' }] };
  const state = (cause: ReturnType<typeof alarm>, more: object = {}) => alarmState(less, 1_000, among([less, cause], { ...rule, ...more }));
  expect(state(grave)).toBe('suppressed');
  expect(state(alarm('gauge', 'level-3', { active: false }))).toBe('unack-active');
  expect(state(alarm('gauge', 'level-3', { shelf: { by: 'nam', reason: 'x', untilMs: 2_000n } as never }))).toBe('unack-active');
  expect(state(alarm('gauge', 'level-3', { shelf: { by: 'nam', reason: 'x', untilMs: 500n } as never }))).toBe('suppressed');
  expect(state(grave, { outOfService: [out('level-3', 2_000n)] })).toBe('unack-active');
  expect(alarmState(grave, 1_000, among([less, grave], rule))).toBe('unack-active');
});

test('what calls for nobody stands last, and what is over is over', () => {
  const alarms = [alarm('gauge', 'high'), alarm('cam', 'no-signal'), alarm('gauge', 'level-2'), alarm('gauge', 'level-3'), alarm('cam', 'fault', { active: false, acknowledged: true })];
  const devices = among(alarms, { suppressions: [{ condition: 'level-2', whileActive: 'level-3' }] }, { outOfService: [out('', 2_000n)] });
  expect(rankAlarms(alarms, 1_000, devices).map(({ alarm: { condition }, state }) => [condition, state])).toEqual([
    ['high', 'unack-active'], ['level-3', 'unack-active'], ['level-2', 'suppressed'], ['no-signal', 'out-of-service'],
  ]);
});

test('what lasts as long as it may ends within the bound, also by a clock that is somewhat behind', () => {
  const behindMs = 4_000;
  expect(endOf(1_000, 60_000, SHELF_MS_MAX)).toBe(61_000);
  expect(endOf(1_000.4, SHELF_MS_MAX, SHELF_MS_MAX)).toBeLessThanOrEqual(1_000 - behindMs + SHELF_MS_MAX);
});
