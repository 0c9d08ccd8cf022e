// Whether what rings in the room rings at this screen: the cluster's rosters say so. Who cannot be asked rings.
import { readRung } from '../link/access';

/** A shift begins and ends on the minute. */
const ASK_MS = 60_000;

class Duty {
  rung = $state(true);

  /** Asks from here on; gives back what stops it. */
  start(): () => void {
    const ask = async () => {
      try {
        this.rung = await readRung();
      } catch {
        this.rung = true;
      }
    };
    void ask();
    const timer = setInterval(() => void ask(), ASK_MS);
    return () => clearInterval(timer);
  }
}

export const duty = new Duty();
