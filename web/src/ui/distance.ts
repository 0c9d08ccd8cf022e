import { choices } from '../state/choices.svelte';

/** "350 m", "12,4 km"; a dash where a place is not known. */
export function distanceText(metres: number | undefined): string {
  if (metres === undefined) return '–';
  return metres < 1_000 ? `${choices.format.count(metres)} m` : `${choices.format.value(metres / 1_000)} km`;
}
