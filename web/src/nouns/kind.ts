// What sort of thing an incident is about.
import { fromWire } from './wire';

/** In the order in which they are offered. */
export const KINDS = ['flood', 'fire', 'medical', 'traffic', 'pollution', 'public-order', 'infrastructure', 'device', 'other'] as const;
export type Kind = (typeof KINDS)[number];

/** The kind of that name; one that this screen does not know is another one. */
export function kindNamed(name: string): Kind {
  return KINDS.find((kind) => kind === fromWire(name)) ?? 'other';
}
