// Commands under way: pending until the log has them, then committed or refused. Nothing is shown as done before.
import { KeptBack, nextSequence, Refused, sendCommand, type Committed, type SendOnce, type Session } from '../link/api';
import type { Kept } from '../nouns/kept';
import type { LogPlace } from '../nouns/log-place';
import type { Refusal } from '../nouns/refusal';

/** Commands that may wait for an answer at once; beyond it new ones are refused here. */
const PENDING_MAX = 32;
/** How long a result stays beside what it is about. */
const COMMITTED_SHOWN_MS = 4_000;
const REFUSED_SHOWN_MS = 20_000;
/** How long it is said that something new was kept: it has no place of its own on the screen, but one in the list of kept ones. */
const NEW_KEPT_SHOWN_MS = 8_000;

export interface CommandState {
  /**
   * Unsent: refused by this screen, for a reason in the reader's language. Kept: a district centre's node has it, and the
   * province has not answered yet.
   */
  status: 'pending' | 'kept' | 'committed' | 'refused' | 'unsent';
  /** Of what is kept: its place in the node's order. */
  place?: number;
  tries: number;
  version: number;
  /** Of what was committed: what it made or changed. */
  entity?: string;
  /** The same: where the log has it, if the node said. */
  log?: LogPlace | undefined;
  reason: Refusal;
}

const NO_REASON: Refusal = { code: '', field: '', message: '' };

class Commands {
  /** By target, e.g. "incident/I12". */
  states = $state.raw<ReadonlyMap<string, CommandState>>(new Map());
  session: Session | undefined;

  of(target: string): CommandState | undefined {
    return this.states.get(target);
  }

  isPending(target: string): boolean {
    return this.of(target)?.status === 'pending';
  }

  /** Says beside `target` why nothing was sent. */
  keepBack(target: string, message: string): void {
    if (this.isPending(target)) return;
    this.finish(target, { status: 'unsent', tries: 0, version: 0, reason: { ...NO_REASON, message } }, REFUSED_SHOWN_MS);
  }

  /** Sends one command about `target`; undefined unless it was committed. A target has one command under way at most. */
  async send(target: string, path: string, body: unknown, tooMany: string, once?: SendOnce): Promise<Committed | undefined> {
    if (this.session === undefined || this.isPending(target)) return undefined;
    const waiting = [...this.states.values()].filter((state) => state.status === 'pending').length;
    if (waiting >= PENDING_MAX) {
      this.keepBack(target, tooMany);
      return undefined;
    }
    let state: CommandState = { status: 'pending', tries: 0, version: 0, reason: NO_REASON };
    this.put(target, state);
    try {
      const seq = await nextSequence(this.session);
      const committed = await sendCommand(path, body, seq, () => {
        state = { ...state, tries: state.tries + 1 };
        this.put(target, state);
      }, once);
      this.finish(target, { ...state, status: 'committed', version: committed.version, entity: committed.entity, log: committed.log }, COMMITTED_SHOWN_MS);
      return committed;
    } catch (error) {
      if (error instanceof KeptBack) {
        this.keep(target, error.place);
        return undefined;
      }
      const reason = error instanceof Refused ? error : { ...NO_REASON, message: String(error) };
      this.finish(target, { ...state, status: 'refused', reason }, REFUSED_SHOWN_MS);
      return undefined;
    }
  }

  /** A node keeps it: said beside its target until the province has answered. */
  private keep(target: string, place: number): void {
    const state: CommandState = { status: 'kept', tries: 0, version: 0, reason: NO_REASON, place };
    if (target.includes('/')) this.put(target, state);
    else this.finish(target, state, NEW_KEPT_SHOWN_MS);
    this.onKept();
  }

  /** What the node says of kept commands: what still waits, also from before this page was opened, and what was answered. */
  heardOfKept(items: readonly Kept[]): void {
    for (const { place, target, state, version, log, reason } of [...items].reverse()) {
      const shown = this.of(target);
      if (state === 'waiting' || state === 'sign-in') {
        if (target !== '' && shown === undefined) this.put(target, { status: 'kept', tries: 0, version: 0, reason: NO_REASON, place });
      } else if (shown?.status === 'kept' && shown.place === place) {
        if (state === 'committed') this.finish(target, { ...shown, status: 'committed', version, log }, COMMITTED_SHOWN_MS);
        else this.finish(target, { ...shown, status: 'refused', reason }, REFUSED_SHOWN_MS);
      }
    }
  }

  /** Called when something was kept, so that whoever lists it asks. */
  onKept: () => void = () => {};

  dismiss(target: string): void {
    const next = new Map(this.states);
    next.delete(target);
    this.states = next;
  }

  private put(target: string, state: CommandState): void {
    this.states = new Map(this.states).set(target, state);
  }

  private finish(target: string, state: CommandState, shownMs: number): void {
    this.put(target, state);
    setTimeout(() => {
      if (this.of(target) === state) this.dismiss(target);
    }, shownMs);
  }
}

export const commands = new Commands();
