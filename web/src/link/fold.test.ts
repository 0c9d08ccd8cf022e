import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { CallStatus } from '../gen/trongdong/v1/call_pb';
import { EventKind, PositionSchema, type Position } from '../gen/trongdong/v1/event_pb';
import { WaitReason } from '../gen/trongdong/v1/report_pb';
import { ToScreenSchema } from '../gen/trongdong/v1/screen_pb';
import { digest } from './digest';
import { CALLS_MAX, fold } from './fold';
import { emptyDelta, emptyPicture, positions, type Picture } from './picture';
import { positionText } from './position';

type Body = MessageInitShape<typeof ToScreenSchema>['body'];

function at(group: number, index: number, ordinal = 0, epoch = 1): Position {
  return create(PositionSchema, { epoch: BigInt(epoch), group, index: BigInt(index), ordinal });
}

/** Folds the bodies into a fresh or given picture; `resubscribe` counts how often a new subscription was asked for. */
function check(bodies: Body[], picture: Picture = emptyPicture()) {
  const delta = emptyDelta();
  let resubscribe = 0;
  for (const body of bodies) {
    const folded = fold(picture, create(ToScreenSchema, { body } as never), delta);
    picture = folded.picture;
    if (folded.resubscribe) resubscribe += 1;
  }
  return { picture, delta, resubscribe, places: positions(picture).map(positionText) };
}

const incident = (id: string, version = 1n) => ({ id, version, summary: `${id} v${version}` });
const snapshot = (group: number, index: number, more: object = {}): Body => ({
  case: 'snapshot',
  value: { through: at(group, index), last: true, ...more },
});
const frame = (from: Position, through: Position, more: object = {}): Body => ({
  case: 'frame',
  value: { from, through, ...more },
});
const acknowledged = (id: string, version: bigint) => ({
  kind: EventKind.INCIDENT_ACKNOWLEDGED,
  by: 'hoa',
  subject: { case: 'incident', value: incident(id, version) },
});

describe('snapshot', () => {
  test('gives a place only when its last part is in', () => {
    const first: Body = { case: 'snapshot', value: { through: at(0, 7), incidents: [incident('I1')] } };
    expect(check([first]).places).toEqual([]);
    const { places, picture } = check([first, { case: 'snapshot', value: { through: at(0, 7), part: 1, last: true, incidents: [incident('I2')] } }]);
    expect(places).toEqual(['1.7.0']);
    expect([...picture.groups[0]!.tables.incident.keys()]).toEqual(['I1', 'I2']);
  });

  test('replaces all that the group held, and nothing of another group', () => {
    const { picture, delta } = check([
      snapshot(0, 7, { incidents: [incident('I1')] }),
      snapshot(3, 4, { sensors: [{ id: 's1' }] }),
      snapshot(0, 9, { incidents: [incident('I2')] }),
    ]);
    expect([...picture.groups[0]!.tables.incident.keys()]).toEqual(['I2']);
    expect(picture.groups[3]!.tables.sensor.has('s1')).toBe(true);
    expect([...delta.removed]).toEqual(['incident/I1']);
  });

  test('with a missing part voids the group and asks again', () => {
    const { places, resubscribe, picture } = check([
      { case: 'snapshot', value: { through: at(0, 7) } },
      { case: 'snapshot', value: { through: at(0, 7), part: 2, last: true } },
    ]);
    expect({ places, resubscribe, gaps: picture.counters.gaps }).toEqual({ places: [], resubscribe: 1, gaps: 1 });
  });
});

describe('report that waits', () => {
  test('is kept while it waits, and forgotten by the event that says that it does not', () => {
    const waiting = (code: string, why: WaitReason) => ({ kind: EventKind.REPORT_FILED, subject: { case: 'waitingReport', value: { code, why } } });
    const { picture, delta } = check([
      snapshot(0, 7, { waitingReports: [{ code: '7K3F', why: WaitReason.FILED }] }),
      frame(at(0, 7), at(0, 8), { events: [waiting('9QXM', WaitReason.FILED), waiting('7K3F', WaitReason.SETTLED)] }),
      // Whoever never heard of it has nothing to forget.
      frame(at(0, 8), at(0, 9), { events: [waiting('2ABC', WaitReason.SETTLED)] }),
    ]);
    expect([...picture.groups[0]!.tables.report.keys()]).toEqual(['9QXM']);
    expect([...delta.removed]).toEqual(['report/7K3F']);
    expect(delta.urgent).toBe(true);
  });
});

