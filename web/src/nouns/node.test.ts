import { expect, test } from 'vitest';
import { barsOf, changesSince, clusterOf, gravityOfAll, type ClusterJson } from './node';

const disk = { free_bytes: 9e9, room: 'enough', used_bytes: 5e8, write_stopped: false, background_errors: 0, rotten: [] };
const line = (node: number): ClusterJson['nodes'][number] => ({
  node, url: `https://node-${node}`, answers: true, version: '0.1.0', is_resting: false, disk, leads: node === 1 ? [0] : [], age_ms: 40,
  clocks: [{ node: 9, is_connected: true, offset_ms: -12 }, { node: 8, is_connected: true, offset_ms: 3 }, { node: 7, is_connected: false, offset_ms: null }],
});
const group = (health: string) => ({ group: 0, health, leader: 1, term: 4, applied: 10, behind: 3, lag_entries: 12 });
const view = (json: Partial<ClusterJson> = {}) => clusterOf({ nodes: [1, 2, 3].map(line), groups: [group('well')], against: [], ...json });

test('a cluster that is well says who leads, how far, who lacks most, and how disks and clocks are', () => {
  const { nodes, groups } = view();
  expect(groups).toEqual([{ group: 0, health: 'well', leader: 1, term: 4, applied: 10, behind: { node: 3, entries: 12 } }]);
  expect(nodes[0]).toMatchObject({ node: 1, says: { room: 'enough', freeBytes: 9e9, diskBroken: false, clockOffMs: 12, leads: [0], quorumAgeMs: 40 } });
  expect(gravityOfAll(view())).toBe('well');
});

test('a node that does not answer says nothing, not what it said before', () => {
  expect(view({ nodes: [{ node: 3, url: 'https://node-3', answers: false, disk: null, clocks: null, leads: [], age_ms: null }] }).nodes).toEqual([{ node: 3, url: 'https://node-3', says: undefined }]);
});

test('the worst counts, and what is to be done is never well', () => {
  expect(gravityOfAll(view({ against: [{ vi: 'a', en: 'b' }] }))).toBe('degraded');
  expect(gravityOfAll(view({ groups: [group('behind'), group('no_quorum')] }))).toBe('refusing');
  expect(gravityOfAll(view({ groups: [group('electing')] }))).toBe('degraded');
});

test('a health of a newer node, and a disk that fails, are not taken for well', () => {
  expect(view({ groups: [group('on_fire')] }).groups[0]?.health).toBe('no-quorum');
  const broken = { ...line(2), disk: { ...disk, background_errors: 1, room: 'low' } };
  expect(view({ nodes: [broken] }).nodes[0]?.says).toMatchObject({ diskBroken: true, room: 'low' });
});

test('an answer of an older node, which tells less, is no error', () => {
  const older = clusterOf({ nodes: [{ node: 1, answers: true, leads: [0], age_ms: 5 }], against: [] });
  expect(older.nodes[0]?.says).toMatchObject({ freeBytes: undefined, clockOffMs: undefined, room: 'enough' });
  expect(older.groups).toEqual([]);
  expect(older.elections).toEqual([]);
});

test('who led is drawn from when to when, and the first that is remembered is no change', () => {
  const { elections } = view({ elections: [{ group: 0, reigns: [{ leader: 1, term: 3, from_ms: 100 }, { leader: 2, term: 6, from_ms: 500 }, { leader: 2, term: 7, from_ms: 900 }] }] });
  const reigns = elections[0]?.reigns ?? [];
  expect(reigns[1]).toEqual({ leader: 2, term: 6, fromMs: 500 });
  expect(barsOf(reigns, 0, 1_000).map(({ leader, start, width }) => [leader, start, width])).toEqual([[1, 0.1, 0.4], [2, 0.5, 0.4], [2, 0.9, 0.1]]);
  // What was over before the stretch is not drawn, and what began before it begins with it.
  expect(barsOf(reigns, 600, 1_000).map(({ term, start, width }) => [term, start, width])).toEqual([[6, 0, 0.75], [7, 0.75, 0.25]]);
  // Another node's clock may be ahead of this screen's.
  expect(barsOf(reigns, 0, 800).length).toBe(2);
  expect(changesSince(reigns, 0)).toBe(2);
  expect(changesSince(reigns, 501)).toBe(1);
  expect(changesSince([], 0)).toBe(0);
});
