// Sequence numbers of commands. The server remembers answers by (session, number), so a number may never serve two
// commands. Tabs share the session's cookie; they therefore share the counter too, in localStorage.

const KEY = 'trongdong.seq';

interface Kept {
  session: string;
  next: number;
}

/** What the counter needs of a Storage. */
export type SequenceStore = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

function read(store: SequenceStore): Kept | undefined {
  try {
    const kept = JSON.parse(store.getItem(KEY) ?? 'null') as Partial<Kept> | null;
    if (kept !== null && typeof kept.session === 'string' && Number.isSafeInteger(kept.next)) return kept as Kept;
  } catch {
    // A value that was tampered with counts as none; the server's own number is taken.
  }
  return undefined;
}

/** Starts or joins a session: the higher of what the server says is next and what a tab has used already. */
export function openSequence(store: SequenceStore, session: string, nextSeq: number): void {
  const kept = read(store);
  const next = kept?.session === session ? Math.max(kept.next, nextSeq) : nextSeq;
  store.setItem(KEY, JSON.stringify({ session, next }));
}

/** Takes the next number of the session. */
export function takeSequence(store: SequenceStore, session: string): number {
  const kept = read(store);
  const seq = kept?.session === session ? kept.next : 1;
  store.setItem(KEY, JSON.stringify({ session, next: seq + 1 }));
  return seq;
}

/** Forgets the counter at the end of a session. */
export function closeSequence(store: SequenceStore): void {
  store.removeItem(KEY);
}
