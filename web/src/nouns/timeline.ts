/** One line of a timeline. */
export interface TimelineLine {
  kind: string;
  atMs: number;
  by: string;
  note: string;
}

/**
 * What the server kept and what this screen saw, newest first, each thing once: the same kind at the same instant by the
 * same person with the same note is the same thing.
 */
export function mergeTimeline(kept: readonly TimelineLine[], seen: readonly TimelineLine[]): TimelineLine[] {
  const lines = new Map<string, TimelineLine>();
  for (const { kind, atMs, by, note } of [...kept, ...seen]) {
    lines.set(`${atMs} ${kind} ${by} ${note}`, { kind, atMs, by, note });
  }
  return [...lines.values()].sort((a, b) => b.atMs - a.atMs);
}
