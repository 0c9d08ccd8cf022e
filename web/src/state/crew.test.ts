import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Session } from '../link/api';

const OWN = 'https://n1.test';
const OTHER = 'https://n2.test';
const ASK_MS = 4_000;
const SESSION: Session = { person: 'rin', name: 'Rin', role: 'responder', nextSeq: 1, expiresAtMs: 9e15 };

/** A crew as a node answers. */
const crewJson = (index: number, assignment: number) => ({
  unit: {
    id: 'boat-1', name: 'Xuồng 1', agency: 'PCTT', status: 'offered',
    duty: { mayday: null, assignment: { number: assignment, steps: [{ status: 'offered' }], offer_due_at_ms: 0, check_in_due_at_ms: 0, checked_in_at_ms: 0, check_in_level: 0 } },
  },
  order: null, server_time_ms: 1_000, index,
});

/** What each node answers of the crew; undefined: nothing. */
let nodes: Record<string, (() => Response) | undefined>;
let online: boolean;
let kept: Map<string, string>;
const says = (status: number, body: unknown) => () => new Response(JSON.stringify(body), { status });

beforeEach(() => {
  vi.resetModules();
  vi.useFakeTimers({ now: 1_000_000 });
  online = true;
  kept = new Map();
  vi.stubGlobal('location', { origin: OWN });
  vi.stubGlobal('navigator', { get onLine() { return online; } });
  vi.stubGlobal('localStorage', { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value), removeItem: (key: string) => void kept.delete(key) });
  vi.stubGlobal('fetch', async (url: string) => {
    const { origin, pathname } = new URL(url, OWN);
    const answer = online ? nodes[origin] : undefined;
    if (answer === undefined) throw new TypeError('no answer');
    return pathname === '/api/nodes' ? says(200, [{ id: 1, url: OWN }, { id: 2, url: OTHER }])() : answer();
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function phone() {
  const { crewPage } = await import('./crew.svelte');
  const ended = vi.fn();
  const stop = crewPage.start(SESSION, ended);
  await vi.advanceTimersByTimeAsync(0);
  return { crewPage, ended, stop };
}

test('the next order comes from another node when the page’s own is gone', async () => {
  nodes = { [OWN]: says(200, crewJson(10, 1)), [OTHER]: says(200, crewJson(20, 2)) };
  const { crewPage, stop } = await phone();
  expect(crewPage.crew?.assignment).toBe(1);
  nodes[OWN] = undefined;
  await vi.advanceTimersByTimeAsync(2 * ASK_MS);
  expect(crewPage.crew?.assignment).toBe(2);
  // One that is behind does not take it back.
  nodes[OTHER] = says(200, crewJson(15, 1));
  await vi.advanceTimersByTimeAsync(ASK_MS);
  expect(crewPage.crew?.assignment).toBe(2);
  stop();
});

test('a session ends by the word of the page’s own node only', async () => {
  nodes = { [OWN]: says(200, crewJson(10, 1)), [OTHER]: says(401, {}) };
  const { ended, crewPage, stop } = await phone();
  nodes[OWN] = undefined;
  await vi.advanceTimersByTimeAsync(2 * ASK_MS);
  expect(ended).not.toHaveBeenCalled();
  nodes[OWN] = says(200, crewJson(30, 3));
  await vi.advanceTimersByTimeAsync(2 * ASK_MS);
  expect(crewPage.crew?.assignment).toBe(3);
  nodes[OWN] = says(401, {});
  await vi.advanceTimersByTimeAsync(ASK_MS);
  expect(ended).toHaveBeenCalled();
  stop();
});

test('a page that opened in a tunnel learns of the other nodes once it is out of it', async () => {
  nodes = { [OWN]: says(200, crewJson(10, 1)), [OTHER]: says(200, crewJson(20, 2)) };
  online = false;
  const { crewPage, stop } = await phone();
  await vi.advanceTimersByTimeAsync(3 * ASK_MS);
  expect(crewPage.crew).toBeUndefined();
  online = true;
  await vi.advanceTimersByTimeAsync(ASK_MS);
  expect(crewPage.crew?.assignment).toBe(1);
  nodes[OWN] = undefined;
  await vi.advanceTimersByTimeAsync(2 * ASK_MS);
  expect(crewPage.crew?.assignment).toBe(2);
  stop();
});

test('what an earlier page kept holds nothing up: a restored cluster may count from lower', async () => {
  kept.set('trongdong.crew', JSON.stringify({ person: 'rin', heardAtMs: 999_000, crew: { unit: 'boat-1', name: 'Xuồng 1', assignment: 9, received: [], index: 99_000 } }));
  nodes = { [OWN]: says(200, crewJson(10, 1)), [OTHER]: says(200, crewJson(20, 2)) };
  const { crewPage, stop } = await phone();
  expect(crewPage.crew?.assignment).toBe(1);
  // Nor does it keep the page from learning where the other nodes are.
  nodes[OWN] = undefined;
  await vi.advanceTimersByTimeAsync(2 * ASK_MS);
  expect(crewPage.crew?.assignment).toBe(2);
  stop();
});

test('what was asked ahead is shown without asking again, with its own age; what is no longer of now is asked anew', async () => {
  nodes = { [OWN]: says(200, crewJson(10, 1)) };
  const { crewPage } = await import('./crew.svelte');
  crewPage.askAhead();
  await vi.advanceTimersByTimeAsync(1_000);
  nodes[OWN] = says(200, crewJson(20, 2));
  const stop = crewPage.start(SESSION, vi.fn());
  await vi.advanceTimersByTimeAsync(0);
  expect(crewPage.crew?.assignment).toBe(1);
  expect(Date.now() - crewPage.heardAtMs).toBe(1_000);
  stop();
  crewPage.askAhead();
  await vi.advanceTimersByTimeAsync(ASK_MS);
  nodes[OWN] = says(200, crewJson(30, 3));
  const stopAgain = crewPage.start(SESSION, vi.fn());
  await vi.advanceTimersByTimeAsync(0);
  expect(crewPage.crew?.assignment).toBe(3);
  stopAgain();
});
