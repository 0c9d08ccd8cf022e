// What people order about warnings to the public and hand-overs: which right it takes, where it goes, the version seen.
import type { Handover } from '../nouns/handover';
import type { Incident } from '../nouns/incident';
import { SEVERITY_NAME } from '../nouns/severity';
import type { Draft, Warning } from '../nouns/warning';
import { clock } from './clock.svelte';
import { incidentTarget, order, type Sent } from './orders';

const HOUR_MS = 3_600_000;

export const warningTarget = (warning: Warning) => `warning/${warning.id}`;

/** Writes a message from the incident, or a draft of one anew. */
export function draftWarning(incident: Incident, draft: Draft): Sent {
  return order('warn-public', incidentTarget(incident), '/api/warnings', {
    incident: incident.id,
    message: draft.message,
    ...(draft.of === '' ? {} : { of: draft.of }),
    ...(draft.anew === undefined ? {} : { draft: draft.anew.id, expected_version: draft.anew.version }),
    content: {
      purpose: draft.purpose,
      sender: draft.sender,
      sender_name: draft.senderName.trim(),
      severity: SEVERITY_NAME[incident.severity],
      urgency: draft.message === 'cancel' ? 'past' : 'immediate',
      certainty: 'observed',
      response: draft.response,
      expires_at_ms: Math.round(clock.nowMs + draft.hours * HOUR_MS),
      texts: draft.texts,
      areas: draft.areas.map((code) => ({ admin_unit: code })),
    },
  });
}

/** Publishes what somebody else wrote. */
export function approveWarning(warning: Warning): Sent {
  const path = `/api/warnings/${encodeURIComponent(warning.id)}/approve`;
  return order('warn-public', warningTarget(warning), path, { expected_version: warning.version });
}

/** It is not to be published, and why. */
export function rejectWarning(warning: Warning, reason: string): Sent {
  const path = `/api/warnings/${encodeURIComponent(warning.id)}/reject`;
  return order('warn-public', warningTarget(warning), path, { expected_version: warning.version, reason });
}

/** To whom an incident is offered. `to` is empty where there is a telephone only, and where it is one of our own rooms. */
export interface Offer {
  to: string;
  room: string;
  toName: string;
  contact: string;
  /** The second channel: another system, a telephone, or both. */
  second: string;
  secondContact: string;
  lead: boolean;
  reason: string;
}

const path = (incident: Incident, verb = '') => `/api/incidents/${encodeURIComponent(incident.id)}/handover${verb}`;

/** To whom: a room of ours, a system, or a telephone. */
function side(offer: Offer) {
  if (offer.room !== '') return { room: offer.room };
  return offer.to === '' ? { to_name: offer.toName } : { to: offer.to };
}

/** Offers the incident to another service, or to one of our own rooms. */
export function offerHandover(incident: Incident, offer: Offer): Sent {
  return order('hand-over', incidentTarget(incident), path(incident), {
    expected_version: incident.version,
    ...side(offer),
    contact: offer.contact,
    ...(offer.second === '' ? {} : { second: offer.second }),
    second_contact: offer.secondContact,
    lead: offer.lead,
    reason: offer.reason,
  });
}

/** What was answered: by telephone, or by us. */
export function answerHandover(incident: Incident, handover: Handover, accept: boolean, words: string): Sent {
  const body = { handover: handover.number, accept, answer: words, answered_for: handover.out && handover.room === '' ? handover.partyName : '' };
  return order('hand-over', incidentTarget(incident), path(incident, '/answer'), body);
}

/** Takes back what was offered, or the lead. */
export function withdrawHandover(incident: Incident, handover: Handover, reason: string): Sent {
  const body = { expected_version: incident.version, handover: handover.number, reason };
  return order('hand-over', incidentTarget(incident), path(incident, '/withdraw'), body);
}
