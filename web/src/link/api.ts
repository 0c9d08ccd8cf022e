// The HTTP side: session, history, commands. All fetches of the screens are here.
import { backoffMs } from './backoff';
import { loadOf, type Load, type LoadWire } from '../nouns/load';
import { SERIES_POINTS, seriesOf, type Series, type SeriesWire } from '../nouns/series';
import { toldOf, type Told, type ToldWire } from '../nouns/told';
import { severityNamed, type Severity } from '../nouns/severity';
import { fromWire } from '../nouns/wire';
import { reasonFor, reasonHeader } from './reason';
import { closeSequence, openSequence, takeSequence } from './sequence';

/** A request that has no answer by then counts as lost, its outcome as unknown. */
const REQUEST_MS_MAX = 8_000;
const DEGREES_PER_E7 = 1e-7;
/** Name of the tab lock under which a command number is taken. */
const SEQUENCE_LOCK = 'trongdong.seq';

export interface Session {
  person: string;
  name: string;
  role: string;
  nextSeq: number;
  expiresAtMs: number;
  /** Whose rights they have now, by a delegation that they took; absent: their own. */
  actsFor?: string | undefined;
  /** They see the whole province by a broken glass. */
  brokenGlass?: boolean;
  /** When such rights end by themselves; 0 or absent: they are their own. */
  rightsUntilMs?: number;
}

/** The server's refusal: which field and what to do about it. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly field: string,
    message: string,
  ) {
    super(message);
  }
}

/** Codes of refusals that a server gives as its own trouble: asking again would only bring them again. */
const REFUSALS_OF_A_NODE = ['line_cut', 'kept_full'];

/** No answer, or one that says nothing about the outcome: the same request may be sent again. */
export class Unanswered extends Error {}

/** A district centre's node keeps the command and sends it on under the same number; the province has not answered yet. */
export class KeptBack extends Unanswered {
  constructor(readonly place: number) {
    super('kept');
  }
}

/** What a committed command made or changed. */
export interface Committed {
  entity: string;
  version: number;
  /** Of what was saved from a call: its incident; empty: none. */
  incident: string;
  /** Of a service key that was made: the key, which nobody is shown again. */
  key?: string;
}

let origins: string[] = [''];
let current = '';

/** Requests go to the node that feeds this screen; the others are tried when it does not answer. */
export function preferOrigin(origin: string): void {
  current = origin === globalThis.location?.origin ? '' : origin;
}

