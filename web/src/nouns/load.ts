// How many incidents each district should have today, and how many it has.
import { LoadSide as SideWire, type LoadNotice as NoticeWire } from '../gen/trongdong/v1/admin_unit_pb';

export type LoadState = 'off' | 'missing' | 'learning' | 'ready' | 'failed';
export type LoadSide = 'within' | 'above' | 'below';

/** A district's count of the day so far has left what was expected of it. */
export interface LoadNotice {
  side: 'above' | 'below';
  count: number;
  low: number;
  high: number;
  reportedAtMs: number;
}

/** The domain notice of a wire notice; undefined while a district is as expected. */
export function noticeOf(wire: NoticeWire | undefined): LoadNotice | undefined {
  if (wire === undefined) return undefined;
  const { count, low, high } = wire;
  return { side: wire.side === SideWire.BELOW ? 'below' : 'above', count, low, high, reportedAtMs: Number(wire.reportedAtMs) };
}

/** What was expected of one hour. */
export interface HourBand {
  low: number;
  median: number;
  high: number;
}

/** One district's day; `district` is empty for all together. */
export interface LoadDay {
  district: string;
  hours: HourBand[];
  /** Counted in the hours that have ended. */
  counts: number[];
  soFar: number;
  /** What was expected of the sum so far; undefined before an hour has ended. */
  band: { low: number; high: number } | undefined;
  side: LoadSide;
}

export interface Load {
  state: LoadState;
  model: string;
  version: string;
  atMs: number;
  hours: number;
  hoursLeast: number;
  dayAtMs: number;
  districts: LoadDay[];
}

/** As the server answers. */
export interface LoadWire {
  state: LoadState;
  model: string;
  model_version: string;
  at_ms: number;
  hours: number;
  hours_least: number;
  day_at_ms: number;
  districts: {
    district: string;
    hours: HourBand[];
    counts: number[];
    so_far: number;
    band: { low: number; high: number } | null;
    side: LoadSide;
  }[];
}

/** The domain load of a server's answer. */
export function loadOf(wire: LoadWire): Load {
  return {
    state: wire.state,
    model: wire.model,
    version: wire.model_version,
    atMs: wire.at_ms,
    hours: wire.hours,
    hoursLeast: wire.hours_least,
    dayAtMs: wire.day_at_ms,
    districts: wire.districts.map(({ district, hours, counts, so_far, band, side }) => ({
      district,
      hours,
      counts,
      soFar: so_far,
      band: band === null ? undefined : { low: band.low, high: band.high },
      side,
    })),
  };
}

/** All together first, then what is outside of its band, then by name. */
export function rankLoad(days: readonly LoadDay[], name: (district: string) => string): LoadDay[] {
  const rank = (day: LoadDay) => (day.district === '' ? 2 : day.side === 'within' ? 0 : 1);
  return [...days].sort((a, b) => rank(b) - rank(a) || name(a.district).localeCompare(name(b.district), 'vi'));
}

/** Corners of the band of a chart `width` by `height`, the highs from left to right and the lows back; steps of an hour. */
export function bandPath(hours: readonly HourBand[], top: number, width: number, height: number): string {
  const x = (hour: number) => (hours.length === 0 ? 0 : (hour / hours.length) * width);
  const y = (count: number) => height - (count / Math.max(1, top)) * height;
  const edge = (value: (hour: HourBand) => number) =>
    hours.flatMap((hour, at) => [`${x(at)},${y(value(hour))}`, `${x(at + 1)},${y(value(hour))}`]);
  return [...edge(({ high }) => high), ...edge(({ low }) => low).reverse()].join(' ');
}

/** The highest figure that a chart of the day has to show. */
export function loadTop(day: LoadDay): number {
  return Math.max(1, ...day.hours.map(({ high }) => high), ...day.counts);
}