describe('frame', () => {
  test('that continues the place is taken', () => {
    const { places, picture, delta } = check([
      snapshot(0, 7, { incidents: [incident('I1')] }),
      frame(at(0, 7), at(0, 8, 2), { events: [acknowledged('I1', 2n)] }),
    ]);
    expect(places).toEqual(['1.8.2']);
    expect(picture.groups[0]!.tables.incident.get('I1')!.version).toBe(2n);
    expect(delta.urgent).toBe(true);
    expect(picture.counters).toMatchObject({ gaps: 0, doubles: 0, applied: 1 });
  });

  test('without events moves the place on', () => {
    expect(check([snapshot(0, 7), frame(at(0, 7), at(0, 11))]).places).toEqual(['1.11.0']);
  });

  test('that was taken before is a double and changes nothing', () => {
    const once = frame(at(0, 7), at(0, 8), { events: [acknowledged('I1', 2n)] });
    const { picture, places, resubscribe } = check([snapshot(0, 7), once, once]);
    expect(picture.counters).toMatchObject({ doubles: 1, gaps: 0, applied: 1 });
    expect({ places, resubscribe }).toEqual({ places: ['1.8.0'], resubscribe: 0 });
  });

  test('that skips is a gap: dropped, the group voided, its records kept until the snapshot', () => {
    const { picture, places, resubscribe } = check([
      snapshot(0, 7, { incidents: [incident('I1')] }),
      snapshot(1, 3),
      frame(at(0, 8), at(0, 9), { events: [acknowledged('I1', 5n)] }),
    ]);
    expect(picture.counters).toMatchObject({ gaps: 1, applied: 0 });
    expect({ places, resubscribe }).toEqual({ places: ['1.3.0'], resubscribe: 1 });
    expect(picture.groups[0]!.tables.incident.get('I1')!.version).toBe(1n);
    const later = check([frame(at(0, 9), at(0, 10)), snapshot(0, 12)], picture);
    expect(later.picture.counters.gaps).toBe(1);
    expect(later.places).toEqual(['1.12.0', '1.3.0']);
  });

  test('of another epoch is a gap, also when its index is lower', () => {
    expect(check([snapshot(0, 7), frame(at(0, 5, 0, 2), at(0, 6, 0, 2))]).picture.counters.gaps).toBe(1);
  });

  test('from inside the entry that is held, but reaching further, is a gap and not a double', () => {
    expect(check([snapshot(0, 7), frame(at(0, 6), at(0, 9))]).picture.counters).toMatchObject({ gaps: 1, doubles: 0 });
  });

  test('of a group that does not exist is a gap and does no harm', () => {
    expect(check([frame(at(9, 1), at(9, 2))]).picture.counters.gaps).toBe(1);
  });

  test('withdraws by noun and id, an alarm with a slash in its id too', () => {
    const { picture, delta } = check([
      snapshot(1, 7, { alarms: [{ key: { entity: 's1', condition: 'high' } }], sensors: [{ id: 's1' }] }),
      frame(at(1, 7), at(1, 8), { withdrawn: ['alarm/s1/high', 'sensor/unknown', 'nonsense'] }),
    ]);
    expect(picture.groups[1]!.tables.alarm.size).toBe(0);
    expect([...delta.removed]).toEqual(['alarm/s1/high']);
  });
});

describe('readings', () => {
  const reading = (atMs: bigint, valueMicro: bigint) => ({
    events: [
      {
        kind: EventKind.READINGS_RECORDED,
        atMs: 900n,
        subject: { case: 'readings', value: { readings: [{ sensor: 's1', atMs, valueMicro }, { sensor: 'unknown', atMs, valueMicro }] } },
      },
    ],
  });

  test('move a known sensor to the newest device time, and a late one does not move it back', () => {
    const { picture } = check([
      snapshot(1, 7, { sensors: [{ id: 's1', name: 'Gia Bảy', lastAtMs: 100n, lastMicro: 1n }] }),
      frame(at(1, 7), at(1, 8), reading(300n, 3n)),
      frame(at(1, 8), at(1, 9), reading(200n, 2n)),
    ]);
    const sensor = picture.groups[1]!.tables.sensor.get('s1')!;
    expect(sensor).toMatchObject({ name: 'Gia Bảy', lastAtMs: 300n, lastMicro: 3n, lastRecordedAtMs: 900n });
    expect(picture.groups[1]!.tables.sensor.size).toBe(1);
  });
});

