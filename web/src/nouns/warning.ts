// Warnings to the public, as whoever writes and approves them sees them. They go over no line: the file of an incident asks.

export type WarningState = 'draft' | 'published' | 'rejected' | 'ended';
export type WarningMessage = 'alert' | 'update' | 'cancel';
export type WarningPurpose = 'actual' | 'exercise' | 'test';
export type WarningResponse = 'shelter' | 'evacuate' | 'prepare' | 'avoid' | 'monitor' | 'all_clear';

/** What people can be told to do, as the form lists it. */
export const RESPONSES: readonly WarningResponse[] = ['evacuate', 'shelter', 'avoid', 'prepare', 'monitor', 'all_clear'];

/** What a message says in one language. */
export interface WarningText {
  language: string;
  event: string;
  headline: string;
  description: string;
  instruction: string;
}

/** One message. Times are Unix milliseconds, 0: not yet. */
export interface Warning {
  id: string;
  incident: string;
  message: WarningMessage;
  /** The message that it updates or cancels; empty: it is the first. */
  of: string;
  /** All earlier messages of it, oldest first. */
  references: string[];
  state: WarningState;
  purpose: WarningPurpose;
  sender: string;
  senderName: string;
  texts: WarningText[];
  areas: { code: string; name: string }[];
  response: string;
  draftedBy: string;
  draftedAtMs: number;
  decidedBy: string;
  sentAtMs: number;
  expiresAtMs: number;
  reason: string;
  version: number;
}

export interface WarningWire {
  id: string;
  incident: string;
  message: WarningMessage;
  of: string | null;
  references: { warning: string; sender: string; sent_at_ms: number }[];
  status: WarningState;
  content: {
    purpose: WarningPurpose;
    sender: string;
    sender_name: string;
    response: string;
    expires_at_ms: number;
    texts: WarningText[];
    areas: { admin_unit: string; name: string }[];
  };
  drafted_by: string;
  drafted_at_ms: number;
  decided_by: string | null;
  sent_at_ms: number;
  reason: string;
  version: number;
}

/** The domain record of one of the wire. */
export function warningOf(wire: WarningWire): Warning {
  const { id, incident, message, status: state, content, reason, version } = wire;
  const { purpose, sender, sender_name: senderName, response, expires_at_ms: expiresAtMs, texts } = content;
  return {
    id, incident, message, state, purpose, sender, senderName, response, expiresAtMs, texts, reason, version,
    of: wire.of ?? '',
    references: wire.references.map(({ warning }) => warning),
    areas: content.areas.map(({ admin_unit: code, name }) => ({ code, name })),
    draftedBy: wire.drafted_by,
    draftedAtMs: wire.drafted_at_ms,
    decidedBy: wire.decided_by ?? '',
    sentAtMs: wire.sent_at_ms,
  };
}

/** How it stands at that moment: that it has run out is in no record. */
export function standing(warning: Warning, nowMs: number): WarningState | 'expired' {
  return warning.state === 'published' && warning.expiresAtMs <= nowMs ? 'expired' : warning.state;
}

/** The messages that people act on now, in the order given: each may be updated or cancelled, beside what is only tried out. */
export function inForce(warnings: readonly Warning[], nowMs: number): Warning[] {
  return warnings.filter((it) => standing(it, nowMs) === 'published' && it.message !== 'cancel');
}

/** The published message that took the place of this one or cancelled it; undefined: none did. */
export const endedBy = (warning: Warning, all: readonly Warning[]): Warning | undefined => all.find((it) => it.of === warning.id && it.sentAtMs > 0);

/** What an author puts down. */
export interface Draft {
  message: WarningMessage;
  /** The message that it updates or cancels; empty: it is the first. */
  of: string;
  /** The draft that is written anew, and the version seen; undefined: it is a new one. */
  anew?: { id: string; version: number } | undefined;
  purpose: WarningPurpose;
  sender: string;
  senderName: string;
  response: WarningResponse;
  hours: number;
  areas: string[];
  texts: WarningText[];
}

/** What an update of that message, or its cancellation, begins with. Whoever is told that it is over has to be told what to do now: those words are new. */
export function following(former: Warning, message: 'update' | 'cancel'): Pick<Draft, 'message' | 'of' | 'purpose' | 'response' | 'areas' | 'texts'> {
  const isOver = message === 'cancel';
  return {
    message,
    of: former.id,
    purpose: former.purpose,
    response: isOver ? 'all_clear' : (RESPONSES.find((known) => known === former.response) ?? 'avoid'),
    areas: former.areas.map(({ code }) => code),
    texts: former.texts.map((text) => (isOver ? { ...text, description: '', instruction: '' } : { ...text })),
  };
}

/** What is still missing of a draft, field by field; none: it can be sent. */
export function missing(draft: Draft): ('sender' | 'areas' | 'texts')[] {
  const lacks: ('sender' | 'areas' | 'texts')[] = [];
  if (!/^[\w.@-]+$/.test(draft.sender) || draft.senderName.trim() === '') lacks.push('sender');
  if (draft.areas.length === 0) lacks.push('areas');
  const isEmpty = ({ event, headline, description, instruction }: WarningText) =>
    [event, headline, description, instruction].some((words) => words.trim() === '');
  if (draft.texts.some(isEmpty)) lacks.push('texts');
  return lacks;
}
