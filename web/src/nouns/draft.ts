// What is written of a call before it is saved. Pure.
import { kindNamed, type Kind } from './kind';
import type { Severity } from './severity';

/** Characters of a text, so that the form stays within the centre's 8 KiB at three bytes each. */
export const DRAFT_TEXT_MAX = 1_200;
export const DRAFT_LINE_MAX = 200;

/** Where it is. */
export interface DraftPlace {
  adminUnit: string;
  /** As it was found or pointed at: the commune, a town, an old name. */
  label: string;
  latitude: number;
  longitude: number;
  /** The middle of a commune, not a point that somebody set. */
  isRough: boolean;
}

/** What is written of one call; of a form without a call, `call` is empty. */
export interface Draft {
  call: string;
  /** Grows with every change: milliseconds, so that another browser's next number is greater too. 0: nothing was written. */
  seq: number;
  text: string;
  kind: Kind | undefined;
  severity: Severity | undefined;
  place: DraftPlace | undefined;
  address: string;
  exercise: boolean;
}

/** A form in which nothing was written. */
export function emptyDraft(call: string): Draft {
  return { call, seq: 0, text: '', kind: undefined, severity: undefined, place: undefined, address: '', exercise: false };
}

/** Whether there is something to lose. */
export function isWritten(draft: Draft): boolean {
  return draft.text.trim() !== '' || draft.address !== '' || draft.place !== undefined || draft.kind !== undefined;
}

const text = (value: unknown, max: number) => (typeof value === 'string' ? value.slice(0, max) : '');
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** The draft of what was kept here or by the centre; what cannot be read is empty. */
export function draftOf(value: unknown, call: string): Draft {
  const raw = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const at = (typeof raw['place'] === 'object' && raw['place'] !== null ? raw['place'] : {}) as Record<string, unknown>;
  const place = isNumber(at['latitude']) && isNumber(at['longitude']) && typeof at['adminUnit'] === 'string';
  const severity = raw['severity'];
  return {
    call,
    seq: isNumber(raw['seq']) ? raw['seq'] : 0,
    text: text(raw['text'], DRAFT_TEXT_MAX),
    kind: typeof raw['kind'] === 'string' ? kindNamed(raw['kind']) : undefined,
    severity: isNumber(severity) && severity >= 1 && severity <= 5 ? (Math.round(severity) as Severity) : undefined,
    place: place
      ? { adminUnit: text(at['adminUnit'], DRAFT_LINE_MAX), label: text(at['label'], DRAFT_LINE_MAX), latitude: at['latitude'] as number, longitude: at['longitude'] as number, isRough: at['isRough'] === true }
      : undefined,
    address: text(raw['address'], DRAFT_LINE_MAX),
    exercise: raw['exercise'] === true,
  };
}
