// Everything that an agent orders about calls and about their own desk, each once. What is saved from a call becomes a report of it.
import type { Agent, Call } from '../nouns/call';
import type { Incident } from '../nouns/incident';
import { SEVERITY_NAME } from '../nouns/severity';
import type { RuleAdvice } from '../nouns/triage';
import { toWire } from '../nouns/wire';
import { NEW_INCIDENT } from './desk.svelte';
import type { Draft } from '../nouns/draft';
import { order, type Sent } from './orders';

const E7_PER_DEGREE = 1e7;

export const callTarget = (call: Call) => `call/${call.id}`;
export const agentTarget = (agent: Agent) => `agent/${agent.person}`;
/** Where the state of keeping a caller's name is shown. */
export const nameTarget = (call: Call) => `caller/${call.id}`;
/** Where the state of saving a form is shown. */
export const formTarget = (call: string) => (call === '' ? NEW_INCIDENT : `form/${call}`);

const path = (call: Call, verb: string) => `/api/calls/${encodeURIComponent(call.id)}/${verb}`;

function orderCall(call: Call, verb: string, more: object = {}): Sent {
  return order('take-call', callTarget(call), path(call, verb), { expected_version: call.version, ...more });
}

export const answerCall = (call: Call): Sent => orderCall(call, 'answer');
export const holdCall = (call: Call, held: boolean): Sent => orderCall(call, 'hold', { held });
/** To another line ("115"), a number or an address. */
export const transferCall = (call: Call, to: string, note: string): Sent => orderCall(call, 'transfer', { to, note });
export const endCall = (call: Call, outcome: 'served' | 'false_call'): Sent => orderCall(call, 'end', { outcome });

/** Who calls, as they said it: kept with the number. Empty: not known any more. */
export function nameCaller(call: Call, name: string): Sent {
  return order('handle-call', nameTarget(call), path(call, 'name'), { name });
}

/** Takes a call-back: this agent dials. */
export function takeCallback(call: Call): Sent {
  return order('handle-call', callTarget(call), path(call, 'callback'), { expected_version: call.version });
}

/** What became of calling back. */
export function settleCallback(call: Call, outcome: 'reached' | 'unreached' | 'settled', note: string): Sent {
  return order('handle-call', callTarget(call), path(call, 'callback/settle'), { expected_version: call.version, outcome, note });
}

/** Whether one takes calls. */
export function setAgent(agent: Agent, status: 'available' | 'break' | 'off', reason: string): Sent {
  const of = `/api/agents/${encodeURIComponent(agent.person)}/status`;
  return order('handle-call', agentTarget(agent), of, { expected_version: agent.version, status, reason });
}

/**
 * Saves what was told: as one more voice of an incident, or as a new one, with what the rules made of the words. What a form lacks is asked
 * for before this.
 */
export function saveForm(draft: Draft, contact: string, into: Incident | undefined, advice: RuleAdvice | undefined): Sent {
  const target = formTarget(draft.call);
  const place = {
    latitude_e7: Math.round((draft.place?.latitude ?? 0) * E7_PER_DEGREE),
    longitude_e7: Math.round((draft.place?.longitude ?? 0) * E7_PER_DEGREE),
    admin_unit: draft.place?.adminUnit ?? '',
    address: draft.address.trim(),
  };
  const what = { kind: toWire(draft.kind ?? 'other'), severity: SEVERITY_NAME[draft.severity ?? 3] };
  const said = advice === undefined ? {} : { advice: { kind: toWire(advice.kind), severity: SEVERITY_NAME[advice.severity] } };
  if (draft.call === '') {
    if (into !== undefined) return order('note-incident', target, `/api/incidents/${encodeURIComponent(into.id)}/note`, { note: draft.text.trim() });
    return order('open-incident', target, '/api/incidents', { ...what, ...said, summary: draft.text.trim(), exercise: draft.exercise, place });
  }
  const about = into === undefined ? { ...what, ...said } : { incident: into.id };
  const body = { text: draft.text.trim(), place, ...(contact === '' ? {} : { contact }), ...(draft.exercise ? { exercise: true } : {}), ...about };
  return order('handle-report', target, `/api/calls/${encodeURIComponent(draft.call)}/report`, body);
}
