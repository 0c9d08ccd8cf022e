// Where drafts stand on this machine: a row of IndexedDB for each, flushed to the disk with each change. Until the disk has a change it stands in
// localStorage, which outlives a page that dies in between; in a browser without IndexedDB it stays there. What stands there when a page opens
// moves over, as does what earlier versions kept there. All rows are in memory too, and tabs tell each other of theirs.
import { draftOf, DRAFT_LINE_MAX, type Draft } from '../nouns/draft';
import type { DraftStore } from './drafts';
import { done, openDatabase, STORE, writeKept } from './keep';

const PREFIX = 'trongdong.draft/';
/** One value with all drafts of a person, of versions that had no IndexedDB for them. */
const EARLIER_KEY = 'trongdong.console';
/** A database that has not opened after so long is none: a caller waits. */
const OPEN_MS_MAX = 2_000;
/** What nobody went on with for so long leaves the machine. */
export const AGE_MS_MAX = 7 * 86_400_000;
/** Drafts of all who work at this machine; those untouched for longest leave. */
export const ROWS_MAX = 48;
/** Stands in localStorage for a row that is to leave the disk. */
const GONE = '';

/** The disk below: texts by their key. */
export interface Disk {
  /** All that stand there. */
  texts: () => Promise<string[]>;
  /** Whether the disk has it, or, undefined, has it no longer. */
  write: (key: string, text: string | undefined) => Promise<boolean>;
}
type Local = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>;
/** What tabs tell each other: a key and its text. */
interface Channel {
  postMessage: (message: [key: string, text: string]) => void;
  onmessage: ((event: MessageEvent) => void) | null;
}

interface Row {
  person: string;
  draft: Draft;
}

const keyOf = (person: string, call: string) => `${PREFIX}${person}/${call}`;
const textOf = ({ person, draft }: Row) => JSON.stringify({ person, draft });

function callOf(draft: unknown): string {
  const call = (draft as { call?: unknown } | null)?.call;
  return typeof call === 'string' ? call.slice(0, DRAFT_LINE_MAX) : '';
}

/** What was kept; nothing of what cannot be read. `drafts`: as earlier versions had it. */
function rowsOf(text: string | null): Row[] {
  try {
    const { person, draft, drafts } = (JSON.parse(text ?? 'null') ?? {}) as { person?: unknown; draft?: unknown; drafts?: unknown };
    if (typeof person !== 'string') return [];
    const found: unknown[] = Array.isArray(drafts) ? drafts : [draft];
    return found.map((one) => ({ person, draft: draftOf(one, callOf(one)) }));
  } catch {
    return [];
  }
}

export class MachineDrafts implements DraftStore {
  /** False once this machine would not keep something. */
  isKept = true;
  private readonly rows = new Map<string, Row>();
  /** Texts that the disk does not have yet, and the keys of which one is on its way there. */
  private readonly wanted = new Map<string, string>();
  private readonly flushing = new Set<string>();
  private changed = () => {};

  constructor(
    private readonly disk: Disk | undefined,
    private readonly local: Local | undefined,
    private readonly channel: Channel | undefined = undefined,
  ) {
    if (channel !== undefined) channel.onmessage = ({ data }) => this.hear(...(data as [string, string]));
  }

  /** Takes up what stands here. */
  async load(nowMs: number): Promise<this> {
    for (const text of (await this.disk?.texts()) ?? []) rowsOf(text).forEach((row) => this.take(row));
    for (const key of this.localKeys()) {
      const text = this.local?.getItem(key) ?? null;
      if (text === GONE) this.remove(key);
      for (const row of rowsOf(text)) {
        // Only what the disk has not; another tab may just be writing it there.
        if (this.take(row)) this.write(keyOf(row.person, row.draft.call), textOf(row));
        else this.forget(key, text);
      }
    }
    const earlier = rowsOf(this.local?.getItem(EARLIER_KEY) ?? null);
    const moved = earlier.filter((row) => this.take(row)).every((row) => this.write(keyOf(row.person, row.draft.call), textOf(row)));
    if (moved) this.local?.removeItem(EARLIER_KEY);
    for (const [key, { draft }] of this.rows) if (draft.seq < nowMs - AGE_MS_MAX) this.remove(key);
    return this;
  }

