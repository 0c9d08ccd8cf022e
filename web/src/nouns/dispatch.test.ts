import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { AttentionKind, IncidentSchema, IncidentStatus, TaskStatus } from '../gen/trongdong/v1/incident_pb';
import { UnitSchema, UnitStatus } from '../gen/trongdong/v1/unit_pb';
import { arrivalOf, isSettled, rankUnits, timerOf, waiting } from './dispatch';
import { incidentOf } from './incident';
import { recommendationOf } from './recommendation';
import { unitOf } from './unit';

const unit = (id: string, status: UnitStatus, duty: object = {}) => unitOf(create(UnitSchema, { id, name: id, status, duty } as never));
const assigned = (more: object) => ({ assignment: { number: 1n, steps: [{ status: UnitStatus.OFFERED, tappedAtMs: 5n, receivedAtMs: 9n, by: 'dung' }], ...more } });

test('units in danger, silent and asked stand before those whose time runs, and what runs out first before the rest', () => {
  const units = [
    unit('free', UnitStatus.AVAILABLE),
    unit('late-offer', UnitStatus.OFFERED, assigned({ offerDueAtMs: 90n })),
    unit('offer', UnitStatus.OFFERED, assigned({ offerDueAtMs: 60n })),
    unit('out', UnitStatus.ON_SCENE, assigned({ checkInDueAtMs: 500n })),
    unit('asked', UnitStatus.ON_SCENE, assigned({ checkInDueAtMs: 50n, checkInLevel: 1 })),
    unit('silent', UnitStatus.ON_SCENE, assigned({ checkInLevel: 2 })),
    unit('danger', UnitStatus.EN_ROUTE, { ...assigned({}), mayday: { receivedAtMs: 40n } }),
  ];
  expect(rankUnits(units, 100).map(({ id }) => id)).toEqual(['danger', 'silent', 'asked', 'offer', 'late-offer', 'out', 'free']);
  expect(units.map((it) => timerOf(it, 100).state)).toEqual(['none', 'offer', 'offer', 'check-in', 'asked', 'overdue', 'mayday']);
  expect(timerOf(units[2]!, 100).leftMs).toBe(-40);
  expect(units[1]!.assignment?.steps).toEqual([{ status: 'offered', tappedAtMs: 5, receivedAtMs: 9, by: 'dung', distanceM: 0, lateAtMs: 0 }]);
});

test('an offer that nobody has answered for a minute is late, whenever it goes on, and stands before the others', () => {
  const offered = (id: string, dueS: bigint) => unitOf(create(UnitSchema, { id, name: id, status: UnitStatus.OFFERED, statusAtMs: 1_000n, duty: assigned({ offerDueAtMs: dueS * 1_000n }) } as never));
  const [grave, slight] = [offered('grave', 61n), offered('slight', 301n)];
  expect([grave, slight].map((it) => timerOf(it!, 61_000).state)).toEqual(['offer', 'offer']);
  expect([grave, slight].map((it) => timerOf(it!, 61_001))).toEqual([{ state: 'offer-late', leftMs: -1 }, { state: 'offer-late', leftMs: 239_999 }]);
  const fresh = unitOf(create(UnitSchema, { id: 'fresh', name: 'fresh', status: UnitStatus.OFFERED, statusAtMs: 50_000n, duty: assigned({ offerDueAtMs: 110_000n }) } as never));
  const asked = unit('asked', UnitStatus.ON_SCENE, assigned({ checkInDueAtMs: 50n, checkInLevel: 1 }));
  expect(rankUnits([fresh, slight!, asked], 70_000).map(({ id }) => id)).toEqual(['asked', 'slight', 'fresh']);
  expect(rankUnits([fresh, slight!, asked], 59_000).map(({ id }) => id)).toEqual(['asked', 'fresh', 'slight']);
});

