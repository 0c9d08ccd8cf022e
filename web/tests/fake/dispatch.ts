// How the fake node dispatches: offers, taps, words of crews, mayday, what waits for a person, tasks, and whom it recommends.
import { create } from '@bufbuild/protobuf';
import { ClockSchema, ClockStage, ClockStatus, Obligation } from '../../src/gen/trongdong/v1/clock_pb';
import { EventKind, type Event } from '../../src/gen/trongdong/v1/event_pb';
import { AttentionKind, TaskSchema, TaskStatus, type Incident } from '../../src/gen/trongdong/v1/incident_pb';
import { UnitStatus, type Unit } from '../../src/gen/trongdong/v1/unit_pb';
import type { Answer, Input } from './decide';
import type { Scene } from './scene';

const OFFER_MS = 60_000;
const CHECK_IN_MS = 1_200_000;
const TASK_WITHIN_MS = 1_800_000n;
const SPEED_KM_H = 40;
const ROAD_FACTOR = 1.3;
/** A unit is late by half of its way, and not at once. */
const LATE_AFTER = 1.5;
const LATE_AFTER_MS_MIN = 120_000;
/** Which unit the responder of the fake node crews. */
const CREW = 'XCC-03';

type Tell = (kind: EventKind, subject: Event['subject'], note?: string) => void;
const refuse = (code: string, field: string, message: string, status = 409): Answer => ({ status, body: { code, field, message } });
const done = (entity: string, version: bigint): Answer => ({ status: 200, body: { entity, version: Number(version) } });
const now = () => BigInt(Date.now());
const statusName = (status: UnitStatus) => UnitStatus[status]!.toLowerCase();
const statusOf = (name: string | undefined) => UnitStatus[(name ?? '').toUpperCase() as keyof typeof UnitStatus];

/** What dispatch knows of a unit, made when it is first needed. */
function dutyOf(unit: Unit) {
  unit.duty ??= { $typeName: 'trongdong.v1.Duty', assignmentsMade: 0n, clearedAtMs: 0n, unansweredAtMs: 0n };
  return unit.duty;
}

function dispatchOf(incident: Incident) {
  incident.dispatch ??= { $typeName: 'trongdong.v1.Dispatch', past: [], attentions: [], attentionsRaised: 0, tasks: [], handovers: [] };
  return incident.dispatch;
}

/** Metres along roads from where the unit is. */
function roadM(unit: Unit, incident: Incident): number {
  const north = ((unit.position?.latitudeE7 ?? 0) - (incident.place?.latitudeE7 ?? 0)) * 0.011132;
  const east = ((unit.position?.longitudeE7 ?? 0) - (incident.place?.longitudeE7 ?? 0)) * 0.0103;
  return Math.round(Math.hypot(north, east) * ROAD_FACTOR);
}

/** What is expected of a unit that sets out. */
function expected(unit: Unit, incident: Incident | undefined, tappedAtMs: bigint): { distanceM: bigint; lateAtMs: bigint } {
  if (incident === undefined) return { distanceM: 0n, lateAtMs: 0n };
  const distanceM = roadM(unit, incident);
  const afterMs = Math.max(LATE_AFTER_MS_MIN, Math.round((distanceM * 3_600 * LATE_AFTER) / SPEED_KM_H));
  return { distanceM: BigInt(distanceM), lateAtMs: tappedAtMs + BigInt(afterMs) };
}

/** Begins an assignment of the unit, or ends it. */
export function offer(unit: Unit, incident: string): void {
  const duty = dutyOf(unit);
  if (incident === '') {
    duty.assignment = undefined;
    return;
  }
  duty.assignmentsMade += 1n;
  const step = { $typeName: 'trongdong.v1.UnitStep' as const, status: UnitStatus.OFFERED, tappedAtMs: now(), receivedAtMs: now(), by: '', distanceM: 0n, lateAtMs: 0n };
  duty.assignment = {
    $typeName: 'trongdong.v1.Assignment', unit: unit.id, number: duty.assignmentsMade, agency: unit.agency, steps: [step],
    offerDueAtMs: now() + BigInt(OFFER_MS), checkedInAtMs: 0n, checkInDueAtMs: 0n, checkInLevel: 0, end: 0, endedAtMs: 0n, endedBy: '', note: '', cameThrough: [], remindedAtMs: 0n,
  };
}

