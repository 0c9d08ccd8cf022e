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
  /** What each part of the screen asks for. */
  private readonly asked = new Map<string, Severity>();
  private severity: Severity | undefined;
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

  /** The worst of what nobody has looked at yet in one part of the screen; undefined: nothing rings there. The worst of all parts rings. */
  set(asked: Severity | undefined, part = 'screen'): void {
    if (asked === undefined) this.asked.delete(part);
    else this.asked.set(part, asked);
    const severity = [...this.asked.values()].reduce<Severity | undefined>((worst, one) => (worst === undefined || one > worst ? one : worst), undefined);
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
