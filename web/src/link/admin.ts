// Who works here, by what right, what is registered, and the record of what they did, over HTTP.
import { nextSequence, readJson, sendForBytes, sendNumbered, type Session } from './api';
import { receiversOf, type Receiver } from '../nouns/receiver';
import { runCardsOf, type RunCard } from '../nouns/registration';
import { accountsOf, glassesOf, holdsOf, keepingOf, keysOf, linesOf, postsOf, remitsOf, type Account, type Glass, type Hold, type Keeping, type Post, type RecordLine, type Remit, type ServiceKey } from '../nouns/register';

/** Everything that an administrator is shown at once. */
export interface Register {
  accounts: Account[];
  /** Of those who do not work for all. */
  remits: Remit[];
  /** Rooms, by id. */
  districts: { id: string; name: string }[];
  /** Command rooms, and the post of each; empty: none. */
  rooms: { id: string; name: string; post: string }[];
  posts: Post[];
  keys: ServiceKey[];
  glasses: Glass[];
  holds: Hold[];
  keeping: Keeping;
  /** Of outgoing notices. */
  receivers: Receiver[];
  runCards: RunCard[];
}

/** Asks the node that feeds this page for all of it. */
export async function readRegister(): Promise<Register> {
  const [people, remits, districts, rooms, posts, keys, glasses, holds, erasure, files, receivers, runCards] = await Promise.all(
    ['/api/people', '/api/remits', '/api/districts', '/api/rooms', '/api/duty-posts', '/api/keys', '/api/glass', '/api/sign-in/holds', '/api/erasure', '/api/file-retention', '/api/receivers', '/api/run-cards'].map(readJson),
  );
  return {
    accounts: accountsOf(people),
    remits: remitsOf(remits),
    districts: (districts as { items: { id: string; name: string }[] }).items.map(({ id, name }) => ({ id, name })),
    rooms: (rooms as { items: { id: string; name: string; post?: string | null }[] }).items.map(({ id, name, post }) => ({ id, name, post: post ?? '' })),
    posts: postsOf(posts),
    keys: keysOf(keys),
    glasses: glassesOf(glasses),
    holds: holdsOf(holds),
    keeping: keepingOf(erasure, files),
    receivers: receiversOf(receivers),
    runCards: runCardsOf(runCards),
  };
}

/** Who has used emergency access, for whoever reads the record. */
export async function readGlasses(): Promise<Glass[]> {
  return glassesOf(await readJson('/api/glass'));
}

/** What is looked for in the record; empty or 0: anything. */
export interface RecordSearch {
  group: number;
  before: number;
  by: string;
  kind: string;
  text: string;
  /** Commands whose words have the text; lines of theirs are found as well. */
  names: string[];
  fromMs: number;
  toMs: number;
  reason: string;
}

/** Lines of the record, newest first. That they were read stands in it. */
export async function searchRecord(session: Session, { kind, fromMs, toMs, ...rest }: RecordSearch): Promise<{ lines: RecordLine[]; nextBefore: number }> {
  const body = { ...rest, ...(kind === '' ? {} : { kind }), from_ms: fromMs, to_ms: toMs };
  return linesOf(await sendNumbered('/api/audit/records', body, await nextSequence(session)));
}

/** Records of one part of an export; a shorter part is the last. */
const PART_RECORDS = 1_024;

/** The record of a group as a file that `trongdong audit verify` reads, and how many records have their links alone in it, because this
    person may not see callers. `heard` is told how many bytes are there. */
export async function exportRecord(session: Session, group: number, reason: string, heard: (bytes: number) => void): Promise<{ file: Blob; withheld: number }> {
  const parts: ArrayBuffer[] = [];
  let [after, size, hidden, whole] = [0, 0, 0, false];
  while (!whole) {
    const { bytes, through, withheld } = await sendForBytes('/api/audit/export', { group, after, reason }, await nextSequence(session));
    parts.push(bytes);
    size += bytes.byteLength;
    hidden += withheld;
    heard(size);
    whole = through === undefined || through - after < PART_RECORDS;
    after = through ?? after;
  }
  return { file: new Blob(parts, { type: 'application/octet-stream' }), withheld: hidden };
}
