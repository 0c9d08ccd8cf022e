import type { Incident } from './incident';

/** One line of a timeline. */
export interface TimelineLine {
  kind: string;
  atMs: number;
  by: string;
  note: string;
  /** What a unit did, where the line is about one. */
  unit?: { id: string; status: string; statusAtMs: number };
}

/**
 * What the server kept and what this screen saw, newest first, each thing once: the same kind at the same instant by the
 * same person with the same note is the same thing.
 */
export function mergeTimeline(kept: readonly TimelineLine[], seen: readonly TimelineLine[]): TimelineLine[] {
  const lines = new Map<string, TimelineLine>();
  // The server's word goes over what this screen saw.
  for (const { kind, atMs, by, note, unit } of [...seen, ...kept]) {
    lines.set(`${atMs} ${kind} ${by} ${note} ${unit?.id ?? ''}`, { kind, atMs, by, note, ...(unit && { unit }) });
  }
  return [...lines.values()].sort((a, b) => b.atMs - a.atMs);
}

/** Changes with whatever may add a line that a screen does not hear of by itself, such as a unit that was taken back. */
export function courseMark(incident: Pick<Incident, 'version' | 'units'>): string {
  return `${incident.version} ${incident.units.join(' ')}`;
}
