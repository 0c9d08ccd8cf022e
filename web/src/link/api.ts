// The HTTP side of the rooms: history, what citizens told, commands until they are answered. All fetches of the screens are here and in `http.ts`.
import { backoffMs } from './backoff';
import { loadOf, type Load, type LoadWire } from '../nouns/load';
import { SERIES_POINTS, seriesOf, type Series, type SeriesWire } from '../nouns/series';
import { toldOf, type Told, type ToldWire } from '../nouns/told';
import { fromWire } from '../nouns/wire';
import { KeptBack, originAt, Refused, request, REQUEST_MS_MAX, sendOnce, Unanswered, type Committed, type SendOnce } from './http';
import { reasonFor, reasonHeader } from './reason';

export * from './http';

/** What a sensor measured over a span, in stretches of equal length. */
export async function readSeries(sensor: string, fromMs: number, toMs: number): Promise<Series> {
  const span = `from_ms=${Math.round(fromMs)}&to_ms=${Math.round(toMs)}&points_max=${SERIES_POINTS}`;
  const path = `/api/sensors/${encodeURIComponent(sensor)}/series?${span}`;
  return seriesOf((await request(originAt(0), 'GET', path)) as SeriesWire);
}

/** How many incidents there should be today, as the node computed it last. */
export async function readLoad(): Promise<Load> {
  return loadOf((await request(originAt(0), 'GET', '/api/load')) as LoadWire);
}

/** One line of an incident's timeline. */
export interface TimelineEntry {
  kind: string;
  atMs: number;
  by: string;
  note: string;
  /** What a unit did, where the line is about one. `statusAtMs` may lie long before the line: a phone sends later. */
  unit?: { id: string; status: string; statusAtMs: number };
}

interface RawLine {
  kind: string;
  at_ms: number;
  by: string | null;
  note: string;
  unit?: { id: string; status: string; status_at_ms: number };
}

/** Everything that happened to an incident, as kept by the server, oldest first. */
export async function readTimeline(incident: string): Promise<TimelineEntry[]> {
  const answer = await readRecorded(`/api/incidents/${encodeURIComponent(incident)}/timeline`);
  return (answer as RawLine[]).map(({ kind, at_ms, by, note, unit }) => ({
    kind,
    atMs: at_ms,
    by: by ?? '',
    note,
    unit: unit && { id: unit.id, status: fromWire(unit.status), statusAtMs: unit.status_at_ms },
  }));
}

/** What citizens told, newest first: `which` is the query, such as `incident=I12`. */
export async function readTold(which: Record<string, string>): Promise<{ items: Told[]; truncated: boolean }> {
  const answer = await readRecorded(`/api/reports?${new URLSearchParams(which)}`);
  const { items, truncated } = answer as { items: ToldWire[]; truncated: boolean };
  return { items: items.map(toldOf), truncated };
}

/** Any answer of what is recorded as looked at: it says why. */
export async function readRecorded(path: string): Promise<unknown> {
  return request(originAt(0), 'GET', path, undefined, undefined, reasonFor(path));
}

/** Sends what is no command and may be sent any number of times, at the `attempt`-th time to another node than before. */
export async function sendPlain(path: string, body: unknown, attempt: number): Promise<unknown> {
  return request(originAt(attempt), 'POST', path, body);
}

/** Sends a numbered request whose answer is more than that it was done; the same number gives the same answer. */
export async function sendNumbered(path: string, body: unknown, seq: number): Promise<unknown> {
  return request(originAt(0), 'POST', path, body, seq);
}

/** The part of a file that a numbered request gives, and the number to go on behind; undefined: that was the last. */
export async function sendForBytes(path: string, body: unknown, seq: number): Promise<{ bytes: ArrayBuffer; through: number | undefined; withheld: number }> {
  const headers = { 'content-type': 'application/json', 'x-request-seq': String(seq), ...reasonHeader(reasonFor(path)) };
  const origin = originAt(0);
  const credentials = origin === '' ? 'same-origin' : 'include';
  const response = await fetch(`${origin}${path}`, { method: 'POST', headers, body: JSON.stringify(body), credentials, signal: AbortSignal.timeout(REQUEST_MS_MAX) });
  if (!response.ok) {
    const { code = '', field = '', message = '' } = (await response.json().catch(() => ({}))) as { code?: string; field?: string; message?: string };
    throw new Refused(response.status, code, field, message);
  }
  const through = response.headers.get('x-audit-through');
  return { bytes: await response.arrayBuffer(), through: through === null ? undefined : Number(through), withheld: Number(response.headers.get('x-audit-withheld') ?? 0) };
}

/**
 * Sends one command until it is answered, always under the same number, so that it takes effect once however often it is
 * sent. Throws `Refused` when the server says no, and `KeptBack` when a node keeps it until the province answers. `retried`
 * hears of each attempt that had no answer.
 */
export async function sendCommand(path: string, body: unknown, seq: number, retried: () => void, once: SendOnce = sendOnce): Promise<Committed> {
  // Why it was ordered stays what it was, also where the answer takes long.
  const why = reasonFor(path);
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await once(path, body, seq, attempt, why);
    } catch (error) {
      if (!(error instanceof Unanswered) || error instanceof KeptBack) throw error;
      retried();
      await new Promise((resolve) => setTimeout(resolve, backoffMs(attempt, Math.random())));
    }
  }
}
