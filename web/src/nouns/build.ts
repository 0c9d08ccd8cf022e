// Which build of the screens a page is of: the build puts a hash of the content into the name of each script and style, and the page's
// own HTML lists them. So what a node serves now says whether it is newer than what runs here. Pure.

const NAME = /(?:src|href)="([^"]*\/assets\/[^"]+)"/g;

/** Scripts and styles that a page's HTML names. */
export function namesOf(html: string): string[] {
  return [...html.matchAll(NAME)].map(([, name = '']) => name);
}

/** Whether the node serves another build than the one that this page has; what names nothing is no build. */
export function isOther(served: readonly string[], own: ReadonlySet<string>): boolean {
  return served.some((name) => !own.has(name));
}

/** A build by its name, to tell it from another. */
export const buildOf = (served: readonly string[]): string => [...served].sort().join(' ');

/** Nobody has touched the screen for so long before it may load itself anew. */
export const IDLE_MS = 60_000;

/** What goes on at a screen that would load itself anew. */
export interface Goings {
  /** Since the last key or touch of the pointer. */
  idleMs: number;
  /** A question or something to read lies over the screen, or a file is open. */
  asks: boolean;
  /** A field holds what nobody has saved, or has the focus. */
  writes: boolean;
  /** A command has no answer yet. */
  waits: boolean;
  /** An alarm of the worst level that nobody has acknowledged, or alarms that are not known yet. */
  alarmed: boolean;
}

/** Whether nobody would miss the screen for two seconds. */
export function isQuiet({ idleMs, asks, writes, waits, alarmed }: Goings): boolean {
  return idleMs >= IDLE_MS && !asks && !writes && !waits && !alarmed;
}
