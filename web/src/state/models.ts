// What a person orders about models and their suggestions.
import type { Incident } from '../nouns/incident';
import type { Kind } from '../nouns/kind';
import type { ModelKind, ModelMode } from '../nouns/model';
import { SEVERITY_NAME, type Severity } from '../nouns/severity';
import type { Suggestion } from '../nouns/suggestion';
import { toWire } from '../nouns/wire';
import { order, type Sent } from './orders';

/** What a command about an incident's suggestions is shown beside. */
export const suggestionTarget = (incident: Incident) => `suggestion/${incident.id}`;
/** What a command about a model is shown beside; of one that has no name yet, that of ''. */
export const modelTarget = (name: string) => `model/${name}`;

/** What it is instead, when a person overrides. */
interface Chosen {
  kind?: Kind;
  severity?: Severity;
  duplicateOf?: string;
}

function decide(incident: Incident, { number }: Suggestion, decision: string, more: object = {}): Sent {
  const path = `/api/incidents/${encodeURIComponent(incident.id)}/suggestions/${number}`;
  return order('decide-incident', suggestionTarget(incident), path, { expected_version: incident.version, decision, ...more });
}

/** The incident becomes what was suggested. */
export function acceptSuggestion(incident: Incident, suggestion: Suggestion): Sent {
  return decide(incident, suggestion, 'accepted');
}

/** The incident becomes what the person says instead. */
export function overrideSuggestion(incident: Incident, suggestion: Suggestion, chosen: Chosen): Sent {
  return decide(incident, suggestion, 'overridden', {
    kind: chosen.kind && toWire(chosen.kind),
    severity: chosen.severity && SEVERITY_NAME[chosen.severity],
    duplicate_of: chosen.duplicateOf,
  });
}

/** The incident stays as it is. */
export function dismissSuggestion(incident: Incident, suggestion: Suggestion): Sent {
  return decide(incident, suggestion, 'dismissed');
}

/** A version to be registered, as in the form. */
interface Registration {
  name: string;
  version: string;
  kind: ModelKind;
  sha256: string;
  data: string;
  quality: { name: string; value_micro: number }[];
  shares: { kind: string; share_micro: number }[];
}

/** Registers a version; it is asked nothing until it is rolled out. */
export function registerModel(registration: Registration): Sent {
  return order('administer', modelTarget(''), '/api/models', registration);
}

function orderModel(name: string, verb: string, body: object): Sent {
  return order('administer', modelTarget(name), `/api/models/${encodeURIComponent(name)}/${verb}`, body);
}

/** Takes a version into use. */
export function rollOut(name: string, version: string, mode: ModelMode): Sent {
  return orderModel(name, 'roll-out', { version, mode });
}

/** Takes a version out of use. */
export function rollBack(name: string, version: string, mode: ModelMode): Sent {
  return orderModel(name, 'roll-back', { version, mode });
}

/** Turns a model off or on. */
export function switchModel(name: string, on: boolean, reason: string): Sent {
  return orderModel(name, 'switch', { on, reason });
}
