// Telephone calls: how one stands, who takes them, who waits longest, and how long is too long.
import {
  AgentStatus, CallStatus, CallStepKind, type Agent as AgentWire, type Call as CallWire, type CallDesk as CallDeskWire,
} from '../gen/trongdong/v1/call_pb';
import { placeOf, type Place } from './place';
import { fromWire } from './wire';

export const CALL_STATES = ['queued', 'ringing', 'answered', 'held', 'callback', 'calling-back', 'ended', 'abandoned', 'transferred'] as const;
export type CallState = (typeof CALL_STATES)[number];

const CALL_STATE: Partial<Record<CallStatus, CallState>> = {
  [CallStatus.QUEUED]: 'queued',
  [CallStatus.RINGING]: 'ringing',
  [CallStatus.ANSWERED]: 'answered',
  [CallStatus.HELD]: 'held',
  [CallStatus.CALLBACK]: 'callback',
  [CallStatus.CALLING_BACK]: 'calling-back',
  [CallStatus.ABANDONED]: 'abandoned',
  [CallStatus.TRANSFERRED]: 'transferred',
};

/** One thing that happened to a call: "ringing", "unanswered", "callback-due" and so on. */
export interface CallStep {
  kind: string;
  atMs: number;
  agent: string;
  note: string;
}

/** One call as the screens know it. Times are Unix milliseconds, 0: not yet. */
export interface Call {
  id: string;
  /** "1022", or who handed it over: "111" to "115". */
  line: string;
  /** Empty: withheld. */
  number: string;
  state: CallState;
  /** Its place in the queue. */
  offeredAtMs: number;
  stateAtMs: number;
  /** At whom it rings, who talks, who talked last. */
  agent: string;
  ringDueAtMs: number;
  /** How often this number has called about it. */
  times: number;
  steps: CallStep[];
  reports: string[];
  incidents: string[];
  /** Who hands it over and why. */
  wanted: string;
  place?: Place;
  callbackTries: number;
  outcome: string;
  transferredTo: string;
  version: number;
  /** Part of a drill. */
  exercise: boolean;
}

/** The domain call of a wire call. */
export function callOf(wire: CallWire): Call {
  return {
    id: wire.id,
    line: wire.line,
    number: wire.number,
    state: CALL_STATE[wire.status] ?? 'ended',
    offeredAtMs: Number(wire.offeredAtMs),
    stateAtMs: Number(wire.statusAtMs),
    agent: wire.agent,
    ringDueAtMs: Number(wire.ringDueAtMs),
    times: Math.max(1, wire.times),
    steps: wire.steps.map((step) => ({ kind: fromWire(CallStepKind[step.kind] ?? ''), atMs: Number(step.atMs), agent: step.agent, note: step.note })),
    reports: [...wire.reports],
    incidents: [...wire.incidents],
    wanted: wire.wanted,
    place: placeOf(wire.place),
    callbackTries: wire.callbackTries,
    outcome: wire.outcome,
    transferredTo: wire.transferredTo,
    version: Number(wire.version),
    exercise: wire.exercise,
  };
}

export const AGENT_STATES = ['off', 'available', 'ringing', 'on-call', 'wrap-up', 'break'] as const;
export type AgentState = (typeof AGENT_STATES)[number];

const AGENT_STATE: Partial<Record<AgentStatus, AgentState>> = {
  [AgentStatus.AVAILABLE]: 'available',
  [AgentStatus.RINGING]: 'ringing',
  [AgentStatus.ON_CALL]: 'on-call',
  [AgentStatus.WRAP_UP]: 'wrap-up',
  [AgentStatus.BREAK]: 'break',
};

/** Who takes calls. */
export interface Agent {
  person: string;
  name: string;
  lines: string[];
  state: AgentState;
  stateAtMs: number;
  /** The call that rings, is talked on, or is written up. */
  call: string;
  wrapUpDueAtMs: number;
  /** Why break or off; "missed": the system did it. */
  reason: string;
  version: number;
  /** Sends units from this seat, whatever else an agent may not. */
  dispatches: boolean;
}

