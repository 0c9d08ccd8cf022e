// An incident as it stood at a moment, out of the lines of its timeline. Pure.
import type { Severity } from './severity';

/** What a line of a timeline says for this. */
export interface ReplayLine {
  atMs: number;
  unit?: { id: string; status: string; latitude: number; longitude: number };
  incident?: { severity: Severity; status: string; summary: string; latitude: number; longitude: number; units: readonly string[] };
}

/** The incident as it was seen then. */
export interface Then {
  incident: NonNullable<ReplayLine['incident']>;
  /** Its units, where they were when something was last heard of them. */
  units: NonNullable<ReplayLine['unit']>[];
}

/** As it stood at that time; undefined: it was not there yet. Lines come oldest first. */
export function thenOf(lines: readonly ReplayLine[], atMs: number): Then | undefined {
  let incident: ReplayLine['incident'];
  const units = new Map<string, NonNullable<ReplayLine['unit']>>();
  for (const line of lines) {
    if (line.atMs > atMs) break;
    if (line.incident !== undefined) incident = line.incident;
    if (line.unit !== undefined) units.set(line.unit.id, line.unit);
  }
  if (incident === undefined) return undefined;
  return { incident, units: incident.units.flatMap((id) => units.get(id) ?? []) };
}

/** The moments at which something changed, each once, oldest first. */
export function momentsOf(lines: readonly ReplayLine[]): number[] {
  const first = lines.findIndex(({ incident }) => incident !== undefined);
  return first < 0 ? [] : [...new Set(lines.slice(first).map(({ atMs }) => atMs))];
}
