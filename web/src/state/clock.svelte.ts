// One clock for the whole screen, corrected to the server's, so that all ages step together.

/** Ages and clocks step each second; figures that are read as digits each two (IMO: at most every other second). */
const TICK_MS = 1_000;

class Clock {
  /** Server time, Unix milliseconds, each second. */
  nowMs = $state(Date.now());
  /** The same each two seconds. */
  slowMs = $state(Date.now());
  /** This machine's time, for ages of what this machine heard. */
  localMs = $state(Date.now());
  offsetMs = 0;

  /** Starts ticking; gives back what stops it. */
  start(): () => void {
    let ticks = 0;
    const tick = () => {
      this.localMs = Date.now();
      this.nowMs = this.localMs + this.offsetMs;
      if (ticks % 2 === 0) this.slowMs = this.nowMs;
      ticks += 1;
    };
    tick();
    const timer = setInterval(tick, TICK_MS);
    return () => clearInterval(timer);
  }
}

export const clock = new Clock();