/** Calls a person to the incident. */
function attend(incident: Incident, kind: AttentionKind, unit: string, next = ''): void {
  const dispatch = dispatchOf(incident);
  dispatch.attentionsRaised += 1;
  dispatch.attentions.push({ $typeName: 'trongdong.v1.Attention', number: dispatch.attentionsRaised, kind, unit, raisedAtMs: now(), next, acknowledgedAtMs: 0n, acknowledgedBy: '' });
}

/** Decides about one command of dispatch; undefined: it is none. */
export function dispatcher(scene: Scene, tell: Tell, by: string): (path: string, input: Input) => Answer | undefined {
  const tellUnit = (kind: EventKind, unit: Unit, note = '') => {
    unit.version += 1n;
    tell(kind, { case: 'unit', value: unit }, note);
    return done(unit.id, unit.version);
  };

  function status(unit: Unit, input: Input): Answer {
    const assignment = unit.duty?.assignment;
    const named = BigInt(input['assignment'] ?? 0);
    if (named !== 0n && named !== (assignment?.number ?? 0n)) return refuse('version_conflict', 'assignment', `assignment ${named} of ${unit.id} is over: look, then tap again`);
    if (statusOf(input['expected_status']) !== unit.status) return refuse('version_conflict', 'expected_status', `the unit is ${statusName(unit.status)}`);
    const wanted = statusOf(input['status'])!;
    const incident = scene.incidents.get(unit.incident);
    const tapped = BigInt(input['tapped_at_ms'] ?? Date.now());
    if (wanted === UnitStatus.AVAILABLE && incident !== undefined) {
      incident.units = incident.units.filter((id) => id !== unit.id);
      if (unit.status !== UnitStatus.ON_SCENE) attend(incident, AttentionKind.OFFER_REFUSED, unit.id);
      offer(unit, '');
      Object.assign(unit, { incident: '', status: wanted, statusAtMs: tapped });
      tell(EventKind.INCIDENT_ATTENTION_RAISED, { case: 'incident', value: incident }, input['reason']);
      return tellUnit(EventKind.UNIT_STATUS_SET, unit, input['reason']);
    }
    Object.assign(unit, { status: wanted, statusAtMs: tapped });
    if (assignment !== undefined) {
      const way = expected(unit, wanted === UnitStatus.EN_ROUTE ? incident : undefined, tapped);
      assignment.steps.push({ $typeName: 'trongdong.v1.UnitStep', status: wanted, tappedAtMs: tapped, receivedAtMs: now(), by, ...way });
      Object.assign(assignment, { offerDueAtMs: 0n, checkInDueAtMs: now() + BigInt(CHECK_IN_MS), checkedInAtMs: tapped, checkInLevel: 0 });
    }
    return tellUnit(EventKind.UNIT_STATUS_SET, unit);
  }

  function ofUnit(unit: Unit, verb: string, input: Input): Answer | undefined {
    const duty = dutyOf(unit);
    if (verb === 'status') return status(unit, input);
    if (verb === 'check-in') {
      if (duty.assignment === undefined) return refuse('version_conflict', 'assignment', 'it is over');
      const tapped = BigInt(input['tapped_at_ms'] ?? Date.now());
      Object.assign(duty.assignment, { checkedInAtMs: tapped, checkInDueAtMs: now() + BigInt(CHECK_IN_MS), checkInLevel: 0 });
      return tellUnit(EventKind.UNIT_CHECKED_IN, unit);
    }
    if (verb === 'mayday') {
      duty.mayday = { $typeName: 'trongdong.v1.Mayday', tappedAtMs: BigInt(input['tapped_at_ms'] ?? Date.now()), receivedAtMs: now(), by };
      const incident = scene.incidents.get(unit.incident);
      if (incident !== undefined) {
        attend(incident, AttentionKind.MAYDAY, unit.id);
        tell(EventKind.INCIDENT_ATTENTION_RAISED, { case: 'incident', value: incident });
      }
      return tellUnit(EventKind.UNIT_MAYDAY_RAISED, unit);
    }
    if (verb === 'mayday/clear') {
      duty.mayday = undefined;
      return tellUnit(EventKind.UNIT_MAYDAY_CLEARED, unit, input['note']);
    }
    return undefined;
  }

  function ofIncident(incident: Incident, verb: string, input: Input): Answer | undefined {
    const dispatch = dispatchOf(incident);
    const subject = { case: 'incident', value: incident } as const;
    if (verb === 'attention') {
      const found = dispatch.attentions.find(({ number }) => number === Number(input['attention']));
      if (found === undefined) return refuse('not_found', 'attention', 'there is no such attention', 404);
      Object.assign(found, { acknowledgedAtMs: now(), acknowledgedBy: by });
      tell(EventKind.INCIDENT_ATTENTION_ACKNOWLEDGED, subject);
      return done(incident.id, incident.version);
    }
    if (verb === 'task/answer') {
      const task = dispatch.tasks.find(({ number }) => number === Number(input['task']));
      if (task === undefined) return refuse('not_found', 'task', 'there is no such task', 404);
      Object.assign(task, { status: TaskStatus[(input['status'] ?? '').toUpperCase() as keyof typeof TaskStatus], answer: input['answer'] ?? '', answeredAtMs: now(), answeredBy: by });
      const clock = incident.clocks.find(({ number }) => number === task.clock);
      if (clock !== undefined && task.status === TaskStatus.DONE) Object.assign(clock, { status: ClockStatus.MET, endedAtMs: now(), version: clock.version + 1n });
      tell(EventKind.INCIDENT_TASK_ANSWERED, subject);
      return done(incident.id, incident.version);
    }
    if (verb !== 'task' && verb !== 'answer') return undefined;
    if (Number(input['expected_version']) !== Number(incident.version)) return refuse('version_conflict', 'expected_version', `it is at version ${incident.version}`);
    incident.version += 1n;
    if (verb === 'task') {
      dispatch.answer = undefined;
      const clock = (incident.clocks.at(-1)?.number ?? 0) + 1;
      const dueAtMs = now() + TASK_WITHIN_MS;
      incident.clocks.push(create(ClockSchema, { number: clock, obligation: Obligation.DO_TASK, status: ClockStatus.RUNNING, stage: ClockStage.ON_TIME, startedAtMs: now(), dueAtMs, firstDueAtMs: dueAtMs, version: 1n }));
      dispatch.tasks.push(create(TaskSchema, { number: dispatch.tasks.length + 1, agency: input['agency'] ?? '', text: input['text'] ?? '', status: TaskStatus.GIVEN, givenAtMs: now(), givenBy: by, clock }));
      tell(EventKind.INCIDENT_TASK_GIVEN, subject, input['text']);
    } else {
      dispatch.answer = { $typeName: 'trongdong.v1.CombinedAnswer', text: input['answer'] ?? '', atMs: now(), by };
      tell(EventKind.INCIDENT_ANSWER_COMBINED, subject, input['answer']);
    }
    return done(incident.id, incident.version);
  }

  return (path, input) => {
    const [, noun = '', id = '', verb = ''] = /^\/api\/(units|incidents)\/([^/]+)\/(.+)$/.exec(path) ?? [];
    if (noun === 'units') {
      const unit = scene.units.get(id);
      return unit === undefined ? refuse('not_found', 'unit', 'there is no such unit', 404) : ofUnit(unit, verb, input);
    }
    const incident = noun === 'incidents' ? scene.incidents.get(id) : undefined;
    return incident && ofIncident(incident, verb, input);
  };
}

