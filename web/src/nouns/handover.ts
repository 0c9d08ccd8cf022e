// Hand-overs to other services and by them: who was offered what, how far it is, and whose the incident is now.
import { HandoverDirection, HandoverStatus, type Handover as HandoverWire } from '../gen/trongdong/v1/handover_pb';

export type HandoverState = 'offered' | 'escalated' | 'accepted' | 'refused' | 'withdrawn';

const STATE: Partial<Record<HandoverStatus, HandoverState>> = {
  [HandoverStatus.ESCALATED]: 'escalated',
  [HandoverStatus.ACCEPTED]: 'accepted',
  [HandoverStatus.REFUSED]: 'refused',
  [HandoverStatus.WITHDRAWN]: 'withdrawn',
};

/** One offer. Times are Unix milliseconds, 0: not yet. */
export interface Handover {
  number: number;
  /** We offered it; else it was offered to us. */
  out: boolean;
  partyName: string;
  /** Whom to telephone there; empty: nobody is named. */
  contact: string;
  secondContact: string;
  lead: boolean;
  reason: string;
  state: HandoverState;
  offeredAtMs: number;
  escalatedAtMs: number;
  answeredAtMs: number;
  /** Who gave the answer there; empty: their system. */
  answeredFor: string;
  answer: string;
  /** What the other side calls the incident. */
  reference: string;
  /** The number of the clock that runs for the answer. */
  clock: number;
}

/** The domain hand-over of a wire hand-over. */
export function handoverOf(wire: HandoverWire): Handover {
  const { number, partyName, contact, secondContact, lead, reason, answeredFor, answer, reference, clock } = wire;
  return {
    number, partyName, contact, secondContact, lead, reason, answeredFor, answer, reference, clock,
    out: wire.direction === HandoverDirection.OUT,
    state: STATE[wire.status] ?? 'offered',
    offeredAtMs: Number(wire.offeredAtMs),
    escalatedAtMs: Number(wire.escalatedAtMs),
    answeredAtMs: Number(wire.answeredAtMs),
  };
}

/** Whether the other side still owes an answer. */
export const isWaiting = (handover: Handover): boolean => handover.state === 'offered' || handover.state === 'escalated';

/** Who leads the incident: the other side of the newest hand-over that took the lead; undefined: this centre. */
export function leader(handovers: readonly Handover[]): Handover | undefined {
  const taken = handovers.filter(({ lead, state }) => lead && state === 'accepted');
  taken.sort((a, b) => b.answeredAtMs - a.answeredAtMs || b.number - a.number);
  return taken[0]?.out === true ? taken[0] : undefined;
}

/** Whom an incident can be offered to over the network. */
export interface Party {
  id: string;
  name: string;
}
