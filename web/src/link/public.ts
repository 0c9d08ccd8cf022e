// The HTTP side of the public pages: no session, no numbers of commands. What is sent carries its own key.
import type { Followed, Letter } from '../nouns/report';

/** A request that has no answer by then counts as lost, its outcome as unknown. */
const REQUEST_MS_MAX = 12_000;

/** The centre's refusal: which field and what to do about it, in both languages. */
export class PublicRefused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly field: string,
    readonly vi: string,
    readonly en: string,
    /** When to come again, in seconds; 0: never in this form. */
    readonly retryAfterS: number,
  ) {
    super(en);
  }
}

/** No answer, or one that says nothing about the outcome: the same request may be sent again. */
export class NoAnswer extends Error {}

async function request(method: string, path: string, body?: unknown): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
      // Nobody is signed in here, and a cookie of the room must not go along.
      credentials: 'omit',
      signal: AbortSignal.timeout(REQUEST_MS_MAX),
    });
  } catch (error) {
    throw new NoAnswer(error instanceof Error ? error.message : 'network');
  }
  const answer = (response.status === 204 ? {} : await response.json().catch(() => ({}))) as Record<string, string>;
  if (response.ok) return answer;
  const { code = '', field = '', message = '', message_en = message } = answer;
  // Too many at a time is an answer that names when to come again; any other trouble of a server is none.
  if (response.status >= 500) throw new NoAnswer(message_en);
  throw new PublicRefused(response.status, code, field, message, message_en, Number(response.headers.get('retry-after') ?? 0));
}

/** The communes that a report can be about. */
export async function readCommunes(): Promise<{ code: string; name: string }[]> {
  return (await request('GET', '/api/public/communes')) as { code: string; name: string }[];
}

/** Sends a report; the code that it is followed by, once a quorum holds it. Sent again under its key it is the same report. */
export async function sendLetter(letter: Letter): Promise<string> {
  const answer = (await request('POST', '/api/public/reports', letter)) as { code?: string };
  if (answer.code === undefined) throw new NoAnswer('no code');
  return answer.code;
}

const at = (code: string) => `/api/public/reports/${encodeURIComponent(code)}`;

/** How far the report of this code is. */
export async function readFollowed(code: string): Promise<Followed> {
  return (await request('GET', at(code))) as Followed;
}

/** Rates the answer, 1 to 5; the last rating counts. */
export async function sendRating(code: string, rating: number, note: string): Promise<void> {
  await request('POST', `${at(code)}/rating`, { rating, note });
}

/** Opens an answered report again; in the same words, once. */
export async function sendReopening(code: string, reason: string): Promise<void> {
  await request('POST', `${at(code)}/reopening`, { reason });
}
