// What citizens and devices told, for those who handle it. It goes over no line: a file that is opened asks for it.
import { clockOfJson, type Clock, type ClockJson } from './clock';

/** A report as the list gives it. Times are Unix milliseconds. */
export interface Told {
  code: string;
  channel: string;
  status: string;
  text: string;
  /** The channel's own; of a device the key of its alarm. */
  reference: string;
  address: string;
  contact: string;
  /** The incident that it belongs to; empty: none. */
  incident: string;
  receivedAtMs: number;
  answer: string;
  /** 1 to 5; 0: not rated. */
  rating: number;
  ratingNote: string;
  /** Why it was opened again; empty: it was not. */
  reopenedBecause: string;
  version: number;
  /** Part of a drill. */
  exercise: boolean;
  /** By when its sender has an answer; the first one stays when it is opened again. */
  clocks: Clock[];
}

export interface ToldWire {
  code: string;
  channel: string;
  status: string;
  text: string;
  /** A node of the release before does not say it. */
  reference?: string;
  place: { address: string };
  contact: string;
  incident?: string | null;
  received_at_ms: number;
  answer: string;
  rating: number;
  rating_note: string;
  reopened_because: string;
  version: number;
  /** A node of the release before does not say it. */
  exercise?: boolean;
  clocks?: ClockJson[];
}

/** The domain record of one of the wire. */
export function toldOf(wire: ToldWire): Told {
  const { code, channel, status, text, contact, answer, rating, version } = wire;
  const { place, received_at_ms: receivedAtMs, rating_note: ratingNote, reopened_because: reopenedBecause } = wire;
  return { code, channel, status, text, reference: wire.reference ?? '', address: place.address, contact, incident: wire.incident ?? '', receivedAtMs, answer, rating, ratingNote, reopenedBecause, version, exercise: wire.exercise ?? false, clocks: (wire.clocks ?? []).map(clockOfJson) };
}

/** Whether a device's alarm filed it: nobody follows it. */
export const isOfDevice = (report: { channel: string }): boolean => report.channel === 'device';

/** A code as it is read out: "7K3FQ-9XM2A-BCDEH"; one of another kind as it is. */
export function spoken(code: string): string {
  return code.length === 15 ? (code.match(/.{5}/g) ?? [code]).join('-') : code;
}
