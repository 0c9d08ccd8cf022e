// How fast calls are answered, against what is asked for: 90 % within 15 s and 95 % within 20 s (NENA-STA-020.1).
import type { Call } from './call';

/** Over which it is counted. */
export const ANSWER_SPAN_MS = 3_600_000;
/** Shares of a hundred to be answered within so long. */
export const ANSWER_TARGETS = [
  { withinMs: 15_000, target: 90 },
  { withinMs: 20_000, target: 95 },
] as const;

export interface AnswerTimes {
  /** Answered, or given up, or waiting for longer than the longest of the targets. */
  calls: number;
  /** One for each target; undefined: no call counts. */
  shares: { withinMs: number; target: number; share: number }[] | undefined;
}

/** Of calls offered in the last hour. Who gave up unanswered was not answered in time; who has only begun to wait counts nowhere yet. */
export function answerTimes(calls: Iterable<Call>, nowMs: number): AnswerTimes {
  const longest = Math.max(...ANSWER_TARGETS.map(({ withinMs }) => withinMs));
  const waits: number[] = [];
  for (const call of calls) {
    if (call.exercise || call.offeredAtMs <= nowMs - ANSWER_SPAN_MS || call.offeredAtMs > nowMs) continue;
    const answered = call.steps.find(({ kind }) => kind === 'answered');
    const gaveUp = call.steps.some(({ kind }) => kind === 'abandoned' || kind === 'callback-due');
    if (answered !== undefined && !call.steps.slice(0, call.steps.indexOf(answered)).some(({ kind }) => kind === 'callback-due')) waits.push(answered.atMs - call.offeredAtMs);
    else if (gaveUp || nowMs - call.offeredAtMs > longest) waits.push(Infinity);
  }
  if (waits.length === 0) return { calls: 0, shares: undefined };
  const share = (withinMs: number) => (100 * waits.filter((wait) => wait <= withinMs).length) / waits.length;
  return { calls: waits.length, shares: ANSWER_TARGETS.map(({ withinMs, target }) => ({ withinMs, target, share: share(withinMs) })) };
}
