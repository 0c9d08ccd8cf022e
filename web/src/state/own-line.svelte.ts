// What happens to this screen's own line, requests and program. It is kept for the tab, so that who comes from the wall to the page of the
// nodes sees the wall's last hour.
import { onRequests } from '../link/http';
import type { Line, LineState } from '../link/messages';
import { minutesOf, noted, type Minute, type Noted } from '../nouns/own-line';

const KEPT = 'trongdong.own-line';

class OwnLine {
  minutes = $state.raw<readonly Minute[]>([]);
  /** The last round trip; undefined: none yet. */
  roundTripMs = $state<number | undefined>(undefined);
  private delayMs: number | undefined;
  private line: LineState = 'connecting';

  /** Takes up what the tab kept and watches requests and faults; gives back what ends that. */
  start(): () => void {
    this.minutes = minutesOf(sessionStorage.getItem(KEPT));
    const fault = () => this.note({ kind: 'faults' });
    const keep = () => sessionStorage.setItem(KEPT, JSON.stringify(this.minutes));
    addEventListener('error', fault);
    addEventListener('unhandledrejection', fault);
    addEventListener('pagehide', keep);
    onRequests((ms, isAnswered) => this.note(isAnswered ? { kind: 'request', ms } : { kind: 'unanswered' }));
    return () => {
      keep();
      removeEventListener('error', fault);
      removeEventListener('unhandledrejection', fault);
      removeEventListener('pagehide', keep);
      onRequests(() => {});
      this.line = 'connecting';
      this.delayMs = undefined;
      this.roundTripMs = undefined;
    };
  }

  /** The line as the worker told of it. */
  heard({ state, delayMs }: Line): void {
    if (delayMs !== undefined && delayMs !== this.delayMs) {
      this.delayMs = delayMs;
      this.roundTripMs = delayMs * 2;
      this.note({ kind: 'ping', ms: delayMs * 2 });
    }
    if (state === this.line) return;
    if (state === 'cut') this.note({ kind: 'cuts' });
    if (state === 'live' && this.line === 'cut') this.note({ kind: 'returns' });
    this.line = state;
  }

  /** The worker hung and was replaced: a fault of this screen, and its line begins anew. */
  restarted(): void {
    this.note({ kind: 'faults' });
    this.line = 'connecting';
  }

  private note(what: Noted): void {
    this.minutes = noted(this.minutes, Date.now(), what);
  }
}

export const ownLine = new OwnLine();
