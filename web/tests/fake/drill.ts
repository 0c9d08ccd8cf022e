// Drills of the fake node: they end and heal by the clock, as in a cluster, only sooner.
import { DrillScenario } from '../../src/gen/trongdong/v1/drill_pb';

/** How long a drill of the fake node heals. */
const HEALS_MS = 1_500;

interface Drill {
  number: number;
  scenario: string;
  nodes: number[];
  observer: number;
  strength: number;
  started_at_ms: number;
  until_ms: number;
  by: string;
  purpose: string;
  ended_at_ms: number;
  ended: string | null;
  ended_by: string | null;
  closed_at_ms: number;
  samples: Record<string, unknown>[];
  verdicts: object[];
}
type Said = { status: number; body: unknown };

export function drillDesk() {
  const drills: Drill[] = [];
  /** What stands against a drill, for tests. */
  const control = { against: false };
  /** What screens told in the newest drill. */
  const told = { gaps: 0, doubles: 0 };

  function pass(): Drill | undefined {
    const now = Date.now();
    const newest = drills[0];
    if (newest === undefined) return undefined;
    if (newest.ended === null && now >= newest.until_ms) Object.assign(newest, { ended: 'over', ended_at_ms: newest.until_ms });
    if (newest.ended !== null && newest.closed_at_ms === 0 && now >= newest.ended_at_ms + HEALS_MS) {
      const verdict = (promise: string, measured: number, target: number) => ({ promise, measured, target, kept: measured <= target });
      newest.closed_at_ms = now;
      newest.verdicts = [verdict('serves', 1_900, 10_000), verdict('elects', 1_200, 5_000), verdict('keeps', 0, 0)];
    }
    const seconds = Math.floor((now - newest.started_at_ms) / 1_000);
    while (newest.closed_at_ms === 0 && newest.samples.length < seconds) {
      const number = newest.samples.length + 1;
      newest.samples.push({ number, at_ms: newest.started_at_ms + number * 1_000, commit_ms: number === 2 ? 1_900 : 15, leaderless_ms: number === 2 ? 1_200 : 0, terms: 9 + Math.min(number, 2), lag_entries: number * 3, screens_age_ms: 250, silent: 1, sent: 0, refused: 0, missing: 0, healthy: false });
    }
    const last = newest.samples.at(-1);
    if (last !== undefined) Object.assign(last, { screen_gaps: told.gaps, screen_doubles: told.doubles });
    return newest.closed_at_ms === 0 ? newest : undefined;
  }

  return {
    control,
    /** What a screen tells of its frames: it stands in the newest sample. */
    told(gaps: number, doubles: number): void {
      if (drills.length === 0) return;
      told.gaps += gaps;
      told.doubles += doubles;
    },
    /** What a heartbeat says. */
    now() {
      const open = pass();
      if (open === undefined) return undefined;
      const scenario = DrillScenario[open.scenario.toUpperCase() as keyof typeof DrillScenario];
      return { number: BigInt(open.number), scenario, nodes: open.nodes.map(BigInt), observer: 1n, startedAtMs: BigInt(open.started_at_ms), untilMs: BigInt(open.until_ms), ended: open.ended !== null };
    },
    ask(method: string, path: string, input: Record<string, unknown>, by: string): Said | undefined {
      const open = pass();
      if (path === '/api/drills/now') return { status: 200, body: { last: drills.length, drill: open === undefined ? null : { ...open, ended: open.ended !== null } } };
      if (path === '/api/drills/watch') {
        const lost = (id: number) => (open !== undefined && open.ended === null && open.nodes.includes(id)) || (control.against && id === 3);
        const disk = { free_bytes: 96e9, room: 'enough', used_bytes: 3.2e9, write_stopped: false, background_errors: 0, rotten: [] };
        const clocks = (id: number) => [1, 2, 3].filter((other) => other !== id).map((other) => ({ node: other, is_connected: true, offset_ms: other - id }));
        const says = (id: number) => ({ version: '0.1.0', is_resting: false, disk, clocks: clocks(id) });
        const leads = (id: number) => (id === 1 ? [0, 3, 6] : [id - 1, id + 2, id + 5]);
        const node = (id: number) => ({ node: id, url: `https://nut-${id}.tinh.vn:8443`, answers: !lost(id), ...(lost(id) ? {} : says(id)), leads: lost(id) ? [] : leads(id), terms: 9, applied: 100, age_ms: lost(id) ? null : 120 });
        const group = (id: number) => ({ group: id, health: lost(3) ? 'missing' : 'well', leader: (id % 3) + 1, term: 9 + id, applied: 12_000 + id, behind: 3, lag_entries: lost(3) ? null : 0, fullest: 1, room: 'enough' });
        const against = control.against ? [{ vi: 'Nút 3 không trả lời: kiểm tra máy.', en: 'Node 3 does not answer: look at its machine.' }] : [];
        const minuteMs = Math.floor(Date.now() / 60_000) * 60_000;
        const reigns = (id: number) => [{ leader: ((id + 1) % 3) + 1, term: 8 + id, from_ms: minuteMs - 2_400_000 }, { leader: (id % 3) + 1, term: 9 + id, from_ms: minuteMs - 300_000 - id * 60_000 }];
        const nine = Array.from({ length: 9 }, (_, id) => id);
        return { status: 200, body: { nodes: [1, 2, 3].map(node), groups: nine.map(group), elections: nine.map((id) => ({ group: id, reigns: reigns(id) })), against } };
      }
      if (path === '/api/drills' && method === 'GET') return { status: 200, body: drills };
      if (path === '/api/drills') {
        if (open !== undefined) return { status: 409, body: { code: 'wrong_status', field: '', message: 'one at a time' } };
        const now = Date.now();
        Object.assign(told, { gaps: 0, doubles: 0 });
        drills.unshift({ number: drills.length + 1, scenario: String(input['scenario']), nodes: input['nodes'] as number[], observer: 1, strength: 0, started_at_ms: now, until_ms: now + Number(input['seconds']) * 1_000, by, purpose: String(input['purpose']), ended_at_ms: 0, ended: null, ended_by: null, closed_at_ms: 0, samples: [], verdicts: [] });
        return { status: 200, body: { drill: drills.length } };
      }
      if (/^\/api\/drills\/\d+\/stop$/.test(path)) {
        if (open !== undefined) Object.assign(open, { ended: 'stopped', ended_at_ms: Date.now(), ended_by: by });
        return { status: 200, body: { drill: drills.length } };
      }
      return undefined;
    },
  };
}
