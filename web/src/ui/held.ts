// The order of a list while somebody points at it or works in it with keys: rows stay where they were, so that a press meant for one
// never lands on another. Pure.

/** One place of a list that keeps its order. */
export interface HeldRow<T> {
  key: string;
  /** As it is now; undefined: it has left the list, and its place stays empty. */
  item: T | undefined;
}

/** A list as it is shown, and what letting go of its order would change. */
export interface HeldList<T> {
  rows: readonly HeldRow<T>[];
  /** Came since; they stand below. */
  fresh: number;
  /** Would stand elsewhere among those that were there. */
  moved: number;
  /** Left since. */
  gone: number;
}

/** `held`: keys in the order that is kept; undefined: the list's own order. What a row says is always of now. */
export function heldList<T>(items: readonly T[], key: (item: T) => string, held: readonly string[] | undefined): HeldList<T> {
  const own = items.map((item) => ({ key: key(item), item }));
  if (held === undefined) return { rows: own, fresh: 0, moved: 0, gone: 0 };
  const places = new Set(held);
  const now = new Map(own.map((row) => [row.key, row.item]));
  const kept = held.filter((place) => now.has(place));
  const stayed = own.filter((row) => places.has(row.key));
  const fresh = own.filter((row) => !places.has(row.key));
  return {
    rows: [...held.map((place) => ({ key: place, item: now.get(place) })), ...fresh],
    fresh: fresh.length,
    moved: stayed.filter((row, at) => row.key !== kept[at]).length,
    gone: held.length - kept.length,
  };
}
