// What an administrator orders about drills.
import type { Scenario } from '../nouns/drill';
import { toWire } from '../nouns/wire';
import { order, type Sent } from './orders';

/** What a command about drills is shown beside. */
export const DRILL_START = 'drill/start';
/** See `DRILL_START`. */
export const DRILL_STOP = 'drill/stop';

/** Begins a drill; the cluster refuses while it is not well, or one goes on. */
export function startDrill(scenario: Scenario, nodes: readonly number[], seconds: number, purpose: string): Sent {
  return order('administer', DRILL_START, '/api/drills', { scenario: toWire(scenario), nodes, seconds, purpose });
}

/** Ends the faults of a drill now. */
export function stopDrill(drill: number): Sent {
  return order('administer', DRILL_STOP, `/api/drills/${drill}/stop`, {});
}
