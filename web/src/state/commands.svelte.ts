// Commands under way: pending until the log has them, then committed or refused. Nothing is shown as done before.
import { nextSequence, Refused, sendCommand, type Session } from '../link/api';

/** Commands that may wait for an answer at once; beyond it new ones are refused here. */
const PENDING_MAX = 32;
/** How long a result stays beside what it is about. */
const COMMITTED_SHOWN_MS = 4_000;
const REFUSED_SHOWN_MS = 20_000;

export interface CommandState {
  status: 'pending' | 'committed' | 'refused';
  tries: number;
  version: number;
  message: string;
}

class Commands {
  /** By target, e.g. "incident/I12". */
  states = $state.raw<ReadonlyMap<string, CommandState>>(new Map());
  session: Session | undefined;

  of(target: string): CommandState | undefined {
    return this.states.get(target);
  }

  /** Sends one command about `target`; true when it was committed. A target has one command under way at most. */
  async send(target: string, path: string, body: unknown, tooMany: string): Promise<boolean> {
    if (this.session === undefined || this.of(target)?.status === 'pending') return false;
    const waiting = [...this.states.values()].filter((state) => state.status === 'pending').length;
    if (waiting >= PENDING_MAX) {
      this.finish(target, { status: 'refused', tries: 0, version: 0, message: tooMany }, REFUSED_SHOWN_MS);
      return false;
    }
    let state: CommandState = { status: 'pending', tries: 0, version: 0, message: '' };
    this.put(target, state);
    try {
      const seq = await nextSequence(this.session);
      const committed = await sendCommand(path, body, seq, () => {
        state = { ...state, tries: state.tries + 1 };
        this.put(target, state);
      });
      this.finish(target, { ...state, status: 'committed', version: committed.version }, COMMITTED_SHOWN_MS);
      return true;
    } catch (error) {
      const message = error instanceof Refused ? error.message || error.code : String(error);
      this.finish(target, { ...state, status: 'refused', message }, REFUSED_SHOWN_MS);
      return false;
    }
  }

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
