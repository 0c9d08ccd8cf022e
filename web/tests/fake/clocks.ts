// How the fake node keeps clocks and instructions: late by a test's word, acknowledged, paused; given, taken, done, confirmed.
import { clone, create } from '@bufbuild/protobuf';
import { ClockSchema, ClockStage, ClockStatus, Obligation, type Clock } from '../../src/gen/trongdong/v1/clock_pb';
import { EventKind, type Event } from '../../src/gen/trongdong/v1/event_pb';
import { IncidentSchema } from '../../src/gen/trongdong/v1/incident_pb';
import { InstructionSchema, InstructionStatus, type Instruction } from '../../src/gen/trongdong/v1/instruction_pb';
import type { Answer, Input } from './decide';
import type { Scene } from './scene';

type Tell = (kind: EventKind, subject: Event['subject'], note?: string, by?: string) => void;
type Of = { incident?: string; instruction?: string };

const refuse = (code: string, field: string, message: string, status = 409): Answer => ({ status, body: { code, field, message } });
const done = (entity: string, version: bigint): Answer => ({ status: 200, body: { entity, version: Number(version) } });
const now = () => BigInt(Date.now());

/** Where a clock stands when a test lets it be so late: when it was due, in milliseconds from now, and what that is called. */
const LATE: Readonly<Record<string, { stage: ClockStage; dueInMs: number; kind: EventKind }>> = {
  nearly_late: { stage: ClockStage.NEARLY_LATE, dueInMs: 90_000, kind: EventKind.DEADLINE_NEARLY_LATE },
  late: { stage: ClockStage.LATE, dueInMs: -5_000, kind: EventKind.DEADLINE_LATE },
  overdue: { stage: ClockStage.OVERDUE, dueInMs: -600_000, kind: EventKind.DEADLINE_OVERDUE },
};