describe('reset', () => {
  test('drops the group and waits for its snapshot; frames until then are not gaps', () => {
    const { picture, places, delta } = check([
      snapshot(0, 7, { incidents: [incident('I1')] }),
      { case: 'reset', value: { group: 0, reason: 'overflow' } },
      frame(at(0, 7), at(0, 8)),
    ]);
    expect(places).toEqual([]);
    expect(picture.groups[0]!.tables.incident.size).toBe(0);
    expect(picture.counters).toMatchObject({ resets: 1, gaps: 0 });
    expect([...delta.removed]).toEqual(['incident/I1']);
  });

  test('of a group that does not exist changes nothing', () => {
    expect(check([{ case: 'reset', value: { group: 77 } }]).picture.counters.resets).toBe(0);
  });
});

test('heartbeats, welcomes and pongs leave the picture alone', () => {
  const bodies: Body[] = [
    { case: 'heartbeat', value: { quorumAgeMs: 9_000n, groups: [{ group: 0, leaderAgeMs: 5n }] } },
    { case: 'welcome', value: { node: 2n } },
    { case: 'pong', value: { nonce: 1n } },
  ];
  const { picture, resubscribe } = check([snapshot(0, 7, { incidents: [incident('I1')] }), ...bodies]);
  expect(digest(picture)).toBe(digest(check([snapshot(0, 7, { incidents: [incident('I1')] })]).picture));
  expect(resubscribe).toBe(0);
});

test('a screen that resumed holds the same as one that never left', () => {
  const frames = [8, 9, 10].map((index) =>
    frame(at(0, index - 1), at(0, index), { events: [acknowledged(`I${index % 2}`, BigInt(index))] }),
  );
  const steady = check([snapshot(0, 7, { incidents: [incident('I0'), incident('I1')] }), ...frames]);
  const late = check([snapshot(0, 10, { incidents: [incident('I1', 9n), incident('I0', 10n)] })]);
  expect(digest(late.picture)).toBe(digest(steady.picture));
});

test('calls that came first and are over leave a full screen, and nobody who is owed something does', () => {
  const call = (at: number, status: CallStatus) => ({ id: `C${at}`, status });
  const calls = Array.from({ length: CALLS_MAX }, (_, at) => call(at, at === 0 ? CallStatus.CALLBACK : CallStatus.ENDED));
  const offered = { kind: EventKind.CALL_OFFERED, subject: { case: 'call', value: call(CALLS_MAX, CallStatus.QUEUED) } };
  const { picture, delta } = check([snapshot(0, 7, { calls }), frame(at(0, 7), at(0, 8), { events: [offered] })]);
  const held = picture.groups[0]!.tables.call;
  expect(held.size).toBeLessThan(CALLS_MAX);
  expect([held.has('C0'), held.has('C1'), held.has(`C${CALLS_MAX - 1}`), held.has(`C${CALLS_MAX}`)]).toEqual([true, false, true, true]);
  expect(delta.removed.size).toBe(CALLS_MAX + 1 - held.size);
});

test('a version that has left its model takes its tally with it, and no other', () => {
  const model = (...versions: string[]) => ({ name: 'triage', versions: versions.map((version) => ({ version })) });
  const tally = (name: string, version: string) => ({ model: name, version });
  const tallies = [tally('triage', 'v1'), tally('triage', 'v2'), tally('same', 'v1')];
  const registered = { kind: EventKind.MODEL_REGISTERED, subject: { case: 'model', value: model('v2', 'v3') } };
  const tallied = { kind: EventKind.MODEL_TALLIED, subject: { case: 'tally', value: tally('triage', 'v3') } };
  const { picture, delta } = check([
    snapshot(0, 7, { models: [model('v1', 'v2')], tallies }),
    frame(at(0, 7), at(0, 8), { events: [registered, tallied] }),
  ]);
  expect([...picture.groups[0]!.tables.tally.keys()].sort()).toEqual(['same/v1', 'triage/v2', 'triage/v3']);
  expect([...delta.removed]).toEqual(['tally/triage/v1']);
});
