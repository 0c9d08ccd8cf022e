// What a leader wants done: by whom, by when.
import { InstructionStatus, type Instruction as InstructionWire } from '../gen/trongdong/v1/instruction_pb';
import { clockOf, type Clock } from './clock';

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
  /** The incident that it serves; empty: none. */
  incident: string;
  agency: string;
  owner: string;
  status: InstructionState;
  givenBy: string;
  givenAtMs: number;
  clocks: Clock[];
}

/** The domain instruction of a wire instruction. */
export function instructionOf(wire: InstructionWire): Instruction {
  return {
    id: wire.id,
    title: wire.title,
    incident: wire.incident,
    agency: wire.agency,
    owner: wire.owner,
    status: STATE[wire.status] ?? 'given',
    givenBy: wire.givenBy,
    givenAtMs: Number(wire.givenAtMs),
    clocks: wire.clocks.map(clockOf),
  };
}

/** Those of an incident: what is still to be done first, then as they were given. */
export function instructionsOf(incident: string, all: Iterable<Instruction>): Instruction[] {
  const isOver = (it: Instruction) => it.status === 'done' || it.status === 'cancelled';
  return [...all]
    .filter((it) => it.incident === incident)
    .sort((a, b) => Number(isOver(a)) - Number(isOver(b)) || a.givenAtMs - b.givenAtMs || (a.id < b.id ? -1 : 1));
}
