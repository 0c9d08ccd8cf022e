// Hand-overs to other services and by them, and between our own rooms: who was offered what, how far it is, and whose the incident is now.
import type { Incident } from './incident';
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
  /** We offered it; else another service offered it to us. */
  out: boolean;
  /** The room of ours that it was offered to; empty: another service. */
  room: string;
  partyName: string;
  /** Whom to telephone there; empty: nobody is named. */
  contact: string;
  /** The second channel: a system's id, a telephone, or both; empty: there is none of that kind. */
  second: string;
  secondContact: string;
  lead: boolean;
  reason: string;
  state: HandoverState;
  offeredAtMs: number;
  /** Id of the person who offered it; empty: the other side did. */
  offeredBy: string;
  escalatedAtMs: number;
  answeredAtMs: number;
  /** Who gave the answer there; empty: their system. */
  answeredFor: string;
  answer: string;
  /** Whose system answered; empty: nobody's did. */
  takenBy: string;
  /** What the other side calls the incident. */
  reference: string;
  /** The number of the clock that runs for the answer. */
  clock: number;
}

/** The domain hand-over of a wire hand-over. */
export function handoverOf(wire: HandoverWire): Handover {
  const { number, partyName, contact, second, secondContact, lead, reason, offeredBy, answeredFor, answer, reference, clock, room } = wire;
  return {
    number, partyName, contact, second, secondContact, lead, reason, offeredBy, answeredFor, answer, reference, clock, room,
    out: wire.direction !== HandoverDirection.IN,
    takenBy: wire.takenByName,
    state: STATE[wire.status] ?? 'offered',
    offeredAtMs: Number(wire.offeredAtMs),
    escalatedAtMs: Number(wire.escalatedAtMs),
    answeredAtMs: Number(wire.answeredAtMs),
  };
}

/** Whether the other side still owes an answer. */
export const isWaiting = (handover: Handover): boolean => handover.state === 'offered' || handover.state === 'escalated';

const isTaken = ({ lead, state }: Handover): boolean => lead && state === 'accepted';

/**
 * Who leads the incident, if it is not where it came up: the other side of the newest hand-over that decided it. What another service
 * offers is theirs until we have taken it over with the lead; what we offer is ours until they have.
 */
export function leader(handovers: readonly Handover[]): Handover | undefined {
  const at = (it: Handover): number => (isTaken(it) ? it.answeredAtMs : it.offeredAtMs);
  const decided = handovers.filter((it) => !it.out || isTaken(it));
  decided.sort((a, b) => at(b) - at(a) || b.number - a.number);
  const newest = decided[0];
  return newest === undefined || (!newest.out && isTaken(newest)) ? undefined : newest;
}

/**
 * Incidents with an offer that somebody has to answer or to telephone about, those offered to this room and by other services before
 * all, then what nobody answered in time, then what has waited longest.
 */
export function waitingHandovers(incidents: Iterable<Incident>, room: string): Incident[] {
  const rank = ({ handovers }: Incident): number => {
    const open = handovers.filter(isWaiting);
    if (open.some((it) => !it.out || (it.room !== '' && it.room === room))) return 0;
    return open.some(({ state }) => state === 'escalated') ? 1 : 2;
  };
  const sinceMs = ({ handovers }: Incident) => Math.min(...handovers.filter(isWaiting).map((it) => it.offeredAtMs));
  const waiting = [...incidents].filter(({ handovers }) => handovers.some(isWaiting));
  return waiting.sort((a, b) => rank(a) - rank(b) || sinceMs(a) - sinceMs(b) || (a.id < b.id ? -1 : 1));
}

/** Whom an incident can be offered to over the network. */
export interface Party {
  id: string;
  name: string;
}
