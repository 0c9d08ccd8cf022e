// What a drill did to this screen: frames that were missing, frames that came twice, and how often its line was lost. Pure.

/** As the line counts them since the page was opened. */
export interface Counters {
  /** A frame was missing: what the screen has was fetched anew. */
  gaps: number;
  /** A frame came again, and was dropped. */
  doubles: number;
  /** The node had the screen begin anew. */
  resets: number;
}

export interface Tally extends Counters {
  /** Number of the drill. */
  drill: number;
  /** From when on this screen counted, by the server's clock. */
  fromMs: number;
  /** How often the line was lost. */
  cuts: number;
}

/** A drill that a screen hears of later than this began before it: not all is counted. */
export const HEARD_MS_MAX = 5_000;

const NOTHING: Counters = { gaps: 0, doubles: 0, resets: 0 };
/** A line that was started anew counts from 0 again. */
const grown = (was: number, is: number) => (is >= was ? is - was : is);

/**
 * The tally with what the line says now. `drill`: the one that goes on; `before`: what the line said last, undefined: nothing on this page yet;
 * `isLost`: the line was lost since then.
 */
export function tallied(tally: Tally | undefined, drill: number | undefined, nowMs: number, before: Counters | undefined, now: Counters, isLost: boolean): Tally | undefined {
  if (drill === undefined) return tally;
  const was = before ?? NOTHING;
  const of = tally?.drill === drill ? tally : { drill, fromMs: nowMs, cuts: 0, ...NOTHING };
  const [gaps, doubles, resets] = [grown(was.gaps, now.gaps), grown(was.doubles, now.doubles), grown(was.resets, now.resets)];
  if (of === tally && gaps + doubles + resets === 0 && !isLost) return tally;
  return { ...of, gaps: of.gaps + gaps, doubles: of.doubles + doubles, resets: of.resets + resets, cuts: of.cuts + (isLost ? 1 : 0) };
}

/** What a page of this tab kept; undefined: nothing that is one. */
export function tallyOf(text: string | null): Tally | undefined {
  try {
    const { drill, fromMs, gaps, doubles, resets, cuts } = (JSON.parse(text ?? '{}') ?? {}) as { [key in keyof Tally]?: unknown };
    const all = [drill, fromMs, gaps, doubles, resets, cuts];
    if (!all.every((it): it is number => typeof it === 'number')) return undefined;
    const [number = 0, from = 0, missing = 0, again = 0, anew = 0, lost = 0] = all;
    return { drill: number, fromMs: from, gaps: missing, doubles: again, resets: anew, cuts: lost };
  } catch {
    return undefined;
  }
}