/** Lets more than a minute pass since the unit was offered, of the five that an offer may be left unanswered. */
export function makeUnanswered(scene: Scene, tell: Tell, id: string): void {
  const unit = scene.units.get(id)!;
  unit.statusAtMs = now() - 61_000n;
  unit.duty!.assignment!.offerDueAtMs = now() + 239_000n;
  unit.version += 1n;
  tell(EventKind.UNIT_ASSIGNED, { case: 'unit', value: unit });
}

/** Lets the way of a unit that has set out be over: it is late, the crew is asked, and a person is called. */
export function makeLate(scene: Scene, tell: Tell, id: string): void {
  const unit = scene.units.get(id)!;
  const incident = scene.incidents.get(unit.incident)!;
  const assignment = unit.duty!.assignment!;
  Object.assign(assignment.steps.at(-1)!, { lateAtMs: now() - 61_000n });
  Object.assign(assignment, { checkInLevel: 1, checkInDueAtMs: now() + 120_000n });
  unit.version += 1n;
  tell(EventKind.UNIT_CHECK_IN_ESCALATED, { case: 'unit', value: unit });
  attend(incident, AttentionKind.ARRIVAL_LATE, unit.id);
  tell(EventKind.INCIDENT_ATTENTION_RAISED, { case: 'incident', value: incident });
}

