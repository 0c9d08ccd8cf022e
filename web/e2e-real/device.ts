// Devices and administrators of the tests: plain HTTP, as a gauge or another program would speak.
import type { Facts } from './cluster';

/** The account under which devices report. */
const DEVICE = 'thiet-bi';
const ADMIN = 'quan-tri';
/** An answer that has not come by then is asked for again. */
const REQUEST_MS_MAX = 8_000;
/** Leaders are elected anew after a node is gone. */
const TRIES_MAX = 20;
const TRY_AGAIN_MS = 500;

/** A gauge whose alarm comes with the first reading over its limit. */
export const GAUGE = {
  id: 'thu-cau-gia-bay',
  name: 'Sông Cầu tại cầu Gia Bảy',
  kind: 'river_level',
  unit_of_measure: 'm',
  place: { latitude_e7: 215_935_000, longitude_e7: 1_058_380_000, admin_unit: '', address: 'Cầu Gia Bảy' },
  thresholds: [
    { condition: 'level-3', above: true, limit_micro: 27_000_000, hysteresis_micro: 200_000, debounce_ms: 0, severity: 'critical' },
  ],
  period_ms: 600_000,
  silence_periods: 6,
};
/** A gauge that the tests may register. */
export type Gauge = typeof GAUGE;

export async function post(urls: readonly string[], path: string, headers: Record<string, string>, body: unknown): Promise<Response> {
  let last = '';
  for (let attempt = 0; attempt < TRIES_MAX; attempt += 1) {
    try {
      const response = await fetch(`${urls[attempt % urls.length]}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(REQUEST_MS_MAX),
      });
      if (response.ok) return response;
      last = `${response.status} ${await response.text()}`;
      if (response.status < 500) break;
    } catch (error) {
      last = String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
  }
  throw new Error(`${path}: ${last}`);
}

/** An administrator's program: its session, and the number of its next request. */
export interface Session {
  cookie: string;
  seq: number;
}

export async function logIn({ urls, password }: Facts): Promise<Session> {
  const login = await post(urls, '/api/login', {}, { person: ADMIN, password });
  const { next_seq: seq } = (await login.json()) as { next_seq: number };
  const cookie = login.headers.getSetCookie().map((set) => set.split(';')[0]).join('; ');
  return { cookie, seq };
}

/** The code of the commune of that name, asked of any node that answers. */
export async function codeOf({ urls }: Facts, { cookie }: Session, commune: string): Promise<string> {
  for (const url of urls) {
    const units = await fetch(`${url}/api/admin-units`, { headers: { cookie } }).catch(() => undefined);
    if (units?.ok !== true) continue;
    const { items } = (await units.json()) as { items: { code: string; name: string }[] };
    const code = items.find(({ name }) => name === commune)?.code;
    if (code !== undefined) return code;
  }
  throw new Error(`${commune} is not among the administrative units of any node that answers`);
}

/** Registers the gauge in the commune of that name. */
export async function registerGauge(cluster: Facts, commune: string, gauge: Gauge = GAUGE): Promise<void> {
  const session = await logIn(cluster);
  const sensor = { ...gauge, place: { ...gauge.place, admin_unit: await codeOf(cluster, session, commune) } };
  await post(cluster.urls.slice(0, 1), '/api/sensors', { cookie: session.cookie, 'x-request-seq': String(session.seq) }, sensor);
}

/** What another centre's program passes on: somebody's words, with the kind and severity that its form had as a default. */
export interface Told {
  reference: string;
  summary: string;
  latitude_e7: number;
}

/** Passes reports on, one after the other. */
export async function report(cluster: Facts, commune: string, told: readonly Told[]): Promise<void> {
  const { cookie, seq } = await logIn(cluster);
  const code = await codeOf(cluster, { cookie, seq }, commune);
  for (const [at, { reference, summary, latitude_e7 }] of told.entries()) {
    const place = { latitude_e7, longitude_e7: 1_058_380_000, admin_unit: code, address: commune };
    const body = { reference, kind: 'other', severity: 'low', place, summary };
    await post(cluster.urls.slice(0, 1), '/api/reports', { cookie, 'x-request-seq': String(seq + at) }, body);
  }
}

/** What holds all that was acknowledged before, asked of node after node until one answers: nobody may lead for a moment. */
export async function read<T>({ urls }: Facts, path: string, cookie: string): Promise<T> {
  let last = '';
  for (let attempt = 0; attempt < TRIES_MAX; attempt += 1) {
    try {
      const headers = { cookie, 'x-read': 'linearizable' };
      const response = await fetch(`${urls[attempt % urls.length]}${path}`, { headers, signal: AbortSignal.timeout(REQUEST_MS_MAX) });
      if (response.ok) return (await response.json()) as T;
      last = `${response.status} ${await response.text()}`;
      if (response.status < 500) break;
    } catch (error) {
      last = String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
  }
  throw new Error(`${path}: ${last}`);
}

/** How many alarms this person was the last to acknowledge, as the centre has it. */
export async function acknowledgedBy(cluster: Facts, { cookie }: Session, person: string): Promise<number> {
  const { items } = await read<{ items: { acknowledged_by: string | null }[] }>(cluster, '/api/alarms', cookie);
  return items.filter(({ acknowledged_by: by }) => by === person).length;
}

/** Sends a reading of the gauge, in metres, until a node says that a quorum holds it. */
export async function measure({ urls, password }: Facts, metres: number, gauge: Gauge = GAUGE): Promise<void> {
  const key = Buffer.from(`${DEVICE}:${password}`).toString('base64');
  const reading = { sensor: gauge.id, at_ms: Date.now(), value: metres, unit: gauge.unit_of_measure };
  await post(urls, '/api/readings', { authorization: `Basic ${key}` }, reading);
}
