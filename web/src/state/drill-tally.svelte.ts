// What the drill that goes on does to this screen, counted on every page with a line and kept for the tab: the page of drills says it at the end.
import type { Line, LineState, Stats } from '../link/messages';
import { tallied, tallyOf, type Counters, type Tally } from '../nouns/drill-tally';

const KEPT = 'trongdong.drill-tally';

class DrillTally {
  tally = $state.raw<Tally | undefined>(undefined);
  private before: Counters | undefined;
  private line: LineState = 'connecting';

  /** Takes up what the tab kept; gives back what ends the counting. */
  start(): () => void {
    this.tally = tallyOf(sessionStorage.getItem(KEPT));
    const keep = () => {
      if (this.tally !== undefined) sessionStorage.setItem(KEPT, JSON.stringify(this.tally));
    };
    addEventListener('pagehide', keep);
    return () => {
      keep();
      removeEventListener('pagehide', keep);
      this.before = undefined;
      this.line = 'connecting';
    };
  }

  /** The line as the worker told of it. */
  heard(line: Line, { gaps, doubles, resets }: Stats): void {
    const isLost = line.state === 'cut' && this.line !== 'cut';
    const now = { gaps, doubles, resets };
    this.tally = tallied(this.tally, line.drill?.number, Date.now() + line.clockOffsetMs, this.before, now, isLost);
    this.before = now;
    this.line = line.state;
  }
}

export const drillTally = new DrillTally();
