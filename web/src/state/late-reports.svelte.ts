// Reports of which a deadline calls. Nothing of a report goes over the line, so whoever handles them asks for these.
import { readTold } from '../link/api';
import type { Told } from '../nouns/told';

const ASK_AGAIN_MS = 5_000;

class LateReports {
  items = $state.raw<readonly Told[]>([]);

  async load(): Promise<void> {
    try {
      this.items = (await readTold({ late: 'true' })).items;
    } catch {
      // What was heard last stays: a call is not taken back by silence.
    }
  }

  /** Asks until what it gives back is called. */
  start(): () => void {
    void this.load();
    const timer = setInterval(() => void this.load(), ASK_AGAIN_MS);
    return () => clearInterval(timer);
  }
}

export const lateReports = new LateReports();
