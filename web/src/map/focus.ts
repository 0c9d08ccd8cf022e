// What both maps do about what somebody chose: where it is, and how near it is shown.
import type { Place } from '../nouns/place';
import type { Focus } from '../state/desk.svelte';
import { picture } from '../state/picture.svelte';

/** The view goes no nearer by itself. */
export const FOCUS_ZOOM = 11.5;
/** Somebody's choice is shown at least so near. */
export const CHOSEN_ZOOM = 9.6;
/** Reach of a click, CSS pixels. */
export const CLICK_PX = 14;

/** Where it is, as far as it is known. */
export function placeOf({ noun, id }: Focus): Place | undefined {
  if (noun === 'incident') return picture.incidents.get(id)?.place;
  if (noun === 'sensor') return picture.sensors.get(id)?.place;
  if (noun === 'camera') return picture.cameras.get(id)?.place;
  return picture.units.get(id)?.place;
}
