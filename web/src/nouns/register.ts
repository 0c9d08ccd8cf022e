// Who works here and by what right, as administrators see it, and lines of the record, as auditors do.
import { kindNamed, type Kind } from './kind';
import { roleOf, type Role } from './rights';
import { plain } from '../i18n/search';
import { severityNamed, type Severity } from './severity';
import { toWire } from './wire';

export interface Account {
  id: string;
  name: string;
  role: Role;
  /** Rooms seen and acted in. */
  districts: string[];
  everywhere: boolean;
  disabled: boolean;
  /** The unit that a responder crews; empty: none. */
  unit: string;
}

/** Fields and agencies that somebody works for; of both, none is all. */
export interface Remit {
  person: string;
  fields: Kind[];
  agencies: string[];
}

export interface ServiceKey {
  id: string;
  account: string;
  name: string;
  scopes: string[];
  putAtMs: number;
  expiresAtMs: number;
  /** At the node that was asked, since it started; 0: not yet. */
  usedHereAtMs: number;
}

export interface Shift {
  person: string;
  fromMs: number;
  untilMs: number;
}

/** A post that somebody is always to be on. */
export interface Post {
  id: string;
  name: string;
  above: string | null;
  shifts: Shift[];
  /** The version that was seen; absent: a new one. */
  version?: number;
}

/** Emergency access, now or the last time. */
export interface Glass {
  person: string;
  reason: string;
  begunAtMs: number;
  untilMs: number;
}

/** Somebody, or everybody at an address, who has to wait before they may sign in. */
export interface Hold {
  /** Empty: everybody. */
  person: string;
  /** Empty: from wherever is not known of them. */
  address: string;
  what: string;
  failures: number;
  untilMs: number;
}

/** Kinds of personal data that go by rule. */
export const PERSONAL_KINDS = ['caller', 'contact', 'report'] as const;
export type PersonalKind = (typeof PERSONAL_KINDS)[number];

/** How long personal data are kept; 0 days: as long as what they belong to. */
export interface Keeping {
  /** Grows by one with each change of the rules. */
  number: number;
  days: Record<PersonalKind, number>;
  /** Of photos of what is done. */
  photoDays: number;
}

export const KEY_SCOPES = ['readings', 'see', 'telephony'] as const;
export const RECORD_KINDS = ['read', 'right', 'sign_in', 'change', 'system'] as const;

/** By what a line was erased: the record that says so, the number of the rules, or 0 and what was said by hand. */
export interface Erased {
  record: number;
  atMs: number;
  rule: number;
  said: string;
}

/** What stands where nobody said why: a name of what it follows from, and of what or whom; `of` may be empty. */
export interface Unsaid {
  code: string;
  of: string;
}

/** What a form's rules suggested, and whether who filled it in said the same. */
export interface Advised {
  kind: Kind;
  kindTaken: boolean;
  severity: Severity;
  severityTaken: boolean;
}

/** One line of the record. Without `told` its payload was erased by rule; `withheld`: it tells of a caller, whom this person may not see. */
export interface RecordLine {
  number: number;
  atMs: number;
  erased: Erased | undefined;
  withheld: boolean;
  told: { kind: string; name: string; by: string; from: string; what: string; why: string; refused: string; actsFor: string; brokenGlass: boolean; key: string; exercise: boolean; unsaid: Unsaid | undefined; advised: Advised | undefined } | undefined;
}

const items = <T>(answer: unknown): T[] => (answer as { items: T[] }).items;

type AccountJson = Omit<Account, 'role' | 'unit'> & { role: string; unit: string | null };

/** Of `GET /api/people`, by name. */
export function accountsOf(answer: unknown): Account[] {
  const all = items<AccountJson>(answer).map((it) => ({ ...it, role: roleOf(it.role), unit: it.unit ?? '' }));
  return all.sort((one, other) => one.id.localeCompare(other.id));
}

/** Of `GET /api/remits`, by name. */
export function remitsOf(answer: unknown): Remit[] {
  const all = items<{ person: string; remit: { fields: string[]; agencies: string[] } }>(answer);
  return all.map(({ person, remit }) => ({ person, fields: remit.fields.map(kindNamed), agencies: remit.agencies }));
}

/** As the cluster takes a remit. */
export function remitToWire({ person, fields, agencies }: Remit): { person: string; remit: { fields: string[]; agencies: string[] } } {
  return { person, remit: { fields: fields.map(toWire), agencies } };
}

/** Of `GET /api/keys`. */
export function keysOf(answer: unknown): ServiceKey[] {
  const all = items<{ id: string; account: string; name: string; scopes: string[]; put_at_ms: number; expires_at_ms: number; used_here_at_ms: number }>(answer);
  return all.map(({ put_at_ms, expires_at_ms, used_here_at_ms, ...rest }) => ({ ...rest, putAtMs: put_at_ms, expiresAtMs: expires_at_ms, usedHereAtMs: used_here_at_ms }));
}

