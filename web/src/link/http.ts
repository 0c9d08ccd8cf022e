// What every page asks of a node: the session, one command, one answer. It is all that a crew's phone reads before its first picture; what
// only the rooms ask is in `api.ts`.
import { logPlaceOf, type LogPlace } from '../nouns/log-place';
import { reasonFor, reasonHeader } from './reason';
import { closeSequence, openSequence, takeSequence } from './sequence';

/** A request that has no answer by then counts as lost, its outcome as unknown. */
export const REQUEST_MS_MAX = 8_000;
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
    /** When to come again, if the server said so; 0: it did not. */
    readonly retryAfterS = 0,
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
  /** Of incidents that were taken apart: units that have moved on since the merge, and stay. */
  stayed?: readonly string[];
  /** Where the log has it; undefined: the node did not say. */
  log?: LogPlace | undefined;
}

/** Called for each request of one node: how long it took, and whether the node answered without a fault of its own. */
let heard: (ms: number, isAnswered: boolean) => void = () => {};

/** Has each request of this page told of. One listens at most. */
export function onRequests(listener: (ms: number, isAnswered: boolean) => void): void {
  heard = listener;
}

let origins: string[] = [''];
let current = '';

/** Requests go to the node that feeds this screen; the others are tried when it does not answer. */
export function preferOrigin(origin: string): void {
  current = origin === globalThis.location?.origin ? '' : origin;
}

/**
 * One request of one node. Throws `Refused` when it says no, and `Unanswered` when nobody knows. `why` stands in the record; a change always
 * has one, a look where it is recorded.
 */
export async function request(origin: string, method: string, path: string, body?: unknown, seq?: number, why = method === 'POST' ? reasonFor(path) : ''): Promise<unknown> {
  const headers: Record<string, string> = reasonHeader(why);
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (seq !== undefined) headers['x-request-seq'] = String(seq);
  let response: Response;
  const begunMs = performance.now();
  try {
    response = await fetch(`${origin}${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: origin === '' ? 'same-origin' : 'include',
      signal: AbortSignal.timeout(REQUEST_MS_MAX),
    });
  } catch (error) {
    heard(performance.now() - begunMs, false);
    throw new Unanswered(error instanceof Error ? error.message : 'network');
  }
  heard(performance.now() - begunMs, response.status < 500);
  let answer: unknown;
  try {
    answer = response.status === 204 ? {} : await response.json();
  } catch {
    answer = {};
  }
  if (response.ok) return answer;
  const { code = '', field = '', message = '' } = answer as { code?: string; field?: string; message?: string };
  if (!REFUSALS_OF_A_NODE.includes(code) && (response.status >= 500 || code === 'unknown')) throw new Unanswered(message);
  throw new Refused(response.status, code, field, message, Number(response.headers.get('retry-after') ?? 0) || 0);
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

/** Any answer of the node that feeds this page, for nouns that read their own JSON. */
export async function readJson(path: string): Promise<unknown> {
  return request(current, 'GET', path);
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
  const answer = (await request(originAt(attempt), 'POST', path, body, seq, why)) as Omit<Partial<Committed>, 'log'> & { id?: string; code?: string; log?: unknown; kept?: { place: number } };
  if (answer.kept !== undefined) throw new KeptBack(answer.kept.place);
  const made = { ...(answer.key !== undefined && { key: answer.key }), ...(answer.stayed !== undefined && { stayed: answer.stayed }) };
  return { entity: answer.entity ?? answer.code ?? answer.id ?? '', version: answer.version ?? 0, incident: answer.incident ?? '', log: logPlaceOf(answer.log), ...made };
}

/** Sends a command once; a photo goes another way than JSON. */
export type SendOnce = (path: string, body: unknown, seq: number, attempt: number, why: string) => Promise<Committed>;
