// What dispatchers watch: what waits for a person, what runs out, and what each agency has to do.
import { AttentionKind, TaskStatus, type Attention as AttentionWire, type Task as TaskWire } from '../gen/trongdong/v1/incident_pb';
import type { Incident } from './incident';
import type { Unit } from './unit';

/** Why a person has to look, the gravest first. */
const ATTENTIONS = ['mayday', 'check-in-overdue', 'arrival-late', 'offer-refused', 'offer-unanswered'] as const;
type AttentionReason = (typeof ATTENTIONS)[number];

const REASON: Partial<Record<AttentionKind, AttentionReason>> = {
  [AttentionKind.MAYDAY]: 'mayday',
  [AttentionKind.CHECK_IN_OVERDUE]: 'check-in-overdue',
  [AttentionKind.ARRIVAL_LATE]: 'arrival-late',
  [AttentionKind.OFFER_REFUSED]: 'offer-refused',
};

/** A person has to look. Times are Unix milliseconds, 0: nobody has looked. */
export interface Attention {
  number: number;
  reason: AttentionReason;
  unit: string;
  raisedAtMs: number;
  /** The unit that the offer went on to; empty: none. */
  next: string;
  acknowledgedAtMs: number;
}

/** The domain attention of a wire attention. */
export function attentionOf(wire: AttentionWire): Attention {
  return {
    number: wire.number,
    reason: REASON[wire.kind] ?? 'offer-unanswered',
    unit: wire.unit,
    raisedAtMs: Number(wire.raisedAtMs),
    next: wire.next,
    acknowledgedAtMs: Number(wire.acknowledgedAtMs),
  };
}

export type TaskState = 'given' | 'accepted' | 'done' | 'refused' | 'withdrawn';

const TASK: Partial<Record<TaskStatus, TaskState>> = {
  [TaskStatus.ACCEPTED]: 'accepted',
  [TaskStatus.DONE]: 'done',
  [TaskStatus.REFUSED]: 'refused',
  [TaskStatus.WITHDRAWN]: 'withdrawn',
};

/** What one agency has to do. */
export interface Task {
  number: number;
  agency: string;
  text: string;
  status: TaskState;
  answer: string;
  /** Its deadline's number among the incident's clocks; 0: none. */
  clock: number;
}

/** The domain task of a wire task. */
export function taskOf(wire: TaskWire): Task {
  return { number: wire.number, agency: wire.agency, text: wire.text, status: TASK[wire.status] ?? 'given', answer: wire.answer, clock: wire.clock };
}

/** Nothing more comes of it. */
export function isSettled(task: Task): boolean {
  return task.status !== 'given' && task.status !== 'accepted';
}

/** What waits for a person in incidents that are not done: the gravest first, then the longest waiting. */
export function waiting(incidents: Iterable<Incident>): { incident: Incident; attention: Attention }[] {
  return [...incidents]
    .filter((incident) => incident.status !== 'closed' && incident.status !== 'merged')
    .flatMap((incident) => incident.attentions.map((attention) => ({ incident, attention })))
    .filter(({ attention }) => attention.acknowledgedAtMs === 0)
    .sort(
      (a, b) =>
        ATTENTIONS.indexOf(a.attention.reason) - ATTENTIONS.indexOf(b.attention.reason) ||
        a.attention.raisedAtMs - b.attention.raisedAtMs ||
        a.attention.number - b.attention.number,
    );
}

/** An offer that no crew has answered for so long is late at every level; when it goes on to another unit is the cluster's to say. */
const OFFER_LATE_MS = 60_000;

/** What runs out for a unit. `leftMs` is negative once it has. */
export interface UnitTimer {
  state: 'mayday' | 'overdue' | 'asked' | 'offer-late' | 'offer' | 'check-in' | 'none';
  leftMs: number;
}

/** The timer of a unit at the server's `nowMs`. */
export function timerOf(unit: Unit, nowMs: number): UnitTimer {
  const { assignment } = unit;
  if (unit.maydayAtMs > 0) return { state: 'mayday', leftMs: unit.maydayAtMs - nowMs };
  if (assignment === undefined) return { state: 'none', leftMs: 0 };
  if (assignment.offerDueAtMs > 0) {
    // The grave ones go on after a minute, the others are given up to five: nobody is to sit in those unseen.
    const isLate = unit.status === 'offered' && nowMs - unit.statusAtMs > OFFER_LATE_MS;
    return { state: isLate ? 'offer-late' : 'offer', leftMs: assignment.offerDueAtMs - nowMs };
  }
  if (assignment.checkInLevel >= 2) return { state: 'overdue', leftMs: 0 };
  if (assignment.checkInDueAtMs === 0) return { state: 'none', leftMs: 0 };
  return { state: assignment.checkInLevel === 1 ? 'asked' : 'check-in', leftMs: assignment.checkInDueAtMs - nowMs };
}

/** What is expected of a unit on its way; undefined: nothing. `overMs` is how late it is, negative while it has time. */
export function arrivalOf(unit: Unit, nowMs: number): { distanceM: number; lateAtMs: number; overMs: number } | undefined {
  const step = unit.assignment?.steps.at(-1);
  if (unit.status !== 'en-route' || step === undefined || step.lateAtMs === 0) return undefined;
  return { distanceM: step.distanceM, lateAtMs: step.lateAtMs, overMs: nowMs - step.lateAtMs };
}

const TIMER_RANK: Readonly<Record<UnitTimer['state'], number>> = { mayday: 0, overdue: 1, asked: 2, 'offer-late': 3, offer: 4, 'check-in': 5, none: 6 };
const STATUS_RANK: Readonly<Record<Unit['status'], number>> = {
  offered: 0, accepted: 1, 'en-route': 2, staging: 3, 'on-scene': 4, available: 5, 'out-of-service': 6,
};

/** Units as a dispatcher wants them at the server's `nowMs`: in danger, silent, asked, late to answer, then what runs out first, then by what they are doing. */
export function rankUnits(units: Iterable<Unit>, nowMs: number): Unit[] {
  const due = (unit: Unit) => unit.assignment?.offerDueAtMs || unit.assignment?.checkInDueAtMs || Infinity;
  const rank = (unit: Unit) => TIMER_RANK[timerOf(unit, nowMs).state];
  return [...units].sort(
    (a, b) =>
      rank(a) - rank(b) || STATUS_RANK[a.status] - STATUS_RANK[b.status] || due(a) - due(b) || (a.name < b.name ? -1 : 1),
  );
}
