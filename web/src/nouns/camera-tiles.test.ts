import { expect, test } from 'vitest';
import { NEAR_M, type Camera } from './camera';
import { camerasBefore, LIVE_MAX, liveOf, STILL_APART_MS, STILL_OLD_MS, STILL_PERIOD_MS, STILL_RETRY_MS, STILL_WAIT_MS_MAX, Stills, stillState, STILLS_AT_ONCE_MAX, tilesOf } from './camera-tiles';
import type { Incident } from './incident';
import { METRES_PER_DEGREE, type Place } from './place';

const at = (metresNorth: number): Place => ({ latitude: 21.6 + metresNorth / METRES_PER_DEGREE, longitude: 105.8, adminUnit: '', address: '' });
const camera = (id: string, metresNorth: number, more: Partial<Camera> = {}): Camera => ({
  id, name: id, place: at(metresNorth), azimuthDeg: 0, fieldOfViewDeg: 60, health: 'live', healthAtMs: 0, sensitive: false, outOfService: [], ...more,
});
const incident = (id: string, severity: number, metresNorth: number, status = 'opened') => ({ id, severity, status, place: at(metresNorth), openedAtMs: 1 }) as unknown as Incident;

test('an incident is seen by the cameras within reach, the nearest first', () => {
  const cameras = [camera('far', NEAR_M + 20), camera('edge', NEAR_M - 20), camera('near', -100)];
  expect(camerasBefore(incident('I1', 3, 0), cameras).map(({ id }) => id)).toEqual(['near', 'edge']);
  expect(camerasBefore({}, cameras)).toEqual([]);
});

test('what an incident is before plays, the worst and the nearest first, and no more than so many', () => {
  const tiles = [camera('a', 300), camera('b', 100), camera('c', 5_000), camera('d', 9_000)];
  const play = (...incidents: Incident[]) => [...liveOf(tiles, incidents, [], undefined)];
  expect(play()).toEqual([]);
  expect(play(incident('I1', 3, 0))).toEqual(['b', 'a']);
  expect(play(incident('I1', 3, 0), incident('I2', 5, 9_000))).toEqual(['d', 'b']);
  expect(play(incident('I1', 3, 0), incident('I2', 5, 9_000, 'closed'))).toEqual(['b', 'a']);
  expect(LIVE_MAX).toBe(2);
});

test('what somebody chose plays: a camera beside the others, an incident before worse ones', () => {
  const tiles = [camera('a', 0), camera('b', 5_000), camera('c', 5_100), camera('d', 9_000)];
  const incidents = [incident('I1', 5, 5_000), incident('I2', 1, 0)];
  expect([...liveOf(tiles, incidents, [], { noun: 'incident', id: 'I2' })]).toEqual(['a', 'b']);
  expect([...liveOf(tiles, incidents, [], { noun: 'camera', id: 'd' })]).toEqual(['b', 'c', 'd']);
  expect([...liveOf(tiles, incidents, [], { noun: 'camera', id: 'elsewhere' })]).toEqual(['b', 'c']);
  expect([...liveOf(tiles, incidents, ['d', 'a', 'c'], undefined)].sort()).toEqual(['a', 'c', 'd']);
});

test('a camera without a signal takes the place of none that has one', () => {
  const tiles = [camera('dark', 0, { health: 'no-signal' }), camera('locked', 10, { health: 'unauthorized' }), camera('a', 200), camera('b', 300)];
  expect([...liveOf(tiles, [incident('I1', 3, 0)], [], undefined)]).toEqual(['a', 'b']);
});

test('tiles are those led to, those before incidents, then those of until now, and never one that nothing explains', () => {
  const cameras = [camera('idle', 90_000), camera('kept', 80_000, { health: 'connecting' }), camera('secret', 0, { sensitive: true }), camera('near', 50), camera('led', 70_000)];
  const of = (incidents: Incident[], led: string[], room: number) =>
    tilesOf({ cameras, incidents, led, shown: ['kept'], room, explains: ({ sensitive }) => !sensitive || incidents.length > 0 });
  expect(of([], [], 6)).toEqual(['kept', 'idle', 'near', 'led']);
  expect(of([incident('I1', 2, 0)], ['led', 'of-another-district'], 6)).toEqual(['led', 'secret', 'near', 'kept', 'idle']);
  expect(of([], [], 2)).toEqual(['kept', 'idle']);
});

/** Plays seconds: who is asked is painted a second later, unless it is dead. */
function play(stills: Stills, tiles: Camera[], live: ReadonlySet<string>, seconds: number, fromMs: number, dead: readonly string[] = []) {
  const asked: { id: string; atMs: number }[] = [];
  let atOnceMax = 0;
  let oldestMs = 0;
  let before = new Set<string>();
  const painted = new Map<string, number>();
  for (let nowMs = fromMs; nowMs < fromMs + seconds * 1_000; nowMs += 1_000) {
    for (const id of before) {
      if (dead.includes(id)) continue;
      painted.set(id, nowMs - 400);
      stills.painted(id, nowMs - 400);
    }
    const now = new Set([...stills.turn(tiles, live, nowMs)].filter(([, { mode }]) => mode === 'still').map(([id]) => id));
    for (const id of now) if (!before.has(id)) asked.push({ id, atMs: nowMs });
    atOnceMax = Math.max(atOnceMax, now.size);
    for (const atMs of painted.values()) oldestMs = Math.max(oldestMs, nowMs - atMs);
    before = now;
  }
  return { asked, atOnceMax, oldestMs };
}
const six = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => camera(id, 0));
const none: ReadonlySet<string> = new Set();

