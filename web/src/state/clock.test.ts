// Figures that are read as digits stand still for two seconds; ages and the clock step each second.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

beforeEach(() => {
  vi.resetModules();
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => vi.useRealTimers());

test('figures step every two seconds, ages every second, both by the time of the centre', async () => {
  const { clock } = await import('./clock.svelte');
  clock.offsetMs = 5_000;
  const stop = clock.start();
  const [ages, figures] = [[clock.nowMs], [clock.slowMs]];
  for (let second = 0; second < 10; second += 1) {
    vi.advanceTimersByTime(1_000);
    ages.push(clock.nowMs);
    figures.push(clock.slowMs);
  }
  expect(ages).toEqual(Array.from({ length: 11 }, (_, second) => 1_005_000 + second * 1_000));
  expect(figures).toEqual(Array.from({ length: 11 }, (_, second) => 1_005_000 + Math.floor(second / 2) * 2_000));
  stop();
  vi.advanceTimersByTime(10_000);
  expect(clock.nowMs).toBe(1_015_000);
});
