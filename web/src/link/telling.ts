// What a screen tells its node of frames that did not come as they should have: what is new since it was told before and answered. Pure.

export interface Frames {
  gaps: number;
  doubles: number;
}

/** Frames of each kind that are told at once; what is more goes with the next. */
export const TOLD_MAX = 1_000;

export class Telling {
  private told: Frames = { gaps: 0, doubles: 0 };
  /** On its way, and not answered. */
  private under: { nonce: bigint; frames: Frames } | undefined;

  /** Whether something is new that is not on its way. */
  isDue(counted: Frames): boolean {
    return this.under === undefined && (counted.gaps > this.told.gaps || counted.doubles > this.told.doubles);
  }

  /** What goes with the ping of this number: one at a time, so that nothing is told twice on one line. */
  tell(nonce: bigint, counted: Frames): Frames {
    if (!this.isDue(counted)) return { gaps: 0, doubles: 0 };
    const frames = { gaps: Math.min(counted.gaps - this.told.gaps, TOLD_MAX), doubles: Math.min(counted.doubles - this.told.doubles, TOLD_MAX) };
    this.under = { nonce, frames };
    return frames;
  }

  /** The node has what went with this ping. */
  answered(nonce: bigint): void {
    if (this.under?.nonce !== nonce) return;
    const { gaps, doubles } = this.under.frames;
    this.told = { gaps: this.told.gaps + gaps, doubles: this.told.doubles + doubles };
    this.under = undefined;
  }

  /** The line is gone: what the node may not have heard is told again, rather twice than never. */
  lost(): void {
    this.under = undefined;
  }
}
