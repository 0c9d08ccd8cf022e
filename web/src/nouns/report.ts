// A citizen's report: as it is written, as it goes out, and as it is followed. Pure.

/** Kinds that can be reported, as the wire names them. */
export const REPORT_KINDS = ['flood', 'fire', 'medical', 'traffic', 'pollution', 'public_order', 'infrastructure', 'other'] as const;
export type ReportKind = (typeof REPORT_KINDS)[number];

/** Characters of a text, an address, a contact: at three bytes each within the centre's bounds. */
export const REPORT_TEXT_MAX = 1_000;
export const REPORT_LINE_MAX = 80;

/** What somebody is writing. Degrees (WGS 84); absent: no place on the map. */
export interface Draft {
  text: string;
  kind: ReportKind | '';
  adminUnit: string;
  address: string;
  latitude?: number;
  longitude?: number;
  contact: string;
}

export const EMPTY_DRAFT: Draft = { text: '', kind: '', adminUnit: '', address: '', contact: '' };

/** The body of a report on its way. */
export interface Letter {
  key: string;
  kind?: ReportKind;
  text: string;
  place: { admin_unit: string; address: string; latitude_e7?: number; longitude_e7?: number };
  contact: string;
  language: 'vi' | 'en';
}

const E7 = 1e7;

/** What lacks before it can go out; undefined: nothing. */
export function lackOf(draft: Draft): 'text' | 'commune' | undefined {
  if (draft.text.trim() === '') return 'text';
  return draft.adminUnit === '' ? 'commune' : undefined;
}

/** The letter of a draft, under a key. */
export function letterOf(draft: Draft, key: string, language: 'vi' | 'en'): Letter {
  const { latitude, longitude } = draft;
  const pin = latitude === undefined || longitude === undefined ? {} : { latitude_e7: Math.round(latitude * E7), longitude_e7: Math.round(longitude * E7) };
  return {
    key,
    ...(draft.kind === '' ? {} : { kind: draft.kind }),
    text: draft.text.trim(),
    place: { admin_unit: draft.adminUnit, address: draft.address.trim(), ...pin },
    contact: draft.contact.trim(),
    language,
  };
}

/** A key that nobody guesses: 128 bits. */
export function newKey(random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): string {
  return [...random(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A sentence in both languages. */
export interface Both {
  vi: string;
  en: string;
}

/** A report as its sender follows it. Times are Unix milliseconds. */
export interface Followed {
  code: string;
  status: 'received' | 'in_hand' | 'answered';
  status_text: Both;
  kind_text: Both | null;
  text: string;
  place: { name: string; address: string };
  received_at_ms: number;
  history: { kind: string; text: Both; at_ms: number; note: string }[];
  answer: string | null;
  rating: number | null;
  can_respond: boolean;
  /** What the centre tells those who wait, while more come than it can take; a node of the release before does not say it. */
  waiting_message?: Both | null;
  photos_sent: number;
  /** What goes with the answer; a node of the release before does not say of which kind. */
  answer_photos: { url: string; kind?: string; width: number; height: number; note: string }[];
}
