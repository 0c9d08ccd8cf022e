// What an agent is writing, kept on this machine with every change, so that a browser that dies loses nothing; the centre keeps a copy of
// a call's draft, so that another machine goes on with it. The newer of the two by its number is taken. Pure but for the store it is given.
import { draftOf, DRAFT_LINE_MAX, emptyDraft, isWritten, type Draft } from '../nouns/draft';

const KEY = 'trongdong.console';
/** Drafts kept; those untouched for longest leave. */
export const DRAFTS_MAX = 12;
export type DraftStore = Pick<Storage, 'getItem' | 'setItem'>;

export class Drafts {
  private kept: readonly Draft[];
  /** False once this machine would not keep something. */
  isKept = true;

  /** Takes up what this person left on the machine; another one's drafts are not theirs to see. */
  constructor(private readonly store: DraftStore, private readonly person: string) {
    this.kept = this.read();
  }

  /** What is kept of a call; empty where nothing is. */
  of(call: string): Draft {
    return this.kept.find((draft) => draft.call === call) ?? emptyDraft(call);
  }

  /** What was begun and neither saved nor dropped, the newest first. */
  written(): Draft[] {
    return this.kept.filter(isWritten).sort((a, b) => b.seq - a.seq);
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
    this.write(this.read().filter((draft) => draft.call !== call));
  }

  private put(draft: Draft): void {
    // Another tab of this person may have kept others meanwhile.
    const others = this.read().filter(({ call }) => call !== draft.call);
    this.write([draft, ...others].sort((a, b) => b.seq - a.seq).slice(0, DRAFTS_MAX));
  }

  private read(): readonly Draft[] {
    if (!this.isKept) return this.kept;
    try {
      const raw = JSON.parse(this.store.getItem(KEY) ?? '{}') as { person?: unknown; drafts?: unknown } | null;
      if (raw?.person !== this.person || !Array.isArray(raw.drafts)) return [];
      return raw.drafts.map((draft: unknown) => draftOf(draft, callOf(draft)));
    } catch {
      return this.kept ?? [];
    }
  }

  private write(drafts: readonly Draft[]): void {
    this.kept = drafts;
    try {
      this.store.setItem(KEY, JSON.stringify({ person: this.person, drafts }));
    } catch {
      this.isKept = false;
    }
  }
}

function callOf(draft: unknown): string {
  const call = (draft as { call?: unknown } | null)?.call;
  return typeof call === 'string' ? call.slice(0, DRAFT_LINE_MAX) : '';
}
