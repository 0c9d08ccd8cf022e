// What makes the fake node one of a district centre: its line to the province can be cut, and what is sent meanwhile is kept.
import type { Input } from './decide';

interface Item {
  place: number;
  path: string;
  body: Input;
  entered_at_ms: number;
  state: 'waiting' | 'committed' | 'rejected';
  unsure: boolean;
  [more: string]: unknown;
}

export function districtDesk(decide: (path: string, input: Input) => { status: number; body: unknown }) {
  const kept = new Map<string, Item>();
  let line: { cut: boolean; cutAtMs: number } | undefined;

  return {
    /** As in a heartbeat; undefined: an ordinary node. */
    line() {
      if (line === undefined) return undefined;
      const waiting = [...kept.values()].filter(({ state }) => state === 'waiting').length;
      return { cut: line.cut, ageMs: BigInt(line.cut ? Date.now() - line.cutAtMs : 0), kept: waiting };
    },
    /** Cuts the line as of `ageMs` ago, or heals it: then what was kept is decided, in order. */
    set(cut: boolean, ageMs: number): void {
      line = { cut, cutAtMs: Date.now() - ageMs };
      if (cut) return;
      for (const item of kept.values()) {
        if (item.state !== 'waiting') continue;
        const { status, body } = decide(item.path, item.body);
        Object.assign(item, { state: status === 200 ? 'committed' : 'rejected' }, body);
      }
    },
    forget(): void {
      line = undefined;
      kept.clear();
    },
    /** The answer to a command while the line is cut; undefined: it goes its way. */
    keep(seq: string, path: string, body: Input): { status: number; body: unknown } | undefined {
      if (line?.cut !== true) return undefined;
      const item = kept.get(seq) ?? { place: kept.size + 1, path, body, entered_at_ms: Date.now(), state: 'waiting' as const, unsure: false };
      kept.set(seq, item);
      return { status: 202, body: { kept: { place: item.place, entered_at_ms: item.entered_at_ms } } };
    },
    list: () => ({ items: [...kept.values()].reverse(), damaged: [] }),
  };
}
