/** First wait's upper bound, and the bound that waits never pass. */
export const BACKOFF_MS_MIN = 250;
export const BACKOFF_MS_MAX = 15_000;

/**
 * Full jitter: anything between nothing and the doubled bound, so that a whole province's screens do not come back to a
 * restarted node in one instant. `attempt` counts from 0, `random` is in [0, 1).
 */
export function backoffMs(attempt: number, random: number): number {
  const bound = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(attempt, 16));
  return Math.round(bound * random);
}