  /** Calls `changed` whenever what is kept, or whether it is, is another. */
  watch(changed: () => void): void {
    this.changed = changed;
  }

  of(person: string): readonly Draft[] {
    return [...this.rows.values()].filter((row) => row.person === person).map(({ draft }) => draft);
  }

  put(person: string, draft: Draft): void {
    const key = keyOf(person, draft.call);
    this.rows.set(key, { person, draft });
    this.write(key, textOf({ person, draft }));
    const over = [...this.rows].sort(([, a], [, b]) => b.draft.seq - a.draft.seq).slice(ROWS_MAX);
    for (const [oldest] of over) this.remove(oldest);
  }

  drop(person: string, call: string): void {
    const key = keyOf(person, call);
    if (this.rows.has(key)) this.remove(key);
  }

  private remove(key: string): void {
    this.rows.delete(key);
    this.write(key, GONE);
  }

  /** Whether it is newer than what is known. */
  private take(row: Row): boolean {
    const key = keyOf(row.person, row.draft.call);
    if (row.draft.seq <= (this.rows.get(key)?.draft.seq ?? -1)) return false;
    this.rows.set(key, row);
    return true;
  }

  private hear(key: string, text: string): void {
    const [row] = rowsOf(text);
    if (row === undefined) this.rows.delete(key);
    else this.take(row);
    this.changed();
  }

  /** Notes a text at once, and has it written; false: it could not even be noted. */
  private write(key: string, text: string): boolean {
    const isNoted = this.note(key, text);
    this.channel?.postMessage([key, text]);
    if (this.disk === undefined) {
      this.isKept = isNoted;
      return isNoted;
    }
    this.wanted.set(key, text);
    if (!this.flushing.has(key)) void this.flush(this.disk, key);
    return isNoted;
  }

  private note(key: string, text: string): boolean {
    if (this.local === undefined) return false;
    try {
      if (text === GONE && this.disk === undefined) this.local.removeItem(key);
      else this.local.setItem(key, text);
      return true;
    } catch {
      return false;
    }
  }

  /** One text of a key goes at a time, always the newest. */
  private async flush(disk: Disk, key: string): Promise<void> {
    this.flushing.add(key);
    for (let text = this.wanted.get(key); text !== undefined; text = this.wanted.get(key)) {
      this.wanted.delete(key);
      const isOnDisk = await disk.write(key, text === GONE ? undefined : text);
      this.isKept = isOnDisk || this.local?.getItem(key) === text;
      if (isOnDisk) this.forget(key, text);
    }
    this.flushing.delete(key);
    this.changed();
  }

  /** The note of a text that is on the disk, unless there is another by now. */
  private forget(key: string, text: string | null): void {
    if (this.local?.getItem(key) === text) this.local.removeItem(key);
  }

  private localKeys(): string[] {
    const { local } = this;
    if (local === undefined) return [];
    const all = Array.from({ length: local.length }, (_, at) => local.key(at) ?? '');
    return all.filter((key) => key.startsWith(PREFIX));
  }
}

async function openDisk(): Promise<Disk | undefined> {
  try {
    const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), OPEN_MS_MAX));
    const database = await Promise.race([openDatabase(), late]);
    if (database === undefined) return undefined;
    return {
      texts: async () => {
        const range = IDBKeyRange.bound(PREFIX, `${PREFIX}\uffff`);
        const found = await done(database.transaction(STORE).objectStore(STORE).getAll(range) as IDBRequest<unknown[]>);
        return found.filter((it): it is string => typeof it === 'string');
      },
      write: (key, text) => writeKept(database, key, text),
    };
  } catch {
    return undefined;
  }
}

function localOf(): Local | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}

/** The drafts of this machine, as they stand on its disk; a browser that forbids IndexedDB has what it keeps in localStorage. */
export async function openDrafts(): Promise<MachineDrafts> {
  const disk = await openDisk();
  const channel = new BroadcastChannel('trongdong.drafts');
  try {
    return await new MachineDrafts(disk, localOf(), channel).load(Date.now());
  } catch {
    // A disk that cannot be read is none.
    return new MachineDrafts(undefined, localOf(), channel).load(Date.now());
  }
}
