// What is heard: browsers play no sound without a person's gesture, and none in a test, so what would be played is counted.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Severity } from '../nouns/severity';

/** More than lies between two rings. */
const LATER_MS = 4_500;
const LEVELS: readonly Severity[] = [1, 2, 3, 4, 5];

/** Tones that were begun, in hertz. */
let tones: number[];
const tone = () => {
  const frequency = { value: 0 };
  return { frequency, connect: (next: unknown) => next, start: () => void tones.push(frequency.value), stop: () => undefined };
};
const volume = () => ({ gain: { setValueAtTime: () => undefined, exponentialRampToValueAtTime: () => undefined }, connect: (next: unknown) => next });
class Speaker {
  state = 'suspended';
  readonly currentTime = 0;
  readonly destination = {};
  readonly createOscillator = tone;
  readonly createGain = volume;
  async resume(): Promise<void> {
    this.state = 'running';
  }
}

beforeEach(() => {
  vi.resetModules();
  vi.useFakeTimers();
  tones = [];
  vi.stubGlobal('AudioContext', Speaker);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
const fresh = async () => (await import('./bell.svelte')).bell;
/** What is heard while that time goes by. */
function heardIn(ms: number): number[] {
  tones = [];
  vi.advanceTimersByTime(ms);
  return tones;
}

test('nothing sounds before somebody turns it on, which sounds at once, so that a shift hears its own desk', async () => {
  const bell = await fresh();
  bell.set(5);
  expect([bell.armed, heardIn(LATER_MS)]).toEqual([false, []]);
  bell.set(undefined);
  await bell.toggle();
  expect(bell.armed).toBe(true);
  expect(tones).toHaveLength(1);
  expect(heardIn(LATER_MS)).toEqual([]);
  bell.set(5);
  await bell.toggle();
  expect([bell.armed, heardIn(LATER_MS)]).toEqual([false, []]);
});

test('five levels have three sounds, and the worst is told from the next', async () => {
  const bell = await fresh();
  await bell.toggle();
  const sounds = LEVELS.map((level) => {
    tones = [];
    bell.set(level);
    return tones.join(' ');
  });
  expect(new Set(sounds).size).toBe(3);
  expect(new Set(sounds.slice(2)).size).toBe(3);
});

test('it goes on until nobody waits any more, and of several parts of a page the worst is heard', async () => {
  const bell = await fresh();
  await bell.toggle();
  bell.set(3);
  const low = heardIn(LATER_MS);
  expect(low).not.toEqual([]);
  expect(heardIn(LATER_MS)).toEqual(low);
  bell.set(5, 'clock');
  const worst = heardIn(LATER_MS);
  expect(worst).not.toEqual(low);
  bell.set(4, 'reports');
  expect(heardIn(LATER_MS)).toEqual(worst);
  bell.set(undefined, 'clock');
  expect(heardIn(LATER_MS)).not.toEqual(worst);
  bell.set(undefined, 'reports');
  expect(heardIn(LATER_MS)).toEqual(low);
  bell.set(undefined);
  expect(heardIn(LATER_MS)).toEqual([]);
});
