// Deadlines of incidents and instructions, as the cluster counts them: by policy, in working time, up a ladder of steps.
import {
  ClockStage, ClockStatus, Obligation as ObligationWire, type Clock as ClockWire,
} from '../gen/trongdong/v1/clock_pb';
import { fromWire } from './wire';

/** What has to be done in time. */
export type Obligation = 'forward' | 'answer' | 'take-instruction' | 'do-instruction' | 'acknowledge-handover' | 'answer-report' | 'do-task';
/** How late it is. */
export type Stage = 'on-time' | 'nearly-late' | 'late' | 'overdue';
/** How it stands: how late it is while it counts, else that it does not. */
export type Standing = Stage | 'paused' | 'met' | 'void';

const OBLIGATION: Partial<Record<ObligationWire, Obligation>> = {
  [ObligationWire.FORWARD]: 'forward',
  [ObligationWire.TAKE_INSTRUCTION]: 'take-instruction',
  [ObligationWire.DO_INSTRUCTION]: 'do-instruction',
  [ObligationWire.ACKNOWLEDGE_HANDOVER]: 'acknowledge-handover',
  [ObligationWire.ANSWER_REPORT]: 'answer-report',
  [ObligationWire.DO_TASK]: 'do-task',
};
const STAGE: Partial<Record<ClockStage, Stage>> = {
  [ClockStage.NEARLY_LATE]: 'nearly-late',
  [ClockStage.LATE]: 'late',
  [ClockStage.OVERDUE]: 'overdue',
};

/** One deadline. Times are Unix milliseconds, 0: not yet, or none. */
export interface Clock {
  number: number;
  obligation: Obligation;
  standing: Standing;
  /** How often it had been opened again when this clock started. */
  round: number;
  /** 0 while it is paused. */
  dueAtMs: number;
  /** As it was first; another one was promised, or the calendar changed, when it is not `dueAtMs`. */
  firstDueAtMs: number;
  promised: boolean;
  pausedAtMs: number;
  pauseReason: string;
  endedAtMs: number;
  /** It ended after it was due. */
  endedLate: boolean;
  /** People who were told of the last step. */
  told: string[];
  /** How late it is, also while it stands still. */
  stage: Stage;
  /** Who has seen how late it is; empty: nobody has, of this step. */
  acknowledgedBy: string;
  acknowledgedAtMs: number;
  version: number;
}

/** The domain clock of a wire clock. */
export function clockOf(wire: ClockWire): Clock {
  const stage = STAGE[wire.stage] ?? 'on-time';
  return {
    number: wire.number,
    obligation: OBLIGATION[wire.obligation] ?? 'answer',
    standing: standing(wire.status, stage),
    round: wire.round,
    dueAtMs: Number(wire.dueAtMs),
    firstDueAtMs: Number(wire.firstDueAtMs),
    promised: wire.promises > 0,
    pausedAtMs: Number(wire.pausedAtMs),
    pauseReason: wire.pauseReason,
    endedAtMs: Number(wire.endedAtMs),
    endedLate: stage === 'late' || stage === 'overdue',
    told: [...wire.told],
    stage,
    acknowledgedBy: wire.acknowledgedBy,
    acknowledgedAtMs: Number(wire.acknowledgedAtMs),
    version: Number(wire.version),
  };
}

function standing(status: ClockStatus, stage: Stage): Standing {
  if (status === ClockStatus.PAUSED) return 'paused';
  if (status === ClockStatus.MET) return 'met';
  if (status === ClockStatus.VOID) return 'void';
  return stage;
}

/** Whether somebody still has to do something in time. */
export function isClockOpen(clock: Clock): boolean {
  return clock.standing !== 'met' && clock.standing !== 'void';
}

/** Whether it calls for somebody: it is past a step that nobody has acknowledged, of what is still to be done. */
export function calls(clock: Clock): boolean {
  return isClockOpen(clock) && clock.stage !== 'on-time' && clock.acknowledgedAtMs === 0;
}

/** What may be put off by a progress note; the rest is done or not. */
const PROMISED: readonly Obligation[] = ['answer', 'do-instruction', 'answer-report', 'do-task'];

/** Whether another time may be promised for it. */
export function isPromisable(clock: Clock): boolean {
  return isClockOpen(clock) && clock.standing !== 'paused' && PROMISED.includes(clock.obligation);
}

const GRAVEST: readonly Standing[] = ['overdue', 'late', 'nearly-late', 'on-time', 'paused', 'met', 'void'];

/** The gravest first, then what is due soonest; what has ended last, newest first. */
export function rankClocks(clocks: readonly Clock[]): Clock[] {
  const open = clocks.filter(isClockOpen);
  const ended = clocks.filter((clock) => !isClockOpen(clock));
  const grave = (clock: Clock) => GRAVEST.indexOf(clock.standing);
  return [
    ...open.sort((a, b) => grave(a) - grave(b) || a.dueAtMs - b.dueAtMs || a.number - b.number),
    ...ended.sort((a, b) => b.endedAtMs - a.endedAtMs || b.number - a.number),
  ];
}

/** A clock as a list over HTTP has it. */
export interface ClockJson {
  number: number;
  obligation: string;
  round: number;
  status: string;
  stage: string;
  due_at_ms: number;
  first_due_at_ms: number;
  promises: number;
  paused_at_ms: number;
  pause_reason: string;
  ended_at_ms: number;
  told: string[];
  acknowledged_by: string | null;
  acknowledged_at_ms: number;
  version: number;
}

/** The domain clock of one in a list. */
export function clockOfJson(json: ClockJson): Clock {
  const named = <T extends string>(all: readonly T[], name: string): T | undefined => all.find((one) => one === fromWire(name));
  const stage = named(['on-time', 'nearly-late', 'late', 'overdue'], json.stage) ?? 'on-time';
  return {
    number: json.number,
    obligation: named(Object.values(OBLIGATION), json.obligation) ?? 'answer',
    standing: named(['paused', 'met', 'void'], json.status) ?? stage,
    round: json.round,
    dueAtMs: json.due_at_ms,
    firstDueAtMs: json.first_due_at_ms,
    promised: json.promises > 0,
    pausedAtMs: json.paused_at_ms,
    pauseReason: json.pause_reason,
    endedAtMs: json.ended_at_ms,
    endedLate: stage === 'late' || stage === 'overdue',
    told: [...json.told],
    stage,
    acknowledgedBy: json.acknowledged_by ?? '',
    acknowledgedAtMs: json.acknowledged_at_ms,
    version: json.version,
  };
}
