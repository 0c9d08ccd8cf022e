// Whether a map moves by itself, and where to: it follows the open incidents until a hand or a scene moves it. What somebody chose is gone to
// once, and left to where the view was.
import type { Place } from '../nouns/place';
import type { MapLook } from '../nouns/room';
import type { Focus } from '../state/desk.svelte';

/** Where the view goes; undefined: it stays. */
export type Move = { to: 'place'; place: Place } | { to: 'look'; look: MapLook } | { to: 'incidents' } | undefined;

export class Following {
  /** The view follows the open incidents; a hand that moves it locks it. */
  on = $state(true);
  /** Where the map looks, as it said last. */
  look: MapLook | undefined;
  /** Where a locked view was when something was chosen. */
  private before: MapLook | undefined;
  /** What was gone to: it is not gone to again when something else changes. */
  private seen: Focus | undefined;

  /** A hand or a scene put the view where it is. */
  lock(): void {
    this.on = false;
    this.before = undefined;
  }

  /** Somebody wants it to follow again. */
  follow(): void {
    this.on = true;
    this.before = undefined;
  }

  /** What to do when what is chosen changes, or the set of open incidents. `place` is where the chosen thing is. */
  next(focus: Focus | undefined, place: Place | undefined): Move {
    if (focus === undefined) {
      const back = this.before;
      this.before = undefined;
      this.seen = undefined;
      if (this.on) return { to: 'incidents' };
      return back && { to: 'look', look: back };
    }
    if (focus === this.seen) return undefined;
    if (place === undefined) return this.on ? { to: 'incidents' } : undefined;
    this.seen = focus;
    if (!this.on) this.before ??= this.look;
    return { to: 'place', place };
  }
}
