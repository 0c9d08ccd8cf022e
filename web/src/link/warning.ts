// What the file of an incident asks about warnings and hand-overs beside the picture that comes over the line.
import type { Party } from '../nouns/handover';
import { warningOf, type Warning, type WarningWire } from '../nouns/warning';
import { readJson } from './api';

/** Messages from this incident, the newest first. */
export async function readWarnings(incident: string): Promise<Warning[]> {
  const { items } = (await readJson('/api/warnings')) as { items: WarningWire[] };
  const here = items.filter((item) => item.incident === incident).map(warningOf);
  return here.sort((a, b) => b.draftedAtMs - a.draftedAtMs || (a.id < b.id ? 1 : -1));
}

/** Whom an incident can be offered to over the network. */
export async function readParties(): Promise<Party[]> {
  return (await readJson('/api/handover/parties')) as Party[];
}
