// What is late and calls for somebody, over all that is measured by clocks. Pure.
import { calls, type Clock, type Stage } from './clock';
import type { Incident } from './incident';
import type { Instruction } from './instruction';
import type { Severity } from './severity';
import type { Told } from './told';

/** What a clock measures, as commands name it. */
export type Measured = 'incident' | 'instruction' | 'report';

/** A clock that calls, and what it is of. */
export interface Late {
  of: Measured;
  id: string;
  /** What people call it; an incident may have no words. */
  title: string;
  /** The incident that it is of, or serves; empty: none. */
  incident: string;
  exercise: boolean;
  clock: Clock;
}

const GRAVEST: readonly Stage[] = ['overdue', 'late', 'nearly-late', 'on-time'];
/** The bell has levels: something overdue rings as high as the worst alarm. */
const LEVEL: Readonly<Record<Stage, Severity>> = { overdue: 5, late: 4, 'nearly-late': 3, 'on-time': 1 };

/** What calls, the gravest first, then what has been due the longest. */
export function lateOf(incidents: Iterable<Incident>, instructions: Iterable<Instruction>, reports: Iterable<Told> = []): Late[] {
  const late: Late[] = [];
  for (const { id, summary: title, exercise, clocks } of incidents) {
    for (const clock of clocks) if (calls(clock)) late.push({ of: 'incident', id, title, incident: id, exercise, clock });
  }
  for (const { id, title, incident, exercise, clocks } of instructions) {
    for (const clock of clocks) if (calls(clock)) late.push({ of: 'instruction', id, title, incident, exercise, clock });
  }
  for (const { code: id, text: title, incident, exercise, clocks } of reports) {
    for (const clock of clocks) if (calls(clock)) late.push({ of: 'report', id, title, incident, exercise, clock });
  }
  const grave = ({ clock }: Late) => GRAVEST.indexOf(clock.stage);
  return late.sort((a, b) => grave(a) - grave(b) || a.clock.firstDueAtMs - b.clock.firstDueAtMs || (a.id < b.id ? -1 : 1));
}

/** Whether it called this person by name. */
export const isTold = ({ clock }: Late, person: string): boolean => clock.told.includes(person);

/** How loud it rings at this person's screen; undefined: not. What is late and told nobody rings at everybody on duty. */
export function loudness(late: readonly Late[], person: string, onDuty: boolean): Severity | undefined {
  const rings = (one: Late) => isTold(one, person) || (onDuty && one.clock.told.length === 0 && one.clock.stage !== 'nearly-late');
  const first = late.find((one) => one.clock.standing !== 'paused' && rings(one));
  return first === undefined ? undefined : LEVEL[first.clock.stage];
}
