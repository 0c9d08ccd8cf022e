// How large a wall is drawn, when nobody says (`?scale=`). Pure.

/** What is so large in CSS pixels is no desk: it is read from metres away. */
const WALL_WIDTH_PX_MIN = 3_200;
const WALL_HEIGHT_PX_MIN = 1_800;
/**
 * A wall is laid out as a page of this size: a row's title, 19 pixels there, has 57 on a screen of 3840 by 2160. On one of 85 inches
 * that is 28 mm, or 16 minutes of arc at six metres (NUREG-0700).
 */
const WALL_PAGE_PX = [1_280, 720] as const;
/** A desk is laid out as a page of this size, and never smaller than it is. */
const DESK_PAGE_PX = [1_920, 1_080] as const;
/** The map is built anew for another scale: it goes in steps. */
const STEP = 0.25;
const SCALE_MAX = 3;

/** Pixels of a text that is read from the farthest seat: 28 mm there. */
export const FAR_PX = 57;
/** Pixels of a rem at a scale of 1. */
const REM_PX = 16;

const isWall = (widthPx: number, heightPx: number) => widthPx >= WALL_WIDTH_PX_MIN && heightPx >= WALL_HEIGHT_PX_MIN;

/** The scale of the wall's page for a window of so many CSS pixels. */
export function wallScale(widthPx: number, heightPx: number): number {
  const [width, height] = isWall(widthPx, heightPx) ? WALL_PAGE_PX : DESK_PAGE_PX;
  const fits = Math.min(widthPx / width, heightPx / height);
  return Math.min(SCALE_MAX, Math.max(1, Math.floor(fits / STEP) * STEP));
}

/** How many rem a text that is read from the farthest seat has at least at that scale; 0 at a desk. */
export function farRem(widthPx: number, heightPx: number): number {
  return isWall(widthPx, heightPx) ? FAR_PX / (REM_PX * wallScale(widthPx, heightPx)) : 0;
}
