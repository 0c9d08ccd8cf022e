// What a crew has tapped and the centre may not have yet. Kept on the phone, sent once and in order with the time of the tap.
// A tap names the assignment and the status that it was made for, so one that is sent again under a new session is refused by
// the cluster and not applied twice. Pure but for the store that it is given.
import type { Crew } from '../nouns/crew';
import type { UnitState } from '../nouns/unit-state';
import { toWire } from '../nouns/wire';
import { photoTarget } from '../link/photo';

/** Taps that wait at once; at the bound no more is taken, and the page says so. */
export const WAITING_MAX = 64;
/** Taps that are over and still shown; the oldest leave. */
const SHOWN_MAX = 20;
/** A tap can be taken back for so long before it is sent. Mayday goes at once. */
export const UNDO_MS = 5_000;
/** Under which the taps are kept. */
export const OUTBOX_KEY = 'trongdong.outbox';

/** One tap. Times are Unix milliseconds. */
export interface Tap {
  id: number;
  kind: 'status' | 'check-in' | 'mayday' | 'photo';
  unit: string;
  assignment: number;
  /** For a status: what it shall be, and what it was. */
  status: UnitState;
  expected: UnitState;
  reason: string;
  /** For a photo: of which incident, and where this phone keeps its bytes. */
  incident?: string;
  photo?: number;
  tappedAtMs: number;
  /** Waiting: the centre does not have it, as far as this phone knows. */
  state: 'waiting' | 'received' | 'refused';
  /** Number of the command and the session that it was taken in; 0: none yet. */
  seq: number;
  session: string;
  /** When the centre's answer came. */
  answeredAtMs: number;
  code: string;
  message: string;
}

export type OutboxStore = Pick<Storage, 'getItem' | 'setItem'>;
type New = Pick<Tap, 'kind' | 'unit' | 'assignment' | 'status' | 'expected' | 'reason' | 'tappedAtMs' | 'incident' | 'photo'>;

function isTap(value: unknown): value is Tap {
  const tap = value as Partial<Tap> | null;
  return tap !== null && typeof tap === 'object' && Number.isSafeInteger(tap.id) && typeof tap.unit === 'string' && typeof tap.state === 'string';
}

export class Outbox {
  private taps: readonly Tap[];

  /** Takes up what the phone has kept; what cannot be read is nothing. */
  constructor(private readonly store: OutboxStore) {
    let kept: unknown;
    try {
      kept = JSON.parse(store.getItem(OUTBOX_KEY) ?? '[]');
    } catch {
      kept = [];
    }
    this.taps = Array.isArray(kept) ? kept.filter(isTap) : [];
  }

  all(): readonly Tap[] {
    return this.taps;
  }

  waiting(): Tap[] {
    return this.taps.filter((tap) => tap.state === 'waiting');
  }

  /** Keeps a tap; undefined at the bound, and for a second mayday while one waits. */
  add(tap: New): Tap | undefined {
    const waiting = this.waiting();
    if (waiting.length >= WAITING_MAX) return undefined;
    if (tap.kind === 'mayday' && waiting.some((other) => other.kind === 'mayday')) return undefined;
    const id = Math.max(0, ...this.taps.map((other) => other.id)) + 1;
    const added: Tap = { ...tap, id, state: 'waiting', seq: 0, session: '', answeredAtMs: 0, code: '', message: '' };
    this.keep([...this.taps, added]);
    return added;
  }

  /** Takes a tap back that has not been tried yet, and what was tapped on top of it; a photo stands on no tap. */
  undo(id: number): void {
    const tap = this.taps.find((other) => other.id === id);
    if (tap === undefined || tap.seq !== 0 || tap.state !== 'waiting') return;
    this.keep(this.taps.filter((other) => other.id < id || other.state !== 'waiting' || other.seq !== 0 || other.kind === 'mayday' || (other.id !== id && (other.kind === 'photo' || tap.kind === 'photo'))));
  }

