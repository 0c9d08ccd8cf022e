import { describe, expect, it } from 'vitest';
import { columnsOf, gapMs, seriesOf, summaryOf, withNewest, type Series } from './series';

const point = (fromMs: number, mean: number, count = 1) => ({ fromMs, min: mean - 1, max: mean + 1, mean, last: mean, count });
const series = (points: ReturnType<typeof point>[], stepMs = 10): Series => ({
  fromMs: 0, toMs: 1_000, stepMs, points, truncated: false, keptFromMs: 0, ageMs: 0,
});
const silent = { periodMs: 60, silencePeriods: 2 };

describe('a series', () => {
  it('is read from the wire', () => {
    const wire = { from_ms: 1, to_ms: 9, step_ms: 2, points: [{ from_ms: 3, min: 1, max: 2, mean: 1.5, last: 2, count: 4 }], truncated: true, kept_from_ms: 1, age_ms: 7 };
    expect(seriesOf(wire)).toEqual({
      fromMs: 1, toMs: 9, stepMs: 2, points: [{ fromMs: 3, min: 1, max: 2, mean: 1.5, last: 2, count: 4 }], truncated: true, keptFromMs: 1, ageMs: 7,
    });
  });

  it('breaks its line where the sensor was silent, and not between readings that come when they should', () => {
    const found = columnsOf(series([point(0, 5), point(60, 6), point(240, 7)]), gapMs(series([]), silent));
    expect(found.seconds).toEqual([0, 0.06, 0.15, 0.24]);
    expect(found.mean).toEqual([5, 6, null, 7]);
    expect(found.min).toEqual([4, 5, null, 6]);
    expect(found.max).toEqual([6, 7, null, 8]);
    expect(found.gaps).toBe(1);
  });

  it('takes the usual step of a sensor that promises none, and never less than a stretch', () => {
    const regular = series([0, 20, 40, 60, 200].map((at) => point(at, 1)));
    expect(gapMs(regular, { periodMs: 0, silencePeriods: 0 })).toBe(60);
    expect(columnsOf(regular, gapMs(regular, { periodMs: 0, silencePeriods: 0 })).gaps).toBe(1);
    expect(gapMs(series([], 1_000), silent)).toBe(1_500);
    expect(columnsOf(series([]), 1)).toEqual({ seconds: [], min: [], max: [], mean: [], gaps: 0 });
  });

  it('goes on with what comes live, once', () => {
    const before = series([point(900, 5)]);
    const after = withNewest(before, 1_100, 9);
    expect(after.points.at(-1)).toEqual({ fromMs: 1_100, min: 9, max: 9, mean: 9, last: 9, count: 1 });
    expect(withNewest(after, 1_100, 9)).toBe(after);
    expect(withNewest(before, 950, 9)).toBe(before);
    expect(withNewest(before, 0, 0)).toBe(before);
  });

  it('has a summary in which each reading counts once', () => {
    expect(summaryOf(series([point(0, 10, 3), point(20, 20, 1)]))).toEqual({ min: 9, max: 21, mean: 12.5, last: 20, count: 4 });
    expect(summaryOf(series([]))).toBeUndefined();
  });
});
