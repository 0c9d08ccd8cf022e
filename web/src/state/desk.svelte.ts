// What the person at this screen is looking at, what they are being asked, and what they may do.
import type { Alarm } from '../nouns/alarm';
import type { Incident } from '../nouns/incident';
import { roleAllows, roleOf, type Action, type Role } from '../nouns/rights';
import { choices as settings } from './choices.svelte';

export type Focus = { noun: 'incident' | 'sensor' | 'camera' | 'unit'; id: string };

/** A command that needs more than a press. What it is about is kept as it was seen when the question came up. */
export type Question =
  | { about: 'shelve'; alarm: Alarm }
  /** A device, by its id, its name and what can be wrong with it. */
  | { about: 'out-of-service'; entity: string; name: string; conditions: readonly string[] }
  | { about: 'open'; at?: { latitude: number; longitude: number } }
  | { about: 'assign'; incident: Incident }
  | { about: 'merge'; incident: Incident }
  /** An instruction for an incident, or from a figure. */
  | { about: 'instruct'; incident?: Incident; tile?: string };

/** Where the state of the command that opens an incident is shown: the incident has no name yet. */
export const NEW_INCIDENT = 'incident/new';

class Desk {
  focus = $state.raw<Focus | undefined>(undefined);
  question = $state.raw<Question | undefined>(undefined);
  /** Which incidents the queue shows. */
  queue = $state<'open' | 'done'>('open');
  role = $state<Role>('viewer');
  /** The seat at which somebody takes calls here sends units, too: the console says so. Tasks and shifts stay with who has the role. */
  seatSends = $state(false);

  signIn(role: string): void {
    this.role = roleOf(role.toLowerCase());
  }

  open(noun: Focus['noun'], id: string): void {
    const same = this.focus?.noun === noun && this.focus.id === id;
    this.focus = same ? undefined : { noun, id };
  }

  close(): void {
    this.focus = undefined;
  }

  /** Whether this person may, as far as a screen can know. */
  may(action: Action): boolean {
    return roleAllows(this.role, action);
  }

  /** Why this person may not; empty: they may, as far as a screen can know. */
  whyNot(action: Action): string {
    const { command, role } = settings.t;
    const bySeat = action === 'assign-incident' && this.role === 'agent' && this.seatSends;
    return this.may(action) || bySeat ? '' : command.notForRole(role[this.role]);
  }
}

export const desk = new Desk();
