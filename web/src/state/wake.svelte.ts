// Keeps the screen lit for as long as a page that is watched is shown: a wall that goes dark shows no alarm, and a phone that sleeps
// rings late. The device may refuse, as with a battery that is low: then the page says so.

class Wake {
  /** The device refuses, or cannot. */
  refused = $state(false);
  private lock: WakeLockSentinel | undefined;
  private holders = 0;

  /** Holds it from here on, whenever the page is to be seen; gives back what lets go. */
  hold(): () => void {
    this.holders += 1;
    const again = () => void this.take();
    document.addEventListener('visibilitychange', again);
    again();
    return () => {
      document.removeEventListener('visibilitychange', again);
      this.holders -= 1;
      if (this.holders === 0) void this.lock?.release();
    };
  }

  private async take(): Promise<void> {
    // A page that is hidden loses its lock by itself, and takes another when it is shown again.
    if (document.visibilityState !== 'visible' || this.lock?.released === false) return;
    try {
      // Without a secure context there is none.
      const device = navigator.wakeLock as WakeLock | undefined;
      const lock = await device?.request('screen');
      this.refused = lock === undefined;
      this.lock = lock;
      // Whoever held it left while it was being asked for.
      if (this.holders === 0) void lock?.release();
    } catch {
      this.refused = true;
    }
  }
}

export const wake = new Wake();
