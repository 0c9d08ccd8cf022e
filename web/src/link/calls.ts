// What an agent asks of a node about who calls, and where the drafts of calls are kept.
import { callerOf, type Caller } from '../nouns/caller';
import type { Draft } from '../nouns/draft';
import { readRecorded, sendPlain } from './api';

const at = (call: string) => `/api/calls/${encodeURIComponent(call)}`;

/** Who calls: what they told before, and the draft that the centre keeps of the call. */
export async function readCaller(call: string): Promise<Caller> {
  return callerOf(await readRecorded(`${at(call)}/caller`), call);
}

/** Has the centre keep the draft; the number that it keeps now, which is greater where somebody else's is newer. */
export async function keepDraft(draft: Draft, attempt: number): Promise<number> {
  const { call, seq, ...form } = draft;
  const answer = (await sendPlain(`${at(call)}/draft`, { seq, form: { ...form, seq } }, attempt)) as { seq?: number };
  return answer.seq ?? 0;
}

/** Has the centre forget the draft. */
export async function dropDraft(call: string, seq: number): Promise<void> {
  await sendPlain(`${at(call)}/draft`, { seq, form: null }, 0);
}
