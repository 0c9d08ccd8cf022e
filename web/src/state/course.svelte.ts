// The course of one incident, as the node keeps it: read when a screen turns to it, and again whenever something may have been added
// that does not come over the line.
import { readTimeline, Refused, type TimelineEntry } from '../link/api';

/** Readings of one course are this far apart at least, so that a busy incident is not asked for with each of its changes. */
const READ_EVERY_MS = 2_000;
/** A node that did not answer is asked again. */
const AGAIN_MS = 5_000;

export class Course {
  /** Oldest first. */
  entries = $state.raw<readonly TimelineEntry[]>([]);
  /** It could not be read, so what is shown may lack something. */
  missing = $state(false);
  /** When it was last read, by this machine's clock; 0: not yet. */
  heardAtMs = $state(0);

  private id = '';
  private mark = '';
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readAtMs = 0;
  /** Counts readings: an answer that is overtaken by a later one is dropped. */
  private asked = 0;
  private answered = 0;

  /** Turns to an incident. Another `mark` than before says that something has happened to it. */
  follow(id: string, mark: string): void {
    if (id === this.id && mark === this.mark) return;
    const isOther = id !== this.id;
    this.id = id;
    this.mark = mark;
    if (isOther) {
      this.entries = [];
      this.missing = false;
      this.heardAtMs = 0;
      this.readAtMs = 0;
      this.stop();
    }
    if (id !== '') this.readIn(Math.max(0, this.readAtMs + READ_EVERY_MS - Date.now()));
  }

  /** Asks no more. */
  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private readIn(waitMs: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.read();
    }, waitMs);
  }

  private async read(): Promise<void> {
    const { id } = this;
    this.readAtMs = Date.now();
    this.asked += 1;
    const turn = this.asked;
    try {
      const entries = await readTimeline(id);
      if (id !== this.id || turn < this.answered) return;
      this.answered = turn;
      this.entries = entries;
      this.missing = false;
      this.heardAtMs = Date.now();
    } catch (error) {
      if (id !== this.id) return;
      this.missing = true;
      if (!(error instanceof Refused)) this.readIn(AGAIN_MS);
    }
  }
}
