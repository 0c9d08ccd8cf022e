// What a citizen writes and sends, kept on this machine: a draft survives a reload, a letter that has no answer yet goes out under
// the same key until it has one, and the codes of what was sent are there to follow. Pure but for the store that it is given.
import { EMPTY_DRAFT, REPORT_KINDS, type Draft, type Letter } from '../nouns/report';

const KEY = 'trongdong.letters';
/** Codes kept; the oldest leave. */
export const SENT_MAX = 10;
/** Characters of what was sent that stand beside its code. */
const TITLE_MAX = 60;

/** A report that the centre has. */
export interface Sent {
  code: string;
  title: string;
  atMs: number;
}

interface Kept {
  draft: Draft;
  /** Under way: the centre does not have it, as far as this machine knows. */
  waiting?: Letter;
  sent: Sent[];
}

export type LetterStore = Pick<Storage, 'getItem' | 'setItem'>;

const text = (value: unknown) => (typeof value === 'string' ? value : '');
const degrees = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);

function draftOf(value: unknown): Draft {
  const raw = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const kind = REPORT_KINDS.find((known) => known === raw['kind']) ?? '';
  const [latitude, longitude] = [degrees(raw['latitude']), degrees(raw['longitude'])];
  const pin = latitude === undefined || longitude === undefined ? {} : { latitude, longitude };
  return { text: text(raw['text']), kind, adminUnit: text(raw['adminUnit']), address: text(raw['address']), contact: text(raw['contact']), ...pin };
}

function letterKept(value: unknown): Letter | undefined {
  const letter = value as Partial<Letter> | null | undefined;
  const isOne = typeof letter?.key === 'string' && typeof letter.text === 'string' && typeof letter.place?.admin_unit === 'string';
  return isOne ? (letter as Letter) : undefined;
}

function isSent(value: unknown): value is Sent {
  const sent = value as Partial<Sent> | null;
  return typeof sent?.code === 'string' && typeof sent.title === 'string' && typeof sent.atMs === 'number';
}

export class Letters {
  private kept: Kept;
  /** False once this machine would not keep something. */
  isKept = true;

  /** Takes up what the machine has kept; what cannot be read is nothing. */
  constructor(private readonly store: LetterStore) {
    let raw: Record<string, unknown> = {};
    try {
      raw = (JSON.parse(store.getItem(KEY) ?? '{}') ?? {}) as Record<string, unknown>;
    } catch {
      // Nothing was kept.
    }
    const waiting = letterKept(raw['waiting']);
    const sent = Array.isArray(raw['sent']) ? raw['sent'].filter(isSent) : [];
    this.kept = { draft: draftOf(raw['draft']), ...(waiting === undefined ? {} : { waiting }), sent };
  }

  get draft(): Draft {
    return this.kept.draft;
  }

  get waiting(): Letter | undefined {
    return this.kept.waiting;
  }

  /** Newest first. */
  get sent(): readonly Sent[] {
    return this.kept.sent;
  }

  keepDraft(draft: Draft): void {
    this.keep({ ...this.kept, draft });
  }

  /** Puts a letter on its way. It is kept before it is sent, so that a reload sends the same; the draft stays until it is received. */
  post(letter: Letter): void {
    this.keep({ ...this.kept, waiting: letter });
  }

  /** The centre has it. */
  received(code: string, nowMs: number): void {
    const { waiting } = this.kept;
    // Another tab may have heard first.
    const others = this.kept.sent.filter((sent) => sent.code !== code);
    const sent = [{ code, title: (waiting?.text ?? '').slice(0, TITLE_MAX), atMs: nowMs }, ...others].slice(0, SENT_MAX);
    this.keep({ draft: EMPTY_DRAFT, sent });
  }

  /** The centre will not take it as it is: it is a draft again. */
  refused(): void {
    const { draft, sent } = this.kept;
    this.keep({ draft, sent });
  }

  /** Forgets the codes. */
  forget(): void {
    this.keep({ ...this.kept, sent: [] });
  }

  private keep(kept: Kept): void {
    this.kept = kept;
    try {
      this.store.setItem(KEY, JSON.stringify(kept));
    } catch {
      this.isKept = false;
    }
  }
}
