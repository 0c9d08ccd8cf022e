// What is written of a call before it is saved. Pure.
import { kindNamed, type Kind } from './kind';
import type { Severity } from './severity';
import type { Sureness } from './triage';

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

/** What a form needs before it can be saved as a new incident, in the order in which it is asked for. */
export const FORM_PARTS = ['text', 'kind', 'severity', 'place'] as const;
export type FormPart = (typeof FORM_PARTS)[number];

/** What lacks; what joins an incident needs only its words, for kind, level and place are the incident's. */
export function lacksOf(draft: Draft, joins: boolean): FormPart[] {
  const lacks: Record<FormPart, boolean> = {
    text: draft.text.trim() === '',
    kind: !joins && draft.kind === undefined,
    severity: !joins && draft.severity === undefined,
    place: !joins && draft.place === undefined,
  };
  return FORM_PARTS.filter((part) => lacks[part]);
}

/** What could be filled in, each with where it comes from. */
export interface Suggested {
  kind?: Kind;
  severity?: Severity;
  /** Words that say so, and how sure that makes it. */
  reasons: string[];
  sure?: Sureness;
  place?: DraftPlace;
  address?: string;
  placeFrom?: 'text' | 'caller';
}

/** What of it would change the form, leaving alone what a person has set by hand. */
export function news(suggested: Suggested, draft: Draft, byHand: ReadonlySet<FormPart>): Suggested {
  const { kind, severity, place, address, placeFrom, reasons, sure } = suggested;
  const isOtherPlace = place !== undefined && (draft.place === undefined || (draft.place.isRough && place.adminUnit !== draft.place.adminUnit));
  const out: Suggested = { reasons, ...(sure && { sure }) };
  if (kind !== undefined && kind !== draft.kind && !byHand.has('kind')) out.kind = kind;
  if (severity !== undefined && severity !== draft.severity && !byHand.has('severity')) out.severity = severity;
  if (isOtherPlace && !byHand.has('place')) {
    out.place = place;
    if (placeFrom !== undefined) out.placeFrom = placeFrom;
    if (address !== undefined && address !== '' && draft.address === '') out.address = address;
  }
  return out;
}

/** Whether there is anything in it. */
export function hasNews({ kind, severity, place }: Suggested): boolean {
  return kind !== undefined || severity !== undefined || place !== undefined;
}