interface PostJson {
  id: string;
  name: string;
  above: string | null;
  shifts: { person: string; from_ms: number; until_ms: number }[];
  version?: number;
}

/** Of `GET /api/duty-posts`. */
export function postsOf(answer: unknown): Post[] {
  return items<PostJson>(answer).map(({ shifts, ...rest }) => ({ ...rest, shifts: shifts.map(({ person, from_ms, until_ms }) => ({ person, fromMs: from_ms, untilMs: until_ms })) }));
}

/** As the cluster takes a post. */
export function postToWire({ shifts, ...rest }: Post): PostJson {
  return { ...rest, shifts: shifts.map(({ person, fromMs, untilMs }) => ({ person, from_ms: fromMs, until_ms: untilMs })) };
}

/** Of `GET /api/glass`, the newest first. */
export function glassesOf(answer: unknown): Glass[] {
  const all = items<{ person: string; glass: { reason: string; begun_at_ms: number; until_ms: number } | null }>(answer);
  const broken = all.flatMap(({ person, glass }) => (glass === null ? [] : [{ person, reason: glass.reason, begunAtMs: glass.begun_at_ms, untilMs: glass.until_ms }]));
  return broken.sort((one, other) => other.begunAtMs - one.begunAtMs);
}

/** Of `GET /api/sign-in/holds`. */
export function holdsOf(answer: unknown): Hold[] {
  return items<{ person?: string; address?: string; what: string; failures: number; until_ms: number }>(answer).map(({ person = '', address = '', what, failures, until_ms }) => ({ person, address, what, failures, untilMs: until_ms }));
}

/** Of `GET /api/erasure` and `GET /api/file-retention`. */
export function keepingOf(erasure: unknown, files: unknown): Keeping {
  const { number, rules } = erasure as { number: number; rules: { kind: string; days: number }[] };
  const of = (kind: PersonalKind) => rules.find((rule) => rule.kind === kind)?.days ?? 0;
  return { number, days: { caller: of('caller'), contact: of('contact'), report: of('report') }, photoDays: (files as { days: number }).days };
}

/** The rules that come after those that stand: a kind of 0 days has none. */
export function rulesToWire(number: number, days: Readonly<Record<PersonalKind, number>>): { number: number; rules: { kind: PersonalKind; days: number }[] } {
  return { number: number + 1, rules: PERSONAL_KINDS.filter((kind) => days[kind] > 0).map((kind) => ({ kind, days: days[kind] })) };
}

interface LineJson {
  number: number;
  at_ms: number;
  told?: { kind: string; name: string; by: string; from: string; what: string; why: string; refused: string; acts_for: string; broken_glass: boolean; key: string; exercise: boolean; unsaid?: Unsaid; advised?: { kind: string; kind_taken: boolean; severity: string; severity_taken: boolean } };
  erased?: { record: number; at_ms: number; rule: number; said: string };
  withheld: boolean;
}

type AdvisedJson = NonNullable<NonNullable<LineJson['told']>['advised']>;

function advisedOf({ kind, kind_taken, severity, severity_taken }: AdvisedJson): Advised {
  return { kind: kindNamed(kind), kindTaken: kind_taken, severity: severityNamed(severity), severityTaken: severity_taken };
}

/** How often these lines tell that a form's suggestion was taken: of how many, the kind, the level. */
export function adviceTally(lines: readonly RecordLine[]): { of: number; kinds: number; severities: number } {
  const all = lines.flatMap(({ told }) => (told?.advised === undefined || told.refused !== '' ? [] : [told.advised]));
  return { of: all.length, kinds: all.filter(({ kindTaken }) => kindTaken).length, severities: all.filter(({ severityTaken }) => severityTaken).length };
}

/** Of `POST /api/audit/records`; `nextBefore` 0: there are no older lines. */
export function linesOf(answer: unknown): { lines: RecordLine[]; nextBefore: number } {
  const { next_before } = answer as { next_before: number };
  const lines = items<LineJson>(answer).map(({ number, at_ms, told, erased, withheld }) => {
    const by = erased === undefined ? undefined : { record: erased.record, atMs: erased.at_ms, rule: erased.rule, said: erased.said };
    const line = { number, atMs: at_ms, erased: by, withheld };
    if (told === undefined) return { ...line, told: undefined };
    const { acts_for, broken_glass, unsaid, advised, ...rest } = told;
    return { ...line, told: { ...rest, actsFor: acts_for, brokenGlass: broken_glass, unsaid, advised: advised && advisedOf(advised) } };
  });
  return { lines, nextBefore: next_before };
}

