// What a person asks for about models and their suggestions. The words of these commands are here, once.
import type { Incident, Kind } from '../nouns/incident';
import type { ModelKind, ModelMode } from '../nouns/model';
import type { Severity } from '../nouns/severity';
import type { Suggestion } from '../nouns/suggestion';
import { commands } from './commands.svelte';
import { desk } from './desk.svelte';
import { settings } from './settings.svelte';

/** Roles that may decide on a suggestion, and see models; the server decides in the end. */
const DECIDING_ROLES: readonly string[] = ['admin', 'operator'];
const SEVERITIES: Readonly<Record<Severity, string>> = { 1: 'info', 2: 'low', 3: 'medium', 4: 'high', 5: 'critical' };

const role = () => desk.role.toLowerCase().replace('role_', '');
/** Whether it was committed. */
const send = async (target: string, path: string, body: unknown): Promise<boolean> =>
  (await commands.send(target, path, body, settings.t.command.tooMany)) !== undefined;
const modelPath = (name: string, verb: string) => `/api/models/${encodeURIComponent(name)}/${verb}`;

/** Whether this person may decide on suggestions and look at models. */
export function mayDecide(): boolean {
  return DECIDING_ROLES.includes(role());
}

/** Whether this person may register, roll out and switch. */
export function mayRun(): boolean {
  return role() === 'admin';
}

/** What a command about an incident's suggestions is shown beside. */
export function suggestionTarget(incident: Incident): string {
  return `suggestion/${incident.id}`;
}

/** What a command about a model is shown beside. */
export function modelTarget(name: string): string {
  return `model/${name}`;
}

/** What it is instead, when a person overrides. */
export interface Chosen {
  kind?: Kind;
  severity?: Severity;
  duplicateOf?: string;
}

function decide(incident: Incident, { number }: Suggestion, decision: string, more: object = {}): Promise<boolean> {
  const path = `/api/incidents/${encodeURIComponent(incident.id)}/suggestions/${number}`;
  return send(suggestionTarget(incident), path, { expected_version: incident.version, decision, ...more });
}

/** The incident becomes what was suggested. */
export function acceptSuggestion(incident: Incident, suggestion: Suggestion): Promise<boolean> {
  return decide(incident, suggestion, 'accepted');
}

/** The incident becomes what the person says instead. */
export function overrideSuggestion(incident: Incident, suggestion: Suggestion, chosen: Chosen): Promise<boolean> {
  return decide(incident, suggestion, 'overridden', {
    kind: chosen.kind?.replace('-', '_'),
    severity: chosen.severity === undefined ? undefined : SEVERITIES[chosen.severity],
    duplicate_of: chosen.duplicateOf,
  });
}

/** The incident stays as it is. */
export function dismissSuggestion(incident: Incident, suggestion: Suggestion): Promise<boolean> {
  return decide(incident, suggestion, 'dismissed');
}

/** A version to be registered, as in the form. */
export interface Registration {
  name: string;
  version: string;
  kind: ModelKind;
  sha256: string;
  data: string;
  quality: { name: string; value_micro: number }[];
  shares: { kind: string; share_micro: number }[];
}

/** Registers a version; it is asked nothing until it is rolled out. */
export function registerModel(registration: Registration): Promise<boolean> {
  return send(modelTarget(''), '/api/models', registration);
}

/** Takes a version into use. */
export function rollOut(name: string, version: string, mode: ModelMode): Promise<boolean> {
  return send(modelTarget(name), modelPath(name, 'roll-out'), { version, mode });
}

/** Takes a version out of use. */
export function rollBack(name: string, version: string, mode: ModelMode): Promise<boolean> {
  return send(modelTarget(name), modelPath(name, 'roll-back'), { version, mode });
}

/** Turns a model off or on. */
export function switchModel(name: string, on: boolean, reason: string): Promise<boolean> {
  return send(modelTarget(name), modelPath(name, 'switch'), { on, reason });
}