export function clockDesk(scene: Scene, tell: Tell) {
  // As they stand at the beginning of each test that asks for it.
  const incidents = new Map([...scene.incidents].map(([id, incident]) => [id, clone(IncidentSchema, incident).clocks]));
  const instructions = new Map([...scene.instructions].map(([id, instruction]) => [id, clone(InstructionSchema, instruction)]));
  let given = 100;

  function reset(): void {
    for (const [id, clocks] of incidents) {
      const incident = scene.incidents.get(id)!;
      if (incident.clocks.length === 0 && clocks.length === 0) continue;
      incident.clocks = clocks.map((clock) => clone(ClockSchema, clock));
      tell(EventKind.CLOCK_TIMED, { case: 'incident', value: incident });
    }
    for (const [id, instruction] of scene.instructions) {
      const kept = instructions.get(id);
      // What a test gave is over: nothing leaves the picture but by its own event.
      const next = kept === undefined ? Object.assign(instruction, { status: InstructionStatus.CANCELLED, clocks: [], endedAtMs: now(), confirmedBy: '', confirmedAtMs: 0n }) : clone(InstructionSchema, kept);
      scene.instructions.set(id, next);
      tell(EventKind.INSTRUCTION_CANCELLED, { case: 'instruction', value: next });
    }
  }

  function subjectOf({ incident, instruction }: Of): { clocks: Clock[]; subject: Event['subject'] } | undefined {
    const found = scene.incidents.get(incident ?? '');
    if (found !== undefined) return { clocks: found.clocks, subject: { case: 'incident', value: found } };
    const told = scene.instructions.get(instruction ?? '');
    return told && { clocks: told.clocks, subject: { case: 'instruction', value: told } };
  }

  function ofClock(verb: string, input: Input, by: string): Answer {
    const key = input['clock'] as unknown as { of: Of; number: number };
    const held = subjectOf(key.of);
    const clock = held?.clocks.find(({ number }) => number === key.number);
    if (held === undefined || clock === undefined) return refuse('not_found', 'clock', 'there is no such clock', 404);
    if (Number(clock.version) !== Number(input['expected_version'])) return refuse('version_conflict', 'expected_version', `it is at version ${clock.version}: look, then decide anew`);
    if (verb === 'acknowledge') {
      if (clock.stage === ClockStage.ON_TIME || clock.acknowledgedAtMs > 0n) return refuse('wrong_status', 'clock', 'there is nothing to acknowledge');
      Object.assign(clock, { acknowledgedBy: by, acknowledgedAtMs: now() });
    } else if (verb === 'progress') {
      const instruction = scene.instructions.get(key.of.instruction ?? '');
      const isBare = instruction !== undefined && instruction.incident === '' && input['photo_sha256'] === undefined;
      if (isBare && instruction.owner === by && instruction.givenBy !== by) return refuse('forbidden', '', 'without a photo an instruction is put off by who gave it or who leads there: ask them', 403);
      if ((!isBare && (input['photo_sha256'] ?? '') === '') || input['note'] === '') return refuse('invalid', 'photo_sha256', 'is no photo of this incident: put it first', 422);
      const promised = BigInt(input['promised_at_ms'] ?? 0);
      Object.assign(clock, { promisedAtMs: promised, promises: clock.promises + 1, dueAtMs: promised, stage: ClockStage.ON_TIME, told: [], acknowledgedBy: '', acknowledgedAtMs: 0n });
    } else if (verb === 'pause') {
      if (input['reason'] === '') return refuse('invalid', 'reason', 'is empty', 422);
      Object.assign(clock, { status: ClockStatus.PAUSED, pausedAtMs: now(), pauseReason: input['reason'], dueAtMs: 0n });
    } else Object.assign(clock, { status: ClockStatus.RUNNING, pausedAtMs: 0n, dueAtMs: now() + 60_000n });
    clock.version += 1n;
    const kinds: Record<string, EventKind> = { acknowledge: EventKind.CLOCK_ACKNOWLEDGED, pause: EventKind.CLOCK_PAUSED, resume: EventKind.CLOCK_RESUMED, progress: EventKind.PROGRESS_REPORTED };
    tell(kinds[verb]!, held.subject, input['reason'] ?? input['note'] ?? '', by);
    return done(`${Object.values(key.of)[0] ?? ''}#${key.number}`, clock.version);
  }

  const doing = (number: number, round: number, dueAtMs: bigint): Clock =>
    create(ClockSchema, { number, round, obligation: Obligation.DO_INSTRUCTION, status: ClockStatus.RUNNING, stage: ClockStage.ON_TIME, startedAtMs: now(), dueAtMs, firstDueAtMs: dueAtMs, version: 1n });

  function give(input: Input, by: string): Answer {
    if (input['owner'] === 'khong-co') return refuse('not_found', 'GiveInstruction.owner', 'there is no khong-co here: check the id', 404);
    given += 1;
    const due = BigInt(input['due_at_ms'] ?? 0);
    const { title, about, agency } = input;
    const it = create(InstructionSchema, {
      id: `T${given}`, title, about, agency, incident: input['incident'] ?? '', adminUnit: input['admin_unit'], owner: input['owner'] ?? '', exercise: Boolean(input['exercise']),
      status: InstructionStatus.GIVEN, givenBy: by, givenAtMs: now(), version: 1n, clocks: due > 0n ? [doing(1, 0, due)] : [],
    });
    scene.instructions.set(it.id, it);
    tell(EventKind.INSTRUCTION_GIVEN, { case: 'instruction', value: it }, '', by);
    return done(it.id, 1n);
  }

  function step(it: Instruction, verb: string, input: Input, by: string): Answer {
    if (Number(it.version) !== Number(input['expected_version'])) return refuse('version_conflict', 'expected_version', `it is at version ${it.version}: look, then decide anew`);
    const note = input['note'] ?? '';
    const end = (status: ClockStatus) => {
      for (const clock of it.clocks) if (clock.endedAtMs === 0n) Object.assign(clock, { status, endedAtMs: now() });
    };
    let kind = EventKind.INSTRUCTION_TAKEN;
    if (verb === 'take') Object.assign(it, { status: InstructionStatus.TAKEN, takenBy: by, takenAtMs: now() });
    else if (verb === 'finish') {
      Object.assign(it, { status: InstructionStatus.DONE, endedAtMs: now(), note });
      end(ClockStatus.MET);
      kind = EventKind.INSTRUCTION_DONE;
    } else if (verb === 'confirm') {
      if (it.owner === by) return refuse('forbidden', 'instruction', 'nobody confirms their own work', 403);
      Object.assign(it, { confirmedBy: by, confirmedAtMs: now() });
      kind = EventKind.INSTRUCTION_CONFIRMED;
    } else if (verb === 'cancel') {
      Object.assign(it, { status: InstructionStatus.CANCELLED, endedAtMs: now(), note });
      end(ClockStatus.VOID);
      kind = EventKind.INSTRUCTION_CANCELLED;
    } else {
      const round = it.reopenedCount + 1;
      Object.assign(it, { status: InstructionStatus.GIVEN, endedAtMs: 0n, takenBy: '', note, reopenedCount: round, confirmedBy: '', confirmedAtMs: 0n });
      it.clocks = [...it.clocks, doing(it.clocks.length + 1, round, now() + 3_600_000n)];
      kind = EventKind.INSTRUCTION_REOPENED;
    }
    it.version += 1n;
    tell(kind, { case: 'instruction', value: it }, note, by);
    return done(it.id, it.version);
  }

  return {
    /** Tests: `clocks` sets everything back; `clock?of=&number=&stage=&told=` lets a clock take its next step, one that is not there starts. */
    control(path: string, query: URLSearchParams): object | undefined {
      if (path === '/fake/clocks') {
        reset();
        return {};
      }
      const late = LATE[query.get('stage') ?? ''];
      if (path !== '/fake/clock' || late === undefined) return undefined;
      const id = query.get('of') ?? '';
      const held = subjectOf({ incident: id, instruction: id });
      if (held === undefined) return undefined;
      const number = Number(query.get('number') ?? 1);
      let clock = held.clocks.find((one) => one.number === number);
      if (clock === undefined) {
        clock = create(ClockSchema, { number, obligation: Obligation.ANSWER, status: ClockStatus.RUNNING, startedAtMs: now(), version: 1n });
        held.clocks.push(clock);
      }
      const dueAtMs = now() + BigInt(late.dueInMs);
      const told = (query.get('told') ?? '').split(' ').filter((person) => person !== '');
      Object.assign(clock, { stage: late.stage, dueAtMs, firstDueAtMs: dueAtMs, told, acknowledgedBy: '', acknowledgedAtMs: 0n });
      clock.version += 1n;
      tell(late.kind, held.subject, `${id}#${number} told ${told.join(' ')}`, '');
      return {};
    },
    decide(path: string, input: Input, by: string): Answer | undefined {
      const ofClocks = /^\/api\/clocks\/(acknowledge|pause|resume|progress)$/.exec(path);
      if (ofClocks !== null) return ofClock(ofClocks[1]!, input, by);
      if (path === '/api/instructions') return give(input, by);
      const [, id = '', verb = ''] = /^\/api\/instructions\/([^/]+)\/(take|finish|confirm|cancel|reopen)$/.exec(path) ?? [];
      const it = scene.instructions.get(id);
      return it === undefined ? undefined : step(it, verb, input, by);
    },
  };
}
