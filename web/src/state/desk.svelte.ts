// What the person at this screen is looking at, and what they may ask for. The words of commands are here, once.
import type { Alarm } from '../nouns/alarm';
import type { Incident } from '../nouns/incident';
import { commands } from './commands.svelte';
import { settings } from './settings.svelte';

export type Focus = { noun: 'incident' | 'sensor' | 'camera' | 'unit'; id: string };

/** Roles that may change alarms and incidents; the server decides in the end. */
const ACTING_ROLES: readonly string[] = ['admin', 'operator', 'agent', 'dispatcher'];

class Desk {
  focus = $state.raw<Focus | undefined>(undefined);
  shelving = $state.raw<Alarm | undefined>(undefined);
  role = $state('viewer');
  readonly mayAct = $derived(ACTING_ROLES.includes(this.role.toLowerCase().replace('role_', '')));

  open(noun: Focus['noun'], id: string): void {
    const same = this.focus?.noun === noun && this.focus.id === id;
    this.focus = same ? undefined : { noun, id };
  }

  close(): void {
    this.focus = undefined;
  }
}

export const desk = new Desk();

const send = (target: string, path: string, body: unknown) =>
  commands.send(target, path, body, settings.t.command.tooMany);
const incidentPath = (incident: Incident, verb: string) => `/api/incidents/${encodeURIComponent(incident.id)}/${verb}`;

/** Somebody has seen this alarm: stops its sound, never hides it. */
export function acknowledgeAlarm({ id, entity, condition, episode }: Alarm): Promise<boolean> {
  return send(`alarm/${id}`, '/api/alarms/acknowledge', { entity, condition, episode });
}

/** Takes the alarm out of sight until a time, for a reason. */
export function shelveAlarm({ id, entity, condition }: Alarm, reason: string, untilMs: number): Promise<boolean> {
  return send(`alarm/${id}`, '/api/alarms/shelve', { entity, condition, reason, until_ms: untilMs });
}

/** Somebody takes the incident on. */
export function acknowledgeIncident(incident: Incident): Promise<boolean> {
  return send(`incident/${incident.id}`, incidentPath(incident, 'acknowledge'), { expected_version: incident.version });
}

/** The work on the ground is done. */
export function resolveIncident(incident: Incident, note: string): Promise<boolean> {
  return send(`incident/${incident.id}`, incidentPath(incident, 'resolve'), { expected_version: incident.version, note });
}

/** Adds a line to the incident's log. */
export function noteIncident(incident: Incident, note: string): Promise<boolean> {
  return send(`incident/${incident.id}`, incidentPath(incident, 'note'), { note });
}
