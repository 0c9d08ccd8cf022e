// What a leader wants done: by whom, by when.
import { InstructionStatus, type Instruction as InstructionWire } from '../gen/trongdong/v1/instruction_pb';
import { clockOf, isClockOpen, type Clock } from './clock';

export type InstructionState = 'given' | 'taken' | 'done' | 'cancelled';

const STATE: Partial<Record<InstructionStatus, InstructionState>> = {
  [InstructionStatus.TAKEN]: 'taken',
  [InstructionStatus.DONE]: 'done',
  [InstructionStatus.CANCELLED]: 'cancelled',
};

/** One instruction. Times are Unix milliseconds. */
export interface Instruction {
  id: string;
  title: string;
  /** What it was made from, as a figure's name; empty: nothing. */
  about: string;
  adminUnit: string;
  /** The incident that it serves; empty: none. */
  incident: string;
  agency: string;
  owner: string;
  status: InstructionState;
  exercise: boolean;
  givenBy: string;
  givenAtMs: number;
  takenBy: string;
  /** 0: somebody still has to do it. */
  endedAtMs: number;
  /** How it ended, or why it was opened again. */
  note: string;
  reopenedCount: number;
  /** Who has seen that it is done; empty: nobody has. */
  confirmedBy: string;
  confirmedAtMs: number;
  clocks: Clock[];
  version: number;
}

/** The domain instruction of a wire instruction. */
export function instructionOf(wire: InstructionWire): Instruction {
  return {
    id: wire.id,
    title: wire.title,
    about: wire.about,
    adminUnit: wire.adminUnit,
    incident: wire.incident,
    agency: wire.agency,
    owner: wire.owner,
    status: STATE[wire.status] ?? 'given',
    exercise: wire.exercise,
    givenBy: wire.givenBy,
    givenAtMs: Number(wire.givenAtMs),
    takenBy: wire.takenBy,
    endedAtMs: Number(wire.endedAtMs),
    note: wire.note,
    reopenedCount: wire.reopenedCount,
    confirmedBy: wire.confirmedBy,
    confirmedAtMs: Number(wire.confirmedAtMs),
    version: Number(wire.version),
    clocks: wire.clocks.map(clockOf),
  };
}

/** Whether somebody still has to do it. */
export const isToDo = (it: Instruction): boolean => it.status === 'given' || it.status === 'taken';
/** Whether it waits for whoever gave it to say that it is done. */
export const isToConfirm = (it: Instruction): boolean => it.status === 'done' && it.confirmedAtMs === 0;

/** What waits for this person: what is theirs to do, then what they gave and is said to be done; the soonest due first. */
export function waitingFor(person: string, all: Iterable<Instruction>): Instruction[] {
  const mine = [...all].filter((it) => (it.owner === person && isToDo(it)) || (it.givenBy === person && it.owner !== person && isToConfirm(it)));
  return mine.sort((a, b) => Number(isToDo(b)) - Number(isToDo(a)) || dueAtMs(a) - dueAtMs(b) || a.givenAtMs - b.givenAtMs || (a.id < b.id ? -1 : 1));
}

/** What is to be done, then what is to be confirmed, each by when it is due; then what is over, the newest first. */
export function rankInstructions(all: Iterable<Instruction>): Instruction[] {
  const stage = (it: Instruction) => (isToDo(it) ? 0 : isToConfirm(it) ? 1 : 2);
  return [...all].sort((a, b) => stage(a) - stage(b) || (stage(a) === 2 ? b.endedAtMs - a.endedAtMs : dueAtMs(a) - dueAtMs(b)) || a.givenAtMs - b.givenAtMs || (a.id < b.id ? -1 : 1));
}

/** When its next deadline is; what has none comes last. */
function dueAtMs({ clocks }: Instruction): number {
  return Math.min(...clocks.filter((clock) => isClockOpen(clock) && clock.dueAtMs > 0).map((clock) => clock.dueAtMs), Number.MAX_SAFE_INTEGER);
}

/** Those of an incident: what is still to be done first, then as they were given. */
export function instructionsOf(incident: string, all: Iterable<Instruction>): Instruction[] {
  const isOver = (it: Instruction) => it.status === 'done' || it.status === 'cancelled';
  return [...all]
    .filter((it) => it.incident === incident)
    .sort((a, b) => Number(isOver(a)) - Number(isOver(b)) || a.givenAtMs - b.givenAtMs || (a.id < b.id ? -1 : 1));
}
