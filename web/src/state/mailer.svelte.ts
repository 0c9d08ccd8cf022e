// Sends the letter that waits until the centre has answered, and says honestly where it stands.
import { backoffMs } from '../link/backoff';
import { NoAnswer, PublicRefused, sendLetter } from '../link/public';
import { letterOf, newKey, type Draft } from '../nouns/report';
import { Letters } from './letters';
import { reader } from './reader.svelte';

/** Where the letter stands. */
export type Post =
  | { state: 'writing' }
  | { state: 'sending' }
  | { state: 'offline' }
  | { state: 'unanswered' }
  | { state: 'busy'; seconds: number }
  | { state: 'refused'; vi: string; en: string }
  | { state: 'sent'; code: string };

/** A store for browsers that forbid one: for as long as the page is open. */
function storeOf(): Pick<Storage, 'getItem' | 'setItem'> {
  try {
    return localStorage;
  } catch {
    return { getItem: () => null, setItem: () => { throw new Error('nothing is kept'); } };
  }
}

class Mailer {
  readonly letters = new Letters(storeOf());
  post = $state.raw<Post>(this.letters.waiting === undefined ? { state: 'writing' } : { state: 'unanswered' });
  isKept = $state(true);
  private attempt = 0;
  private isSending = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Takes up a letter of an earlier visit; sends at once when the line is back. Gives back what stops it. */
  start(): () => void {
    const now = () => void this.sendNow();
    addEventListener('online', now);
    if (this.letters.waiting !== undefined) now();
    return () => {
      removeEventListener('online', now);
      clearTimeout(this.timer);
    };
  }

  keepDraft(draft: Draft): void {
    this.letters.keepDraft(draft);
    this.isKept = this.letters.isKept;
  }

  /** Puts what was written on its way, under a new key. */
  async send(draft: Draft): Promise<void> {
    if (this.letters.waiting !== undefined) return;
    this.letters.post(letterOf(draft, newKey((bytes) => crypto.getRandomValues(bytes)), reader.language));
    this.isKept = this.letters.isKept;
    this.attempt = 0;
    await this.sendNow();
  }

  /** Sends what waits, now. */
  async sendNow(): Promise<void> {
    const { waiting } = this.letters;
    if (waiting === undefined || this.isSending) return;
    clearTimeout(this.timer);
    this.isSending = true;
    this.post = { state: 'sending' };
    try {
      const code = await sendLetter(waiting);
      this.letters.received(code, Date.now());
      this.post = { state: 'sent', code };
    } catch (error) {
      this.failed(error);
    } finally {
      this.isSending = false;
    }
  }

  /** To the next report. */
  another(): void {
    this.post = { state: 'writing' };
  }

  private failed(error: unknown): void {
    if (error instanceof PublicRefused && error.retryAfterS > 0) {
      this.post = { state: 'busy', seconds: error.retryAfterS };
      this.again(error.retryAfterS * 1_000);
    } else if (error instanceof PublicRefused) {
      this.letters.refused();
      this.post = { state: 'refused', vi: error.vi, en: error.en };
    } else {
      // Whatever else went wrong, nobody knows what became of it: the same letter goes again.
      this.post = { state: navigator.onLine || !(error instanceof NoAnswer) ? 'unanswered' : 'offline' };
      this.again(1_000 + backoffMs(this.attempt, Math.random()));
      this.attempt += 1;
    }
  }

  private again(waitMs: number): void {
    this.timer = setTimeout(() => void this.sendNow(), waitMs);
  }
}

export const mailer = new Mailer();