/** The domain agent of a wire agent. */
export function agentOf(wire: AgentWire): Agent {
  return {
    person: wire.person,
    name: wire.name,
    lines: [...wire.lines],
    state: AGENT_STATE[wire.status] ?? 'off',
    stateAtMs: Number(wire.statusAtMs),
    call: wire.call,
    wrapUpDueAtMs: Number(wire.wrapUpDueAtMs),
    reason: wire.reason,
    version: Number(wire.version),
    dispatches: wire.dispatches,
  };
}

/** How calls are taken, and whether there are too many. */
export interface CallDesk {
  surgeScript: { vi: string; en: string };
  /** 0: no overload. */
  overloadedSinceMs: number;
  callbackTriesMax: number;
}

/** The domain desk of a wire desk. */
export function callDeskOf(wire: CallDeskWire): CallDesk {
  return {
    surgeScript: { vi: wire.surgeScript, en: wire.surgeScriptEn },
    overloadedSinceMs: Number(wire.overloadedSinceMs),
    callbackTriesMax: wire.callbackTriesMax,
  };
}

/** Somebody still owes the caller something. */
export function isCallOpen(call: Call): boolean {
  return call.state !== 'ended' && call.state !== 'abandoned' && call.state !== 'transferred';
}

/** Somebody is on the line, or is being reached. */
export function isTalking(call: Call): boolean {
  return call.state === 'answered' || call.state === 'held' || call.state === 'calling-back';
}

/** Who waits to be answered, longest first. */
export function waitingCalls(calls: Iterable<Call>): Call[] {
  return [...calls].filter(({ state }) => state === 'queued' || state === 'ringing').sort(byOffer);
}

/** Who has to be called back, longest waiting first. */
export function callbacksDue(calls: Iterable<Call>): Call[] {
  return [...calls].filter(({ state }) => state === 'callback').sort(byOffer);
}

/** Why somebody has to be called back. */
export const OWED_WHYS = ['hung_up', 'callback', 'lost', 'unreached'] as const;
export type OwedWhy = (typeof OWED_WHYS)[number];

/** Why this one has to be called back, as the log says; undefined: not known here. */
export function owedWhy(call: Call): OwedWhy | undefined {
  const note = call.steps.findLast(({ kind }) => kind === 'callback-due')?.note;
  return OWED_WHYS.find((why) => why === note);
}

const byOffer = (a: Call, b: Call) => a.offeredAtMs - b.offeredAtMs || (a.id < b.id ? -1 : 1);

/** Waits from which a row looks different: 90 % in 15 s and 95 % in 20 s are what is asked for (NENA-STA-020.1), 10 s a warning. */
export const WAIT_STEPS_MS = [10_000, 15_000, 20_000] as const;

/** How bad a wait is: 0 within ten seconds, 3 over twenty. */
export function waitLevel(waitMs: number): 0 | 1 | 2 | 3 {
  return WAIT_STEPS_MS.filter((step) => waitMs >= step).length as 0 | 1 | 2 | 3;
}

/** What an agent's desk is about, the most pressing first. */
export interface Desk {
  /** It rings here. */
  ringing: Call | undefined;
  /** Talked on, held, being called back; else being written up. */
  current: Call | undefined;
}

/** The calls of one agent. */
export function deskOf(calls: ReadonlyMap<string, Call>, agent: Agent | undefined): Desk {
  const call = agent === undefined ? undefined : calls.get(agent.call);
  if (agent === undefined || call === undefined) return { ringing: undefined, current: undefined };
  if (agent.state === 'ringing') return { ringing: call, current: undefined };
  return { ringing: undefined, current: agent.state === 'on-call' || agent.state === 'wrap-up' ? call : undefined };
}

/** A number as it is read out: "0912 345 678", "+84 912 345 678"; one of another shape as it is. */
export function spokenNumber(number: string): string {
  const found = /^(\+84|0)(\d{2,3})(\d{3})(\d{3,4})$/.exec(number);
  if (found === null) return number;
  const [, lead = '', area = '', middle = '', end = ''] = found;
  return lead === '0' ? `0${area} ${middle} ${end}` : `${lead} ${area} ${middle} ${end}`;
}