/** Whether what is given from then until then counts; what was revoked before it began is over. */
export function phaseOf({ fromMs, untilMs }: { fromMs: number; untilMs: number }, nowMs: number): 'ahead' | 'on' | 'over' {
  if (nowMs >= untilMs) return 'over';
  return nowMs < fromMs ? 'ahead' : 'on';
}

/** Who is on duty at the post. */
export const onDuty = (post: Post, nowMs: number): string[] => post.shifts.filter((shift) => phaseOf(shift, nowMs) === 'on').map(({ person }) => person);

/** The post with one shift more, in the cluster's order; undefined: the person is on this post at that time already. */
export function withShift(post: Post, shift: Shift): Post | undefined {
  const taken = post.shifts.some(({ person, fromMs, untilMs }) => person === shift.person && fromMs < shift.untilMs && shift.fromMs < untilMs);
  if (taken) return undefined;
  const by = (one: Shift, other: Shift) => one.fromMs - other.fromMs || (one.person < other.person ? -1 : one.person > other.person ? 1 : 0);
  return { ...post, shifts: [...post.shifts, shift].sort(by) };
}

/** The post without this shift. */
export const withoutShift = (post: Post, gone: Shift): Post => ({ ...post, shifts: post.shifts.filter((shift) => shift !== gone) });

/** Accounts whose name or id holds the text. */
export function matching(accounts: readonly Account[], text: string): Account[] {
  const wanted = text.trim().toLowerCase();
  return accounts.filter(({ id, name }) => id.toLowerCase().includes(wanted) || name.toLowerCase().includes(wanted));
}

/** Names of what is done whose words have this text, however it is typed: a node knows the names, and no words. */
export function namesSaid(text: string, acts: Readonly<Record<string, string>>): string[] {
  const sought = plain(text.trim());
  return sought === '' ? [] : Object.keys(acts).filter((name) => plain(acts[name] ?? '').includes(sought));
}

/** What explains an act without words, as the record has it: `call/C7`. */
const BECAUSE = ['call', 'incident', 'report', 'instruction', 'warning', 'room', 'screen', 'program'] as const;

/** A reason as its reader has it: a noun in their language, words as they were said. */
export function reasonWords(why: string, words: Readonly<Record<(typeof BECAUSE)[number], string>>): string {
  const noun = BECAUSE.find((known) => why.startsWith(`${known}/`) && !/\s/.test(why));
  return noun === undefined ? why : `${words[noun]} ${why.slice(noun.length + 1)}`;
}

/** What says that there is nothing to derive, or that it is not told here. */
const NOT_DERIVED = ['none_given', 'within', 'withheld'];

/** Whether it was derived, and is to be marked as that. */
export const isDerived = ({ code }: Unsaid): boolean => !NOT_DERIVED.includes(code);

/** What stands where nobody said why, in its reader's language; a name that this page does not know stands as it is. */
export function unsaidWords({ code, of }: Unsaid, words: Readonly<Record<string, string>>): string {
  const known = words[code] ?? code;
  return of === '' ? known : `${known}: ${of}`;
}

/** What a sensitive look was at, as nodes name it: alone, or before a slash and what it was of (`calls`, `call/C7`). */
const LOOKED_AT = ['record', 'audit', 'screen/calls', 'calls', 'call', 'camera', 'photo', 'course', 'reports', 'backup'] as const;

/** Words for what was looked at, and for which lines of a record. */
export type LookedAtWords = Readonly<Record<(typeof LOOKED_AT)[number], string>> & {
  newest: string;
  before: (line: string) => string;
  after: (line: string) => string;
  by: (person: string) => string;
};

/** What was looked at as its reader has it; several stand in one line (`course/I1, call/C7`). Ids stay, and so does what is not known here. */
export function whatSaid(what: string, words: LookedAtWords): string {
  return what.split(', ').map((part) => lookSaid(part, words)).join(', ');
}

function lookSaid(part: string, words: LookedAtWords): string {
  const noun = LOOKED_AT.find((known) => part === known || part.startsWith(`${known}/`));
  if (noun === undefined) return part;
  const of = part.slice(noun.length + 1);
  if (of === '') return words[noun];
  return `${words[noun]} ${noun === 'record' || noun === 'audit' ? pageSaid(of, words) : of}`;
}

/** Which lines: `0 newest by lan`, `0 before 120`, `3 after 0`; what is no such thing stands as it is. */
function pageSaid(of: string, words: LookedAtWords): string {
  const [, group, newest, side, line, by] = /^(\d+)(?: (newest)| (before|after) (\d+))?(?: by (.+))?$/.exec(of) ?? [];
  if (group === undefined) return of;
  const parts = [group];
  if (newest !== undefined) parts.push(words.newest);
  if (line !== undefined) parts.push(side === 'before' ? words.before(line) : words.after(line));
  if (by !== undefined) parts.push(words.by(by));
  return parts.join(', ');
}