/** Whom the fake node would send: the nearest that are free, then the nearest of the others. */
export function recommendation(scene: Scene, incident: Incident): object {
  const units = [...scene.units.values()]
    .filter((unit) => !incident.units.includes(unit.id))
    .map((unit) => {
      const distance_m = roadM(unit, incident);
      const travel_s = Math.round((distance_m * 3.6) / SPEED_KM_H);
      const can_send = unit.status === UnitStatus.AVAILABLE;
      const state = can_send ? { code: 'free' } : { code: 'busy', status: statusName(unit.status), incident: unit.incident || null };
      const reasons = [{ code: 'travel', distance_m, travel_s }, state, { code: 'rested', for_ms: null }];
      return { unit: unit.id, name: unit.name, agency: unit.agency, status: statusName(unit.status), can_send, cost_s: travel_s, reasons };
    })
    .sort((a, b) => Number(b.can_send) - Number(a.can_send) || a.cost_s - b.cost_s)
    .slice(0, 20);
  return { version: Number(incident.version), has_card: false, needs: [], units, speed_km_h: SPEED_KM_H, road_factor: ROAD_FACTOR };
}

/** What the fake node tells a crew. */
export function crewView(scene: Scene, index: number): object {
  const unit = scene.units.get(CREW)!;
  const incident = scene.incidents.get(unit.incident);
  const assignment = unit.duty?.assignment;
  const place = incident?.place;
  return {
    unit: {
      id: unit.id, name: unit.name, agency: unit.agency, status: statusName(unit.status),
      position: { latitude_e7: unit.position?.latitudeE7 ?? 0, longitude_e7: unit.position?.longitudeE7 ?? 0 }, position_at_ms: Number(unit.positionAtMs),
      duty: {
        mayday: unit.duty?.mayday === undefined ? null : {},
        assignment: assignment === undefined ? null : {
          number: Number(assignment.number), steps: assignment.steps.map(({ status, lateAtMs }) => ({ status: statusName(status), late_at_ms: Number(lateAtMs) })),
          offer_due_at_ms: Number(assignment.offerDueAtMs), check_in_due_at_ms: Number(assignment.checkInDueAtMs),
          checked_in_at_ms: Number(assignment.checkedInAtMs), check_in_level: assignment.checkInLevel,
        },
      },
    },
    order: incident === undefined ? null : {
      incident: incident.id, kind: 'fire', severity: ['', 'info', 'low', 'medium', 'high', 'critical'][incident.severity], summary: incident.summary,
      place: { latitude_e7: place?.latitudeE7 ?? 0, longitude_e7: place?.longitudeE7 ?? 0, address: place?.address ?? '' },
      exercise: incident.exercise, place_is_mapped: incident.placeIsMapped, others: incident.units.filter((id) => id !== unit.id), tasks: [],
    },
    server_time_ms: Date.now(),
    index,
  };
}