/** `why` stands in the record; a change always has one, a look where it is recorded. */
async function request(origin: string, method: string, path: string, body?: unknown, seq?: number, why = method === 'POST' ? reasonFor(path) : ''): Promise<unknown> {
  const headers: Record<string, string> = reasonHeader(why);
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (seq !== undefined) headers['x-request-seq'] = String(seq);
  let response: Response;
  try {
    response = await fetch(`${origin}${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: origin === '' ? 'same-origin' : 'include',
      signal: AbortSignal.timeout(REQUEST_MS_MAX),
    });
  } catch (error) {
    throw new Unanswered(error instanceof Error ? error.message : 'network');
  }
  let answer: unknown;
  try {
    answer = response.status === 204 ? {} : await response.json();
  } catch {
    answer = {};
  }
  if (response.ok) return answer;
  const { code = '', field = '', message = '' } = answer as { code?: string; field?: string; message?: string };
  if (!REFUSALS_OF_A_NODE.includes(code) && (response.status >= 500 || code === 'unknown')) throw new Unanswered(message);
  throw new Refused(response.status, code, field, message);
}

function sessionOf(answer: unknown): Session {
  const raw = answer as {
    person: string;
    name: string;
    role: string;
    next_seq: number;
    expires_at_ms: number;
    acts_for?: string;
    broken_glass?: boolean;
    rights_until_ms?: number;
  };
  const session: Session = {
    person: raw.person,
    name: raw.name,
    role: raw.role,
    nextSeq: raw.next_seq,
    expiresAtMs: raw.expires_at_ms,
    actsFor: raw.acts_for,
    brokenGlass: raw.broken_glass ?? false,
    rightsUntilMs: raw.rights_until_ms ?? 0,
  };
  openSequence(localStorage, sessionKey(session), session.nextSeq);
  return session;
}

/** Names the session among those of this browser. */
export function sessionKey(session: Session): string {
  return `${session.person}.${session.expiresAtMs}`;
}

const KEPT = 'trongdong.session';

/** Remembers who is signed in, for a page that opens without a network. It opens nothing: the cookie does. */
export function keepSession(session: Session): void {
  localStorage.setItem(KEPT, JSON.stringify(session));
}

/** Who was signed in here last, if the session can still be good; undefined: nobody. */
export function keptSession(nowMs: number): Session | undefined {
  try {
    const session = JSON.parse(localStorage.getItem(KEPT) ?? 'null') as Session | null;
    return session !== null && typeof session.person === 'string' && session.expiresAtMs > nowMs ? session : undefined;
  } catch {
    return undefined;
  }
}

/** Nobody is signed in any more. */
export function forgetSession(): void {
  localStorage.removeItem(KEPT);
}

/** The session of the cookie; undefined when there is none. */
export async function readSession(): Promise<Session | undefined> {
  try {
    return sessionOf(await request(current, 'GET', '/api/session'));
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return undefined;
    throw error;
  }
}

/**
 * Opens a session. Throws `Refused` for a wrong name or password, with `code_needed` when a code of the second factor is asked
 * for, and `code_denied` when it is wrong or was used before.
 */
export async function login(person: string, password: string, code = ''): Promise<Session> {
  const body = code === '' ? { person, password } : { person, password, code };
  return sessionOf(await request(current, 'POST', '/api/login', body));
}

/** The name of the provider whose word counts at this node; undefined: there is none. */
export async function readProvider(): Promise<string | undefined> {
  return ((await request('', 'GET', '/api/sign-in/ways')) as { provider?: string }).provider;
}

/** Opens a session with a code of the second factor, after the provider has vouched. Throws `Refused` like `login`. */
export async function loginByProvider(code: string): Promise<Session> {
  return sessionOf(await request('', 'POST', '/api/oidc/code', { code }));
}

/** Ends the session; the cookie goes with it. */
export async function logout(): Promise<void> {
  try {
    await request(current, 'POST', '/api/logout', {});
  } finally {
    closeSequence(localStorage);
  }
}

/** Origins of all nodes, this page's own first. Falls back to this page's own. */
export async function readOrigins(): Promise<string[]> {
  const own = location.origin;
  try {
    const nodes = (await request(current, 'GET', '/api/nodes')) as { id: number; url: string }[];
    const others = nodes.map((node) => new URL(node.url).origin).filter((origin) => origin !== own);
    origins = ['', ...others];
    return [own, ...others];
  } catch {
    return [own];
  }
}

/** What a sensor measured over a span, in stretches of equal length. */
export async function readSeries(sensor: string, fromMs: number, toMs: number): Promise<Series> {
  const span = `from_ms=${Math.round(fromMs)}&to_ms=${Math.round(toMs)}&points_max=${SERIES_POINTS}`;
  const path = `/api/sensors/${encodeURIComponent(sensor)}/series?${span}`;
  return seriesOf((await request(current, 'GET', path)) as SeriesWire);
}

/** How many incidents there should be today, as the node computed it last. */
export async function readLoad(): Promise<Load> {
  return loadOf((await request(current, 'GET', '/api/load')) as LoadWire);
}

/** One line of an incident's timeline. */
export interface TimelineEntry {
  kind: string;
  atMs: number;
  by: string;
  note: string;
  /** What a unit did, where the line is about one. `statusAtMs` may lie long before the line: a phone sends later. */
  unit?: { id: string; status: string; statusAtMs: number; latitude: number; longitude: number };
  /** The incident as it stood then. */
  incident?: { severity: Severity; status: string; summary: string; latitude: number; longitude: number; units: string[] };
}

interface RawLine {
  kind: string;
  at_ms: number;
  by: string | null;
  note: string;
  unit?: { id: string; status: string; status_at_ms: number; latitude_e7: number; longitude_e7: number };
  incident?: { severity: string; status: string; summary: string; latitude_e7: number; longitude_e7: number; units: string[] };
}

/** Everything that happened to an incident, as kept by the server, oldest first. */
export async function readTimeline(incident: string): Promise<TimelineEntry[]> {
  const answer = await readRecorded(`/api/incidents/${encodeURIComponent(incident)}/timeline`);
  const degrees = (e7: number) => e7 * DEGREES_PER_E7;
  return (answer as RawLine[]).map(({ kind, at_ms, by, note, unit, incident: then }) => ({
    kind,
    atMs: at_ms,
    by: by ?? '',
    note,
    unit: unit && { id: unit.id, status: fromWire(unit.status), statusAtMs: unit.status_at_ms, latitude: degrees(unit.latitude_e7), longitude: degrees(unit.longitude_e7) },
    incident: then && { severity: severityNamed(then.severity), status: fromWire(then.status), summary: then.summary, latitude: degrees(then.latitude_e7), longitude: degrees(then.longitude_e7), units: then.units },
  }));
}

/** What citizens told, newest first: `which` is the query, such as `incident=I12`. */
export async function readTold(which: Record<string, string>): Promise<{ items: Told[]; truncated: boolean }> {
  const answer = await readRecorded(`/api/reports?${new URLSearchParams(which)}`);
  const { items, truncated } = answer as { items: ToldWire[]; truncated: boolean };
  return { items: items.map(toldOf), truncated };
}

/** Any answer of the node that feeds this page, for nouns that read their own JSON. */
export async function readJson(path: string): Promise<unknown> {
  return request(current, 'GET', path);
}

/** The same of what is recorded as looked at: it says why. */
export async function readRecorded(path: string): Promise<unknown> {
  return request(current, 'GET', path, undefined, undefined, reasonFor(path));
}

/** Sends what is no command and may be sent any number of times, at the `attempt`-th time to another node than before. */
export async function sendPlain(path: string, body: unknown, attempt: number): Promise<unknown> {
  return request(originAt(attempt), 'POST', path, body);
}

/** Sends a numbered request whose answer is more than that it was done; the same number gives the same answer. */
export async function sendNumbered(path: string, body: unknown, seq: number): Promise<unknown> {
  return request(current, 'POST', path, body, seq);
}

/** The part of a file that a numbered request gives, and the number to go on behind; undefined: that was the last. */
export async function sendForBytes(path: string, body: unknown, seq: number): Promise<{ bytes: ArrayBuffer; through: number | undefined; withheld: number }> {
  const headers = { 'content-type': 'application/json', 'x-request-seq': String(seq), ...reasonHeader(reasonFor(path)) };
  const credentials = current === '' ? 'same-origin' : 'include';
  const response = await fetch(`${current}${path}`, { method: 'POST', headers, body: JSON.stringify(body), credentials, signal: AbortSignal.timeout(REQUEST_MS_MAX) });
  if (!response.ok) {
    const { code = '', field = '', message = '' } = (await response.json().catch(() => ({}))) as { code?: string; field?: string; message?: string };
    throw new Refused(response.status, code, field, message);
  }
  const through = response.headers.get('x-audit-through');
  return { bytes: await response.arrayBuffer(), through: through === null ? undefined : Number(through), withheld: Number(response.headers.get('x-audit-withheld') ?? 0) };
}

/** The node to ask at the `attempt`-th time. */
export function originAt(attempt: number): string {
  return attempt === 0 ? current : (origins[(origins.indexOf(current) + attempt) % origins.length] ?? current);
}

/** Takes a command number that no other tab of the session takes. */
export async function nextSequence(session: Session): Promise<number> {
  const take = () => takeSequence(localStorage, sessionKey(session));
  // Locks exist in secure contexts only; without them two tabs would have to act within one storage write to collide.
  return navigator.locks === undefined ? take() : await navigator.locks.request(SEQUENCE_LOCK, take);
}

/**
 * Sends one command once, at the `attempt`-th time to another node than before. Throws `Refused` when the server says no, and
 * `Unanswered` when nobody knows: then the same number may be sent again. One that is kept is unanswered too, as `KeptBack`.
 */
export async function sendOnce(path: string, body: unknown, seq: number, attempt: number, why?: string): Promise<Committed> {
  const answer = (await request(originAt(attempt), 'POST', path, body, seq, why)) as Partial<Committed> & { id?: string; code?: string; kept?: { place: number } };
  if (answer.kept !== undefined) throw new KeptBack(answer.kept.place);
  const made = answer.key === undefined ? {} : { key: answer.key };
  return { entity: answer.entity ?? answer.code ?? answer.id ?? '', version: answer.version ?? 0, incident: answer.incident ?? '', ...made };
}

/** Sends a command once; a photo goes another way than JSON. */
export type SendOnce = (path: string, body: unknown, seq: number, attempt: number, why: string) => Promise<Committed>;

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
