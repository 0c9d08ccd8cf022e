// How this screen itself fares: round trips, requests, cuts and faults of the last hour by the minute, so that who keeps the cluster running
// sees whether a fault is the screen's. Pure.
import type { Gravity } from './node';

export interface Latency {
  count: number;
  sumMs: number;
  maxMs: number;
}

interface Counts {
  /** Round trips over the line. */
  ping: Latency;
  /** Requests that a node answered. */
  request: Latency;
  /** Requests that no node answered, or with a fault of its own. */
  unanswered: number;
  /** The line was lost, or could not be had. */
  cuts: number;
  /** It came back. */
  returns: number;
  /** Faults of the page's own program. */
  faults: number;
}

export interface Minute extends Counts {
  /** Unix time in minutes, by this machine's clock. */
  minute: number;
}

export type Noted = { kind: 'ping' | 'request'; ms: number } | { kind: 'unanswered' | 'cuts' | 'returns' | 'faults' };

const MINUTE_MS = 60_000;
/** Minutes that are remembered. */
export const MINUTES_MAX = 60;
/** A round trip that takes longer is the screen's own trouble: a person notices it at each press. */
export const ROUND_TRIP_MS_MAX = 500;

const none = (): Latency => ({ count: 0, sumMs: 0, maxMs: 0 });
const nothing = (): Counts => ({ ping: none(), request: none(), unanswered: 0, cuts: 0, returns: 0, faults: 0 });
const both = (a: Latency, b: Latency): Latency => ({ count: a.count + b.count, sumMs: a.sumMs + b.sumMs, maxMs: Math.max(a.maxMs, b.maxMs) });

function added(minute: Minute, what: Noted): Minute {
  if (what.kind === 'ping' || what.kind === 'request') {
    return { ...minute, [what.kind]: both(minute[what.kind], { count: 1, sumMs: what.ms, maxMs: what.ms }) };
  }
  return { ...minute, [what.kind]: minute[what.kind] + 1 };
}

/** The minutes with one thing more. What a clock that was set back says goes into the newest minute. */
export function noted(minutes: readonly Minute[], atMs: number, what: Noted): Minute[] {
  const minute = Math.floor(atMs / MINUTE_MS);
  const last = minutes.at(-1);
  if (last !== undefined && last.minute >= minute) return [...minutes.slice(0, -1), added(last, what)];
  return [...minutes, added({ minute, ...nothing() }, what)].slice(-MINUTES_MAX);
}

/** All of the hour before `nowMs`. */
export function hourOf(minutes: readonly Minute[], nowMs: number): Counts {
  const from = Math.floor(nowMs / MINUTE_MS) - MINUTES_MAX;
  return minutes
    .filter(({ minute }) => minute > from)
    .reduce<Counts>((sum, it) => ({
      ping: both(sum.ping, it.ping),
      request: both(sum.request, it.request),
      unanswered: sum.unanswered + it.unanswered,
      cuts: sum.cuts + it.cuts,
      returns: sum.returns + it.returns,
      faults: sum.faults + it.faults,
    }), nothing());
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isLatency = (value: unknown): value is Latency => {
  const { count, sumMs, maxMs } = (value ?? {}) as { [key in keyof Latency]?: unknown };
  return isCount(count) && isCount(sumMs) && isCount(maxMs);
};
const isMinute = (value: unknown): value is Minute => {
  const { minute, ping, request, unanswered, cuts, returns, faults } = (value ?? {}) as { [key in keyof Minute]?: unknown };
  return [minute, unanswered, cuts, returns, faults].every(isCount) && isLatency(ping) && isLatency(request);
};

/** What a page of this tab kept; anything that is none of it is left out. */
export function minutesOf(text: string | null): Minute[] {
  try {
    const kept: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(kept) ? kept.filter(isMinute).slice(-MINUTES_MAX) : [];
  } catch {
    return [];
  }
}

/** Where the fault is, if there is one; unknown: nobody could be asked about the cluster. */
export type Blame = 'none' | 'screen' | 'cluster' | 'both' | 'unknown';

/** `isLive`: the line stands; `roundTripMs`: the last one over it; `gravity`: how bad the cluster is, undefined: not known. */
export function blameOf(isLive: boolean, roundTripMs: number | undefined, gravity: Gravity | undefined): Blame {
  const isBad = !isLive || (roundTripMs ?? 0) > ROUND_TRIP_MS_MAX;
  if (gravity === undefined) return 'unknown';
  if (gravity === 'well') return isBad ? 'screen' : 'none';
  return isBad ? 'both' : 'cluster';
}
