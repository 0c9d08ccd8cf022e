// What an administrator sees of accounts, rights and what is registered, and what they order about them. It is asked for again after each order, and
// every few seconds, because most of it goes over no line.
import { readDelegations, type Delegation } from '../link/access';
import { readRegister, type Register } from '../link/admin';
import { explainBy } from '../link/reason';
import { postToWire, remitToWire, rulesToWire, withoutShift, withShift, type Account, type PersonalKind, type Post, type Remit, type Shift } from '../nouns/register';
import type { Action } from '../nouns/rights';
import { toWire } from '../nouns/wire';
import { commands } from './commands.svelte';
import { order, type Sent } from './orders';
import { settings } from './settings.svelte';

const ASK_AGAIN_MS = 5_000;
const DAY_MS = 86_400_000;

/** What commands are shown beside. */
export const PERSON_FORM = 'person/form';
export const DELEGATION_FORM = 'delegation/form';
export const REMIT_FORM = 'remit/form';
export const KEY_FORM = 'key/form';
export const POST_FORM = 'post/form';
export const ERASURE_FORM = 'erasure/form';
export const PHOTO_FORM = 'photo/form';
export const personTarget = (person: string) => `person/${person}`;
export const delegationTarget = (id: string) => `delegation/${id}`;
export const remitTarget = (person: string) => `remit/${person}`;
export const keyTarget = (id: string) => `key/${id}`;
export const postTarget = (id: string) => `post/${id}`;
export const glassTarget = (person: string) => `glass/${person}`;

const EMPTY: Register = { accounts: [], remits: [], districts: [], rooms: [], posts: [], keys: [], glasses: [], holds: [], keeping: { number: 0, days: { caller: 0, contact: 0, report: 0 }, photoDays: 0 }, receivers: [], runCards: [] };

class Administration {
  /** Why this person changes what is registered now, in their words: nothing else explains it, and the record has it of each change. */
  why = $state('');
  register = $state.raw<Register>(EMPTY);
  delegations = $state.raw<Delegation[]>([]);
  /** The node did not answer the last time. */
  missing = $state(false);

  async load(): Promise<void> {
    try {
      [this.register, this.delegations] = await Promise.all([readRegister(), readDelegations()]);
      this.missing = false;
    } catch {
      this.missing = true;
    }
  }

  /** Asks until what it gives back is called. */
  start(): () => void {
    void this.load();
    const timer = setInterval(() => void this.load(), ASK_AGAIN_MS);
    explainBy(() => this.why.trim());
    return () => {
      clearInterval(timer);
      explainBy(() => '');
      this.why = '';
      this.register = EMPTY;
      this.delegations = [];
    };
  }
}

export const administration = new Administration();

/** Sends a command, then asks for what came of it. Without a reason nothing is sent. */
export async function ordered(target: string, path: string, body: unknown, action: Action = 'administer'): Sent {
  if (administration.why.trim() === '') {
    commands.keepBack(target, settings.t.admin.whyMissing);
    return undefined;
  }
  return plainly(target, path, body, action);
}

/** The same of what carries its own reason, or is a roster. */
async function plainly(target: string, path: string, body: unknown, action: Action = 'administer'): Sent {
  const sent = await order(action, target, path, body);
  if (sent !== undefined) await administration.load();
  return sent;
}

/** Puts a person as they shall be; an empty password leaves it as it is. */
export function putPerson({ unit, ...account }: Account, password: string): Sent {
  const more = password === '' ? {} : { password };
  return ordered(PERSON_FORM, '/api/people', { ...account, unit: unit === '' ? null : unit, ...more });
}

/** Says what somebody works for; nothing named is all. */
export const putRemit = (remit: Remit, target: string): Sent => ordered(target, '/api/remits', remitToWire(remit));

/** Takes the second factor of somebody away who has lost it. */
export const dropFactor = (person: string): Sent => ordered(personTarget(person), `/api/people/${encodeURIComponent(person)}/second-factor/drop`, {});

/** Gives one person's rights to another for a time. */
export const delegate = (giver: string, deputy: string, fromMs: number, untilMs: number, reason: string): Sent =>
  plainly(DELEGATION_FORM, '/api/delegations', { giver, deputy, from_ms: fromMs, until_ms: untilMs, reason });

/** Ends a delegation. */
export const revokeDelegation = (id: string): Sent => ordered(delegationTarget(id), `/api/delegations/${encodeURIComponent(id)}/revoke`, {});

/** Makes a key; the answer has it, and nobody is shown it again. */
export function makeKey(id: string, account: string, name: string, scopes: readonly string[], days: number, nowMs: number): Sent {
  const expires = Math.round(nowMs + days * DAY_MS);
  return ordered(KEY_FORM, '/api/keys', { id, account, name, scopes: scopes.map(toWire), expires_at_ms: expires });
}

/** The key counts no more. */
export const revokeKey = (id: string): Sent => ordered(keyTarget(id), `/api/keys/${encodeURIComponent(id)}/revoke`, {});

/** Puts a post with its whole roster. */
export const putPost = (post: Post, target: string): Sent => plainly(target, '/api/duty-posts', postToWire(post));

/** Adds a shift; undefined at once where the person has one at that time. */
export function addShift(post: Post, shift: Shift): Sent | undefined {
  const more = withShift(post, shift);
  return more === undefined ? undefined : putPost(more, postTarget(post.id));
}

/** Takes a shift away. */
export const removeShift = (post: Post, shift: Shift): Sent => putPost(withoutShift(post, shift), postTarget(post.id));

/** Ends somebody's emergency access. */
export const endGlass = (person: string): Sent => ordered(glassTarget(person), '/api/glass/end', { person });

/** Sets how long personal data are kept, on the rules that were seen. What is due goes and does not come back. */
export const keepPersonal = (seen: number, days: Readonly<Record<PersonalKind, number>>): Sent => ordered(ERASURE_FORM, '/api/erasure', rulesToWire(seen, days));

/** Sets how long photos of what is done are kept. */
export const keepPhotos = (days: number): Sent => ordered(PHOTO_FORM, '/api/file-retention', { days });
