// Whether the node serves a newer build than this page runs. A wall, at which nobody may sit, loads itself anew once all is quiet; at a desk
// a person does so by a button. Each build is loaded by itself once at most, so that nodes of two builds never make a page flicker.
import { readPage } from '../link/build';
import { buildOf, isOther, isQuiet, namesOf } from '../nouns/build';
import { alarmState, callsNobody } from '../nouns/alarm';
import { clock } from './clock.svelte';
import { commands } from './commands.svelte';
import { desk } from './desk.svelte';
import { picture } from './picture.svelte';

/** How often the node is asked; a line that comes back asks at once, for then a node was started. */
const ASK_MS = 60_000;
/** How often a screen that waits for quiet looks whether it is. */
const LOOK_MS = 5_000;
/** Builds that this tab has loaded by itself, kept so that none is loaded twice; the oldest leave. */
const KEY = 'trongdong.builds';
const BUILDS_MAX = 8;
const WORST = 5;
const TOUCHES = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

/** Builds that were loaded by themselves; undefined: this browser keeps nothing, and so nothing is loaded by itself. */
function loaded(): string[] | undefined {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter((name) => typeof name === 'string') : [];
  } catch {
    return undefined;
  }
}

/** Kept before the page goes, or it does not go. */
function keep(build: string): boolean {
  try {
    sessionStorage.setItem(KEY, JSON.stringify([...(loaded() ?? []), build].slice(-BUILDS_MAX)));
    return true;
  } catch {
    return false;
  }
}

/** A field holds words that were not there when it came up. */
export function holdsWords(): boolean {
  const fields = document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('textarea, input:not([type=checkbox], [type=radio], [type=range])');
  return [...fields].some((field) => field.value !== field.defaultValue);
}

class Build {
  /** The build that is served and not run here; empty: none. */
  newer = $state('');
  /** It loads itself, once it is quiet. */
  willLoad = $state(false);
  private touchedAtMs = 0;
  private isAsking = false;

  /** Watches from here on; gives back what stops it. `alone`: this screen may load itself anew. */
  start(alone: boolean): () => void {
    const own = new Set(namesOf(document.documentElement.outerHTML));
    const touch = () => (this.touchedAtMs = Date.now());
    touch();
    for (const kind of TOUCHES) addEventListener(kind, touch, { capture: true, passive: true });
    const ask = () => void this.ask(own, alone);
    const look = () => {
      if (this.willLoad && this.isStill()) void this.load(own, alone);
    };
    const timers = [setInterval(ask, ASK_MS), setInterval(look, LOOK_MS)];
    document.addEventListener('visibilitychange', ask);
    const stopLine = $effect.root(() => {
      const isLive = $derived(picture.line?.state === 'live');
      $effect(() => {
        if (isLive) ask();
      });
    });
    return () => {
      timers.forEach(clearInterval);
      stopLine();
      document.removeEventListener('visibilitychange', ask);
      for (const kind of TOUCHES) removeEventListener(kind, touch, { capture: true });
    };
  }

  /** Whether the node said which build it serves. */
  private async ask(own: ReadonlySet<string>, alone: boolean): Promise<boolean> {
    if (this.isAsking) return false;
    this.isAsking = true;
    try {
      const page = await readPage();
      // A node that gives no answer says nothing of its build.
      if (page === undefined) return false;
      const served = namesOf(page);
      this.newer = isOther(served, own) ? buildOf(served) : '';
      this.willLoad = alone && this.newer !== '' && loaded()?.includes(this.newer) === false;
      return true;
    } finally {
      this.isAsking = false;
    }
  }

  /** Asks once more first: a node that has gone meanwhile would leave the screen dark. */
  private async load(own: ReadonlySet<string>, alone: boolean): Promise<void> {
    if ((await this.ask(own, alone)) && this.willLoad && this.isStill() && keep(this.newer)) location.reload();
  }

  private isStill(): boolean {
    const focused = document.activeElement;
    return isQuiet({
      idleMs: Date.now() - this.touchedAtMs,
      asks: desk.question !== undefined || desk.focus !== undefined || document.querySelector('dialog[open]') !== null,
      writes: holdsWords() || (focused instanceof HTMLElement && focused.matches('input, textarea, select, [contenteditable]')),
      waits: [...commands.states.values()].some(({ status }) => status === 'pending'),
      alarmed: !picture.loaded || [...picture.alarms.values()].some((alarm) => alarm.severity === WORST && !alarm.acknowledged && !callsNobody(alarmState(alarm, clock.nowMs, picture))),
    });
  }
}

export const build = new Build();
