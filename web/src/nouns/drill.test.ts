import { expect, test } from 'vitest';
import { choosesNodes, drillNowOfJson, drillsOf, isTyped, linePath, nodesMax, phaseOf, SCENARIOS, secondsLeft, suffering, watchOf, type Drill } from './drill';

const wire = {
  number: 7,
  scenario: 'leader_lost',
  nodes: [2],
  observer: 1,
  strength: 60,
  started_at_ms: 1_000,
  until_ms: 31_000,
  by: 'quan-tri',
  purpose: 'trước mùa lũ',
  ended_at_ms: 0,
  ended: null,
  ended_by: null,
  closed_at_ms: 0,
  samples: [{ number: 1, at_ms: 2_000, commit_ms: 12, leaderless_ms: 0, terms: 9, lag_entries: 3, screens_age_ms: 200, silent: 1, sent: 1, refused: 0, missing: 0, healthy: false, screen_gaps: 2, screen_doubles: 1 }],
  verdicts: [],
};
const read = (change: object): Drill => drillsOf([{ ...wire, ...change }])[0]!;

test('a drill is read as the server writes it', () => {
  const drill = read({});
  expect(drill).toMatchObject({ number: 7, scenario: 'leader-lost', nodes: [2], observer: 1, by: 'quan-tri', ended: false, closed: false });
  expect(drill.samples).toEqual([{ atMs: 2_000, commitMs: 12, leaderlessMs: 0, terms: 9, lagEntries: 3, screensAgeMs: 200, silent: 1, sent: 1, refused: 0, missing: 0, screenGaps: 2, screenDoubles: 1 }]);
  expect(drillNowOfJson({ last: 7, drill: { ...wire, ended: false } })).toEqual({ number: 7, scenario: 'leader-lost', nodes: [2], untilMs: 31_000, ended: false });
  expect(drillNowOfJson({ last: 7, drill: null })).toBeUndefined();
});

test('a drill is called passed only when every promise was measured and kept', () => {
  const kept = { promise: 'keeps', measured: 0, target: 0, kept: true };
  const ended = { ended: 'over', ended_at_ms: 31_000 };
  const closed = { ...ended, closed_at_ms: 40_000 };
  expect(phaseOf(read({}))).toBe('on');
  expect(phaseOf(read(ended))).toBe('healing');
  expect(phaseOf(read(closed))).toBe('unmeasured');
  expect(phaseOf(read({ ...closed, verdicts: [kept] }))).toBe('passed');
  expect(phaseOf(read({ ...closed, verdicts: [kept, { ...kept, promise: 'heals', kept: false }] }))).toBe('failed');
});

test('a majority is always left', () => {
  expect([1, 2, 3, 4, 5].map(nodesMax)).toEqual([0, 0, 1, 1, 2]);
  expect(SCENARIOS.filter(choosesNodes)).toEqual(['node-lost', 'link-lost', 'slow-disk']);
});

test('what is left of its time, and how nodes are', () => {
  const drill = read({});
  expect([0, 30_001, 31_000, 99_000].map((nowMs) => secondsLeft(drill, nowMs))).toEqual([31, 1, 0, 0]);
  const { nodes, against } = watchOf({ nodes: [{ node: 2, answers: false, leads: [], terms: 0, applied: 0, age_ms: null }], against: [{ vi: 'a', en: 'b' }] });
  expect(nodes).toEqual([{ node: 2, answers: false, leads: [], ageMs: undefined }]);
  expect(against).toHaveLength(1);
});

test('a line touches the top with its highest value', () => {
  expect(linePath([1], 10, 5)).toBe('');
  expect(linePath([0, 4, 2], 10, 4)).toBe('M0.0 4.0L5.0 0.0L10.0 2.0');
  expect(linePath([0, 0], 10, 4)).toBe('M0.0 4.0L10.0 4.0');
});

test('what breaks is what was chosen, or who leads the command group now', () => {
  const node = (id: number, leads: number[]) => ({ node: id, answers: true, leads, ageMs: 5 });
  const nodes = [node(1, [3]), node(2, [0, 4]), node(3, [])];
  expect(suffering('node-lost', [3, 1], nodes)).toEqual([1, 3]);
  expect(suffering('leader-lost', [3], nodes)).toEqual([2]);
  expect(suffering('leader-lost', [3], [node(1, [3])])).toEqual([]);
  expect(suffering('call-surge', [3], nodes)).toEqual([]);
});

test('a drill is armed by the names of what breaks, and by nothing less', () => {
  for (const typed of ['nút 2, 3', ' Nut  2, 3 ', 'NÚT 2, 3']) expect(isTyped(typed, 'nút 2, 3')).toBe(true);
  for (const typed of ['', '2', 'nút 2', 'nút 3, 2', 'node 2, 3']) expect(isTyped(typed, 'nút 2, 3')).toBe(false);
});
