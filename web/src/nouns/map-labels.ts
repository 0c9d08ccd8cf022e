// Where the numbers of incidents stand on a drawn map, so that none lies over another or over a mark. Pure.

/** A mark with its number, CSS pixels from the map's corner. */
export interface Labelled {
  id: string;
  at: readonly [x: number, y: number];
  text: string;
  /** Has to be read (it says that all of it is played): where no place is free it stands under its mark all the same. */
  kept: boolean;
}

/** Half the side of a mark. */
const MARK_PX = 14;
/** Of a letter of the number, and of its line. */
const LETTER_PX = 8;
const LINE_PX = 15;
/** The number's own line from the middle of its mark: under it, or else over it. */
export const BELOW_PX = 30;
export const ABOVE_PX = -19;
/** So many numbers at most: each is held against each before it, and no eye reads more. */
export const LABELS_MAX = 200;

/** West, north, east, south. */
type Box = readonly [number, number, number, number];
const meets = (a: Box, b: Box) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

/**
 * How far under its mark (over it: negative) the line of each number stands; who is missing has none, because it would cover another's and has not
 * to be read. The first are the first to choose.
 */
export function labelsOf(marks: readonly Labelled[]): Map<string, number> {
  const boxes: Box[] = marks.slice(0, LABELS_MAX).map(({ at: [x, y] }) => [x - MARK_PX, y - MARK_PX, x + MARK_PX, y + MARK_PX]);
  const taken: Box[] = [];
  const placed = new Map<string, number>();
  for (const [own, { id, at: [x, y], text, kept }] of marks.slice(0, LABELS_MAX).entries()) {
    const half = (text.length * LETTER_PX) / 2;
    for (const down of [BELOW_PX, ABOVE_PX]) {
      // A line of text stands on its foot.
      const box: Box = [x - half, y + down - LINE_PX + 3, x + half, y + down + 3];
      if (taken.some((other) => meets(box, other)) || boxes.some((other, mark) => mark !== own && meets(box, other))) continue;
      taken.push(box);
      placed.set(id, down);
      break;
    }
    if (kept && !placed.has(id)) placed.set(id, BELOW_PX);
  }
  return placed;
}
