// What people order about clocks: seen that it is late, stopped for a reason, running again. Each on the clock's version seen.
import type { Clock } from '../nouns/clock';
import type { Measured } from '../nouns/late';
import type { Action } from '../nouns/rights';
import { order, type Sent } from './orders';

export const clockTarget = (of: Measured, id: string, clock: Clock) => `clock/${of}/${id}/${clock.number}`;

function orderClock(action: Action, verb: string, of: Measured, id: string, clock: Clock, more: object = {}): Sent {
  const body = { clock: { of: { [of]: id }, number: clock.number }, expected_version: clock.version, ...more };
  return order(action, clockTarget(of, id, clock), `/api/clocks/${verb}`, body);
}

/** Somebody has seen how late it is: it rings no more until its next step, and stays visible. */
export const acknowledgeClock = (of: Measured, id: string, clock: Clock): Sent => orderClock('acknowledge-clock', 'acknowledge', of, id, clock);
/** Stops it, and why. */
export const pauseClock = (of: Measured, id: string, clock: Clock, reason: string): Sent => orderClock('hold-clock', 'pause', of, id, clock, { reason });
/** Lets it run again, with the time that was left. */
export const resumeClock = (of: Measured, id: string, clock: Clock): Sent => orderClock('hold-clock', 'resume', of, id, clock);
/** Says how far it is, with a photo unless that is empty, and promises a time, which is then when it is due. */
export const reportProgress = (of: Measured, id: string, clock: Clock, note: string, photo: string, promisedAtMs: number): Sent =>
  orderClock('report-progress', 'progress', of, id, clock, { note, ...(photo !== '' && { photo_sha256: photo }), promised_at_ms: promisedAtMs });
