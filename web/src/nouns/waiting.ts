// Reports that wait for a person: why, since when, who has one, and how pressing it is. What is taken or set aside comes back by its time. Pure.
import { ReportChannel, WaitReason, type WaitingReport as WaitingWire } from '../gen/trongdong/v1/report_pb';
import type { Kind } from './kind';
import { kindOf } from './kind-wire';
import { placeOf, type Place } from './place';
import type { Severity } from './severity';
import { fromWire } from './wire';

/** Times are Unix milliseconds, 0: not set. */
export interface WaitingReport {
  code: string;
  /** As the list of reports names it. */
  channel: string;
  /** What its sender took it for. */
  kind: Kind | undefined;
  text: string;
  /** Undefined: the sender named a commune and put no pin. */
  place: Place | undefined;
  adminUnit: string;
  address: string;
  why: 'filed' | 'set_back' | 'reopened' | 'unanswered';
  receivedAtMs: number;
  sinceMs: number;
  /** The incident that it was opened again in, or that was closed without an answer to it; empty: none. */
  incident: string;
  /** Why it was opened again, or taken out. */
  note: string;
  /** Who looked at it last; empty: nobody. */
  takenBy: string;
  takenAtMs: number;
  takenUntilMs: number;
  asideBy: string;
  asideUntilMs: number;
  asideReason: string;
  photos: number;
  version: number;
  /** Part of a drill. */
  exercise: boolean;
}

const WHY: Partial<Record<WaitReason, WaitingReport['why']>> = { [WaitReason.SET_BACK]: 'set_back', [WaitReason.REOPENED]: 'reopened', [WaitReason.UNANSWERED]: 'unanswered' };

/** The domain record of one of the wire. */
export function waitingOf(wire: WaitingWire): WaitingReport {
  const { code, text, incident, note, takenBy, asideBy, asideReason, photos, exercise } = wire;
  return {
    code, text, incident, note, takenBy, asideBy, asideReason, photos, exercise,
    channel: fromWire(ReportChannel[wire.channel] ?? ''),
    kind: kindOf(wire.kind),
    place: placeOf(wire.place),
    adminUnit: wire.place?.adminUnit ?? '',
    address: wire.place?.address ?? '',
    why: WHY[wire.why] ?? 'filed',
    receivedAtMs: Number(wire.receivedAtMs),
    sinceMs: Number(wire.sinceMs),
    takenAtMs: Number(wire.takenAtMs),
    takenUntilMs: Number(wire.takenUntilMs),
    asideUntilMs: Number(wire.asideUntilMs),
    version: Number(wire.version),
  };
}

/** Free: it waits for whoever comes first. */
export type Holding = 'free' | 'taken' | 'aside';

/** Who has it now. */
export function holdingOf(report: WaitingReport, nowMs: number): Holding {
  if (report.asideUntilMs > nowMs) return 'aside';
  return report.takenBy !== '' && report.takenUntilMs > nowMs ? 'taken' : 'free';
}

/** Kinds in which minutes count. */
const PRESSING: readonly (Kind | undefined)[] = ['fire', 'medical', 'flood', 'traffic'];
/** Waits from which one is a level graver. */
const LONG_MS = [15 * 60_000, 60 * 60_000] as const;
/** The gravest level is for what somebody has looked at. */
const MOST: Severity = 4;

/** How pressing it is: by what the sender took it for, whether they came back, and how long it has waited. */
export function pressing(report: WaitingReport, nowMs: number): Severity {
  const long = LONG_MS.filter((ms) => nowMs - report.sinceMs >= ms).length;
  // Of what is done only the answer is owed.
  const isDone = report.why === 'unanswered';
  const level = (!isDone && PRESSING.includes(report.kind) ? 3 : 2) + (report.why === 'reopened' ? 1 : 0) + long;
  return Math.min(level, MOST) as Severity;
}

/** One row of the queue. */
export interface Row {
  report: WaitingReport;
  holding: Holding;
  level: Severity;
}

const ORDER: readonly Holding[] = ['free', 'taken', 'aside'];

/** What nobody has first, of these the most pressing, then the longest waiting. */
export function rankWaiting(all: Iterable<WaitingReport>, nowMs: number): Row[] {
  const rows = [...all].map((report) => ({ report, holding: holdingOf(report, nowMs), level: pressing(report, nowMs) }));
  return rows.sort(
    (a, b) =>
      ORDER.indexOf(a.holding) - ORDER.indexOf(b.holding) || b.level - a.level || a.report.sinceMs - b.report.sinceMs || (a.report.code < b.report.code ? -1 : 1),
  );
}
