// Going through an incident's course: which one this screen shows instead of now, and at which step it is.
import { readRecorded, Refused } from '../link/api';
import { courseOf, PACES, STEP_MS, stepAt, stepsOf, thenOf, type Pace, type ReplayCourse } from '../nouns/replay';

class Replay {
  /** Id of the incident whose course lies over the map; empty: the map shows what is now. */
  id = $state('');

  open(id: string): void {
    this.id = id;
  }

  close(): void {
    this.id = '';
  }
}

export const replay = new Replay();

/** Goes through one course, by hand or by itself. */
export class Player {
  course = $state.raw<ReplayCourse>();
  /** Why there is none: it is not there for this person, or no node answered. */
  trouble = $state<'' | 'unknown' | 'unreachable'>('');
  /** Which step, from 0. */
  at = $state(0);
  playing = $state(false);
  pace = $state<Pace>(1);

  readonly steps = $derived(this.course === undefined ? [] : stepsOf(this.course));
  readonly step = $derived(this.steps[this.at]);
  readonly then = $derived(this.course === undefined || this.step === undefined ? undefined : thenOf(this.course, this.step.atMs));

  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts questions: an answer that is overtaken by a later one is dropped. */
  private asked = 0;

  /** Asks for a course and stands at that time of it; without one at its beginning. What was shown is gone meanwhile. */
  async load(id: string, atMs?: number): Promise<void> {
    this.stop();
    this.course = undefined;
    this.trouble = '';
    this.at = 0;
    this.asked += 1;
    const turn = this.asked;
    try {
      const course = courseOf(await readRecorded(`/api/incidents/${encodeURIComponent(id)}/replay`));
      if (turn !== this.asked) return;
      this.course = course;
      if (atMs !== undefined) this.at = stepAt(this.steps, atMs);
    } catch (error) {
      if (turn === this.asked) this.trouble = error instanceof Refused && error.status === 404 ? 'unknown' : 'unreachable';
    }
  }

  /** To a step; one that is not there is the nearest. Who steps by hand stops it. */
  go(step: number): void {
    this.stop();
    this.at = Math.max(0, Math.min(this.steps.length - 1, step));
  }

  /** Plays on, or stops; at the end it begins anew. */
  toggle(): void {
    if (this.playing) {
      this.stop();
      return;
    }
    if (this.at >= this.steps.length - 1) this.at = 0;
    this.playing = true;
    this.wait();
  }

  /** Plays faster or slower by so many notches. */
  turnPace(notches: number): void {
    const notch = PACES.indexOf(this.pace) + notches;
    this.setPace(PACES[Math.max(0, Math.min(PACES.length - 1, notch))] ?? 1);
  }

  setPace(pace: Pace): void {
    this.pace = pace;
    if (this.playing) this.wait();
  }

  /** Stands where it is. */
  stop(): void {
    clearTimeout(this.timer);
    this.playing = false;
  }

  private wait(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.at < this.steps.length - 1) this.at += 1;
      if (this.at >= this.steps.length - 1) this.stop();
      else this.wait();
    }, STEP_MS / this.pace);
  }
}