test('a unit on its way is late from the time that stands with the step by which it set out, and no other is', () => {
  const out = { status: UnitStatus.EN_ROUTE, tappedAtMs: 10n, receivedAtMs: 10n, by: 'rin', distanceM: 6_505n, lateAtMs: 1_000n };
  const steps = (...more: object[]) => ({ assignment: { number: 1n, steps: [out, ...more] } });
  expect(arrivalOf(unit('out', UnitStatus.EN_ROUTE, steps()), 400)).toEqual({ distanceM: 6_505, lateAtMs: 1_000, overMs: -600 });
  expect(arrivalOf(unit('out', UnitStatus.EN_ROUTE, steps()), 1_500)?.overMs).toBe(500);
  expect(arrivalOf(unit('there', UnitStatus.ON_SCENE, steps({ status: UnitStatus.ON_SCENE, tappedAtMs: 900n })), 5_000)).toBeUndefined();
  // It set out before the centre looked at the way.
  expect(arrivalOf(unit('older', UnitStatus.EN_ROUTE, assigned({})), 5_000)).toBeUndefined();
  expect(arrivalOf(unit('free', UnitStatus.AVAILABLE), 5_000)).toBeUndefined();
});

test('what waits for a person is that of incidents that are not done: the gravest first, then the longest waiting', () => {
  const attention = (number: number, kind: AttentionKind, raisedAtMs: bigint, acknowledgedAtMs = 0n) => ({ number, kind, unit: 'boat', raisedAtMs, acknowledgedAtMs });
  const incident = (id: string, status: IncidentStatus, attentions: object[]) => incidentOf(create(IncidentSchema, { id, status, dispatch: { attentions } } as never));
  const rows = waiting([
    incident('I1', IncidentStatus.ASSIGNED, [
      attention(1, AttentionKind.OFFER_UNANSWERED, 10n),
      attention(2, AttentionKind.CHECK_IN_OVERDUE, 30n),
      attention(3, AttentionKind.CHECK_IN_OVERDUE, 20n, 25n),
    ]),
    incident('I2', IncidentStatus.ACKNOWLEDGED, [attention(1, AttentionKind.OFFER_REFUSED, 5n), attention(2, AttentionKind.MAYDAY, 90n)]),
    incident('I3', IncidentStatus.CLOSED, [attention(1, AttentionKind.MAYDAY, 1n)]),
    incident('I4', IncidentStatus.ASSIGNED, [attention(1, AttentionKind.ARRIVAL_LATE, 80n)]),
  ]);
  expect(rows.map(({ incident: { id }, attention: { number, reason } }) => `${id}.${number} ${reason}`)).toEqual([
    'I2.2 mayday', 'I1.2 check-in-overdue', 'I4.1 arrival-late', 'I2.1 offer-refused', 'I1.1 offer-unanswered',
  ]);
});

test('tasks and the one answer cross from the wire', () => {
  const tasks = [{ number: 1, agency: 'Công an', text: 'Chặn cầu', status: TaskStatus.DONE, answer: 'xong' }, { number: 2, agency: 'Điện lực', text: 'Cắt điện', status: TaskStatus.GIVEN }];
  const incident = incidentOf(create(IncidentSchema, { id: 'I1', dispatch: { tasks, answer: { text: 'Đã thông' } } } as never));
  expect(incident.tasks.map(isSettled)).toEqual([true, false]);
  expect(incident.answer).toBe('Đã thông');
  expect(incidentOf(create(IncidentSchema, { id: 'I2' }))).toMatchObject({ attentions: [], tasks: [], answer: '' });
});

test('a recommendation keeps its reasons, and passes over those that this screen does not know', () => {
  const raw = {
    version: 4, has_card: true, needs: [{ skill: 'boat', count: 2, covered: 1 }], speed_km_h: 40, road_factor: 1.3,
    units: [{
      unit: 'boat-1', name: 'Xuồng 1', agency: 'PCTT', status: 'on_scene', can_send: false, cost_s: 90,
      reasons: [{ code: 'travel', distance_m: 1_000, travel_s: 90 }, { code: 'busy', status: 'on_scene', incident: 'I9' }, { code: 'tired', for_ms: 5 }, { code: 'rested', for_ms: null }, { code: 'stale_position', age_ms: 7 }, { code: 'no_skill' }, { code: 'brand_new' }],
    }],
  };
  const made = recommendationOf(raw);
  expect(made).toMatchObject({ version: 4, hasCard: true, speedKmH: 40 });
  expect(made.units[0]?.reasons).toEqual([
    { code: 'travel', distanceM: 1_000, travelS: 90 },
    { code: 'busy', status: 'on-scene', incident: 'I9' },
    { code: 'tired', ms: 5 },
    { code: 'rested', ms: undefined },
    { code: 'stale_position', ms: 7 },
    { code: 'no_skill' },
  ]);
});