test('each still is renewed once a minute, one after the other, and grows no older than it may', () => {
  const { asked, atOnceMax, oldestMs } = play(new Stills(), six, none, 600, 1_000_000);
  expect(atOnceMax).toBeLessThanOrEqual(STILLS_AT_ONCE_MAX);
  expect(oldestMs).toBeLessThan(STILL_OLD_MS);
  for (const { id } of six) {
    const times = asked.filter((ask) => ask.id === id).map(({ atMs }) => atMs);
    expect(times.length).toBeGreaterThanOrEqual(9);
    for (const [n, time] of times.entries()) if (n > 0) expect(time - times[n - 1]!).toBeGreaterThanOrEqual(STILL_PERIOD_MS);
  }
  for (const [n, { atMs }] of asked.entries()) if (n > 0) expect(atMs - asked[n - 1]!.atMs).toBeGreaterThanOrEqual(STILL_APART_MS);
});

test('a line is let go once its picture is there', () => {
  const stills = new Stills();
  const mode = (nowMs: number) => stills.turn([six[0]!], none, nowMs).get('a')?.mode;
  expect(mode(1_000_000)).toBe('still');
  expect(mode(1_001_000)).toBe('still');
  stills.painted('a', 1_001_500);
  expect(mode(1_002_000)).toBe('rest');
  expect(mode(1_001_500 + STILL_PERIOD_MS - 1)).toBe('rest');
  expect(mode(1_001_500 + STILL_PERIOD_MS)).toBe('still');
});

test('a camera that gives none is let go, asked again later, and starves no other', () => {
  const { asked, atOnceMax, oldestMs } = play(new Stills(), six, none, 600, 1_000_000, ['a', 'b', 'c', 'd']);
  expect(atOnceMax).toBeLessThanOrEqual(STILLS_AT_ONCE_MAX);
  expect(oldestMs).toBeLessThan(STILL_OLD_MS);
  const times = asked.filter(({ id }) => id === 'a').map(({ atMs }) => atMs);
  expect(times.length).toBeGreaterThan(5);
  for (const [n, time] of times.entries()) if (n > 0) expect(time - times[n - 1]!).toBeGreaterThanOrEqual(STILL_RETRY_MS);
  const stills = new Stills();
  stills.turn([six[0]!], none, 1_000_000);
  const turn = stills.turn([six[0]!], none, 1_000_000 + STILL_WAIT_MS_MAX).get('a');
  expect(turn).toEqual({ mode: 'rest', missed: true });
});

test('a sensitive camera is never asked for a still, and one without a signal is not either', () => {
  const tiles = [camera('secret', 0, { sensitive: true }), camera('dark', 0, { health: 'no-signal' })];
  const stills = new Stills();
  for (let nowMs = 1_000_000; nowMs < 1_300_000; nowMs += 1_000) {
    expect([...stills.turn(tiles, none, nowMs).values()].map(({ mode }) => mode)).toEqual(['withheld', 'rest']);
  }
  expect(stills.turn(tiles, new Set(['secret']), 1_300_000).get('secret')?.mode).toBe('live');
});

test('what played a moment ago has its last picture as its still, and what plays is not asked for one', () => {
  const stills = new Stills();
  const tiles = [six[0]!];
  expect(stills.turn(tiles, new Set(['a']), 1_000_000).get('a')?.mode).toBe('live');
  stills.painted('a', 1_010_000);
  expect(stills.turn(tiles, none, 1_010_500).get('a')?.mode).toBe('rest');
  expect(stills.turn(tiles, none, 1_010_000 + STILL_PERIOD_MS).get('a')?.mode).toBe('still');
});

test('a still says that it waits, how old it is, that it is old, that there is no signal', () => {
  const now = 1_000_000;
  expect(stillState('live', 0, false, now)).toBe('waiting');
  expect(stillState('live', 0, true, now)).toBe('no-signal');
  expect(stillState('live', now - STILL_OLD_MS, false, now)).toBe('fresh');
  expect(stillState('live', now - STILL_OLD_MS - 1, false, now)).toBe('old');
  expect(stillState('no-signal', now, false, now)).toBe('no-signal');
  expect(stillState('unauthorized', now, false, now)).toBe('no-signal');
});

test('a clock that was put back makes no old still a new one', () => {
  const now = 1_000_000;
  expect(stillState('live', now + 3_600_000, false, now)).toBe('waiting');
  const stills = new Stills();
  stills.turn([six[0]!], none, now);
  stills.painted('a', now + 500);
  stills.turn([six[0]!], none, now + 1_000);
  expect(stills.turn([six[0]!], none, now - 3_600_000).get('a')?.mode).toBe('still');
});
