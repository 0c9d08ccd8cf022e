// The alarm bell. Browsers allow sound only after a gesture, so it is armed by a button at the start of a shift, and
// whether it is armed is always visible.
import type { Severity } from '../nouns/severity';

/** Repeated until somebody acknowledges, milliseconds. */
const REPEAT_MS = 4_000;
/** Three sounds only: worst, high, the rest. Beats in hertz. */
const BEATS: Readonly<Record<Severity, readonly number[]>> = {
  5: [880, 660, 880, 660],
  4: [740, 740],
  3: [520],
  2: [520],
  1: [520],
};
const BEAT_S = 0.16;

class Bell {
  armed = $state(false);
  private context: AudioContext | undefined;
  private severity: Severity | undefined;
  private readonly wanted = new Map<string, Severity>();
  private timer: ReturnType<typeof setInterval> | undefined;

  /** Arms or disarms; call from a click. */
  async toggle(): Promise<void> {
    if (this.armed) {
      this.armed = false;
      return;
    }
    this.context ??= new AudioContext();
    await this.context.resume();
    this.armed = this.context.state === 'running';
    this.ring(3);
  }

  /** The worst of what nobody has acknowledged, of this part of the screen; undefined: it is silent. The worst of all parts rings. */
  set(severity: Severity | undefined, part = 'screen'): void {
    if (severity === undefined) this.wanted.delete(part);
    else this.wanted.set(part, severity);
    const worst = Math.max(0, ...this.wanted.values());
    this.sound(worst === 0 ? undefined : (worst as Severity));
  }

  private sound(severity: Severity | undefined): void {
    if (severity === this.severity) return;
    this.severity = severity;
    clearInterval(this.timer);
    if (severity === undefined) return;
    this.ring(severity);
    this.timer = setInterval(() => this.ring(severity), REPEAT_MS);
  }

  private ring(severity: Severity): void {
    const context = this.context;
    if (!this.armed || context === undefined) return;
    BEATS[severity].forEach((hertz, index) => {
      const at = context.currentTime + index * BEAT_S * 1.4;
      const oscillator = context.createOscillator();
      const gain = context.createGain();
      oscillator.frequency.value = hertz;
      gain.gain.setValueAtTime(0.0001, at);
      gain.gain.exponentialRampToValueAtTime(0.25, at + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.0001, at + BEAT_S);
      oscillator.connect(gain).connect(context.destination);
      oscillator.start(at);
      oscillator.stop(at + BEAT_S);
    });
  }
}

export const bell = new Bell();
