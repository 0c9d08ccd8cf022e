// What a sensor measured over a span, as few points as a chart has room for. Pure: answers become columns to draw, with gaps
// where nothing was measured, and a sentence's figures for who cannot see the drawing.
import type { Sensor } from './sensor';

/** Spans that people choose from, in hours. */
export const SPANS_H = [1, 24, 168, 720] as const;
export type SpanHours = (typeof SPANS_H)[number];

/** Points asked for: about two pixels each on a wall. */
export const SERIES_POINTS = 400;

/** One stretch of time in which something was measured. Times are Unix milliseconds. */
export interface SeriesPoint {
  fromMs: number;
  min: number;
  max: number;
  mean: number;
  last: number;
  count: number;
}

export interface Series {
  fromMs: number;
  toMs: number;
  /** How long a stretch is. */
  stepMs: number;
  points: readonly SeriesPoint[];
  /** The node read only a part of what is there. */
  truncated: boolean;
  /** What was recorded before is not kept; 0: everything is. */
  keptFromMs: number;
  /** Since the node that answered heard of a quorum. */
  ageMs: number;
}

export interface SeriesWire {
  from_ms: number;
  to_ms: number;
  step_ms: number;
  points: { from_ms: number; min: number; max: number; mean: number; last: number; count: number }[];
  truncated: boolean;
  kept_from_ms: number;
  age_ms: number;
}

export function seriesOf(wire: SeriesWire): Series {
  return {
    fromMs: wire.from_ms,
    toMs: wire.to_ms,
    stepMs: wire.step_ms,
    points: wire.points.map(({ from_ms, ...point }) => ({ fromMs: from_ms, ...point })),
    truncated: wire.truncated,
    keptFromMs: wire.kept_from_ms,
    ageMs: wire.age_ms,
  };
}

/** The series with a live reading that is newer than all of it. */
export function withNewest(series: Series, atMs: number, value: number): Series {
  const newest = series.points.at(-1);
  if (atMs <= 0 || atMs <= series.toMs || (newest !== undefined && atMs <= newest.fromMs)) return series;
  const point = { fromMs: atMs, min: value, max: value, mean: value, last: value, count: 1 };
  // A series of a span ends where it ended when it was asked for, plus what came since.
  return { ...series, toMs: atMs, points: [...series.points, point] };
}

/**
 * How far two points may lie apart before the line breaks: as long as the sensor may be silent, and never less than the
 * stretches are long. A sensor that promises no period is taken to keep the one that it mostly kept.
 */
export function gapMs(series: Series, sensor: Pick<Sensor, 'periodMs' | 'silencePeriods'>): number {
  const steps = series.points.slice(1).map((point, at) => point.fromMs - series.points[at]!.fromMs);
  const usual = steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const silence = sensor.periodMs > 0 ? sensor.periodMs * Math.max(sensor.silencePeriods, 2) : usual * 3;
  return Math.max(silence, series.stepMs * 1.5);
}

/** Columns to draw: seconds, and of each the lowest, the highest and the mean; null where the line breaks. */
export interface Columns {
  seconds: number[];
  min: (number | null)[];
  max: (number | null)[];
  mean: (number | null)[];
  /** How often the line breaks. */
  gaps: number;
}

export function columnsOf(series: Series, gap: number): Columns {
  const columns: Columns = { seconds: [], min: [], max: [], mean: [], gaps: 0 };
  const put = (atMs: number, min: number | null, max: number | null, mean: number | null) => {
    columns.seconds.push(atMs / 1_000);
    columns.min.push(min);
    columns.max.push(max);
    columns.mean.push(mean);
  };
  let before: number | undefined;
  for (const { fromMs, min, max, mean } of series.points) {
    if (before !== undefined && fromMs - before > gap) {
      put((before + fromMs) / 2, null, null, null);
      columns.gaps += 1;
    }
    put(fromMs, min, max, mean);
    before = fromMs;
  }
  return columns;
}

/** The figures of a sentence about the whole span; undefined: nothing was measured. */
export function summaryOf(series: Series): { min: number; max: number; mean: number; last: number; count: number } | undefined {
  if (series.points.length === 0) return undefined;
  const count = series.points.reduce((sum, point) => sum + point.count, 0);
  return {
    min: Math.min(...series.points.map((point) => point.min)),
    max: Math.max(...series.points.map((point) => point.max)),
    mean: series.points.reduce((sum, point) => sum + point.mean * point.count, 0) / count,
    last: series.points.at(-1)!.last,
    count,
  };
}
