// What an agent is writing, kept on this machine with every change, so that a browser that dies loses nothing; the centre keeps a copy of
// a call's draft, so that another machine goes on with it. The newer of the two by its number is taken. Pure but for the store it is given.
import { emptyDraft, isWritten, type Draft } from '../nouns/draft';

/** Drafts kept of a person; those untouched for longest leave. */
export const DRAFTS_MAX = 12;

/** Where they are kept (`draft-store.ts`). */
export interface DraftStore {
  /** False once this machine would not keep something. */
  readonly isKept: boolean;
  of: (person: string) => readonly Draft[];
  put: (person: string, draft: Draft) => void;
  drop: (person: string, call: string) => void;
}

export class Drafts {
  /** Takes up what this person left on the machine; another one's drafts are not theirs to see. */
  constructor(
    private readonly store: DraftStore,
    private readonly person: string,
  ) {}

  get isKept(): boolean {
    return this.store.isKept;
  }

  /** What is kept of a call; empty where nothing is. */
  of(call: string): Draft {
    return this.store.of(this.person).find((draft) => draft.call === call) ?? emptyDraft(call);
  }

  /** What was begun and neither saved nor dropped, the newest first. */
  written(): Draft[] {
    return this.store.of(this.person).filter(isWritten).sort((a, b) => b.seq - a.seq);
  }

  /** Keeps a change under a number above all before it. */
  keep(draft: Draft, nowMs: number): Draft {
    const before = this.of(draft.call).seq;
    const next = { ...draft, seq: Math.max(nowMs, before + 1, draft.seq + 1) };
    this.put(next);
    return next;
  }

  /** Takes over what the centre kept, if it is newer; the newer of the two. */
  take(other: Draft): Draft {
    const own = this.of(other.call);
    if (other.seq <= own.seq) return own;
    this.put(other);
    return other;
  }

  /** It was saved, or is not wanted. */
  drop(call: string): void {
    this.store.drop(this.person, call);
  }

  private put(draft: Draft): void {
    this.store.put(this.person, draft);
    const over = [...this.store.of(this.person)].sort((a, b) => b.seq - a.seq).slice(DRAFTS_MAX);
    for (const { call } of over) this.store.drop(this.person, call);
  }
}
