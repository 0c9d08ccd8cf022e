// What a district centre's node keeps of this person's commands, and what became of it. Asked for while there is any.
import { readJson } from '../link/api';
import { isUnsent, keptOf, type Kept, type KeptListWire } from '../nouns/kept';
import { commands } from './commands.svelte';

/** Time between two questions while something is kept. */
const ASK_MS = 3_000;

class KeptList {
  /** Newest first. */
  items = $state.raw<readonly Kept[]>([]);
  /** Places of commands whose files cannot be read: somebody has to enter them again. */
  damaged = $state.raw<readonly number[]>([]);
  readonly unsent = $derived(this.items.filter(isUnsent).length);
  readonly rejected = $derived(this.items.filter(({ state }) => state === 'rejected').length);
  private timer: ReturnType<typeof setInterval> | undefined;
  private asking = false;

  /** Asks now, and again until nothing waits. Safe to call often. */
  follow(): void {
    this.timer ??= setInterval(() => void this.ask(), ASK_MS);
    void this.ask();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.items = [];
    this.damaged = [];
  }

  private async ask(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    try {
      const { items, damaged } = (await readJson('/api/kept')) as KeptListWire;
      this.items = items.map(keptOf);
      this.damaged = damaged;
      commands.heardOfKept(this.items);
      if (this.timer !== undefined && this.unsent === 0) {
        clearInterval(this.timer);
        this.timer = undefined;
      }
    } catch {
      // No answer: asked again while the timer runs.
    } finally {
      this.asking = false;
    }
  }
}

export const kept = new KeptList();
commands.onKept = () => kept.follow();