  /**
   * What to send now: mayday before all else, then the oldest once it can no longer be taken back. Photos take long and nobody decides
   * on them alone: they go in their order once nothing else waits.
   */
  next(nowMs: number): Tap | undefined {
    const waiting = this.waiting();
    const mayday = waiting.find((tap) => tap.kind === 'mayday');
    // A clock that was set back must not hold taps for ever.
    const isDue = (tap: Tap) => tap.seq !== 0 || Math.abs(nowMs - tap.tappedAtMs) >= UNDO_MS;
    const short = waiting.filter((tap) => tap.kind !== 'photo');
    return mayday ?? (short.length > 0 ? short : waiting).slice(0, 1).find(isDue);
  }

  /** The number under which it goes, kept before it is sent, so that a reload sends the same. */
  number(id: number, seq: number, session: string): void {
    this.change(id, { seq, session });
  }

  received(id: number, nowMs: number): void {
    this.change(id, { state: 'received', answeredAtMs: nowMs });
  }

  refused(id: number, nowMs: number, code: string, message: string): void {
    this.change(id, { state: 'refused', answeredAtMs: nowMs, code, message });
  }

  /** What the centre says it has is received, whatever became of its answer. */
  reconcile(crew: Crew, nowMs: number): void {
    for (const tap of this.waiting()) if (has(crew, tap)) this.received(tap.id, nowMs);
  }

  private change(id: number, more: Partial<Tap>): void {
    this.keep(this.taps.map((tap) => (tap.id === id ? { ...tap, ...more } : tap)));
  }

  private keep(taps: readonly Tap[]): void {
    const over = taps.filter((tap) => tap.state !== 'waiting').slice(-SHOWN_MAX);
    this.taps = taps.filter((tap) => tap.state === 'waiting' || over.includes(tap));
    this.store.setItem(OUTBOX_KEY, JSON.stringify(this.taps));
  }
}

/** Whether the centre's picture shows that it has the tap. The end of an assignment leaves no trace there. */
export function has(crew: Crew, tap: Tap): boolean {
  if (tap.unit !== crew.unit || tap.kind === 'photo') return false;
  if (tap.kind === 'mayday') return crew.mayday && tap.seq !== 0;
  if (tap.assignment !== crew.assignment) return false;
  if (tap.kind === 'check-in') return tap.seq !== 0 && crew.checkedInAtMs >= tap.tappedAtMs;
  return tap.seq !== 0 && crew.received.includes(tap.status);
}

/**
 * What the crew is doing by its own taps: what the centre said, and on top of it each tap that its picture does not show yet. A tap that was
 * answered counts on until then: the answer comes from the node that leads, the picture from one that may be behind it, or gone.
 */
export function statusNow(crew: Crew, taps: readonly Tap[]): UnitState {
  const isOnTop = (tap: Tap) => tap.state === 'waiting' || (tap.state === 'received' && tap.assignment !== 0 && !has(crew, tap));
  const own = taps.filter((tap) => tap.kind === 'status' && tap.unit === crew.unit && tap.assignment === crew.assignment && isOnTop(tap));
  return own.at(-1)?.status ?? crew.status;
}

/** Path and body of the command that a tap is. */
export function commandOf(tap: Tap): { path: string; body: object } {
  const unit = `/api/units/${encodeURIComponent(tap.unit)}`;
  const { assignment, tappedAtMs: tapped_at_ms } = tap;
  if (tap.kind === 'photo') return { path: photoTarget(tap.incident ?? '', tap.tappedAtMs), body: {} };
  if (tap.kind === 'mayday') return { path: `${unit}/mayday`, body: { tapped_at_ms } };
  if (tap.kind === 'check-in') return { path: `${unit}/check-in`, body: { assignment, tapped_at_ms } };
  const body = { status: toWire(tap.status), expected_status: toWire(tap.expected), assignment, tapped_at_ms, reason: tap.reason };
  return { path: `${unit}/status`, body };
}
