// Other systems that are told of what happens: where to, of what, what waits for them and what they refused.

/** One receiver of outgoing notices. What its notices are signed with goes in and never comes out. */
export interface Receiver {
  id: string;
  name: string;
  /** `https://…`, `mailto:…`, `sms+https://…#+84…`, `wss://…`, or `wss:` where only it connects. */
  url: string;
  /** Names of events that it is told of. */
  kinds: string[];
  /** Code of the administrative unit that it is told of; empty: everywhere. */
  adminUnit: string;
  /** Id of the unit whose incidents alone it is told of: its crew's own phone; empty: all. */
  unit: string;
  disabled: boolean;
  /** Notices that it has not confirmed. */
  waiting: number;
  /** Notices that were not kept, because too many were waiting. */
  missed: number;
  /** What it refused for good: how many, and the newest of them. */
  givenUp: { count: number; number: number; reason: string; atMs: number } | undefined;
  /** Grows whenever it is put. */
  version: number;
}

/** What a person sets of a receiver. */
export type ReceiverDraft = Pick<Receiver, 'id' | 'name' | 'url' | 'kinds' | 'adminUnit' | 'unit' | 'disabled'>;

/** Events that receivers can be told of: those about an incident, an instruction, a warning or an exercise (consensus/domain/src/apply/notice.rs). */
export const NOTICE_KINDS = {
  incident: [
    'incident_opened', 'incident_fed', 'incident_amended', 'incident_noted', 'incident_acknowledged', 'incident_assigned', 'incident_resolved', 'incident_closed', 'incident_reopened', 'incident_merged', 'incident_unmerged', 'incident_escalated',
    'incident_suggested', 'incident_suggestion_decided', 'incident_attention_raised', 'incident_attention_acknowledged', 'incident_task_given', 'incident_task_answered', 'incident_answer_combined', 'incident_forwarded', 'file_attached', 'file_detached',
  ],
  deadline: ['deadline_nearly_late', 'deadline_late', 'deadline_overdue', 'clock_paused', 'clock_resumed', 'clock_acknowledged', 'progress_reported'],
  instruction: ['instruction_given', 'instruction_taken', 'instruction_done', 'instruction_confirmed', 'instruction_cancelled', 'instruction_reopened'],
  public: ['warning_published', 'warning_ended', 'exercise_started', 'exercise_ended'],
} as const;

export const NOTICE_GROUPS = Object.keys(NOTICE_KINDS) as (keyof typeof NOTICE_KINDS)[];
const KNOWN: readonly string[] = Object.values(NOTICE_KINDS).flat();

/** Those of a receiver that this screen does not offer: they stay as they are. */
export const furtherKinds = (kinds: readonly string[]): string[] => kinds.filter((kind) => !KNOWN.includes(kind));

interface ReceiverJson {
  id: string;
  name: string;
  url: string;
  kinds: string[];
  admin_unit: string | null;
  unit?: string | null;
  disabled: boolean;
  newest: number;
  confirmed: number;
  missed: number;
  given_up?: { count: number; number: number; reason: string; at_ms: number } | null;
  version?: number;
}

/** Of `GET /api/receivers`, by name. */
export function receiversOf(answer: unknown): Receiver[] {
  const all = (answer as { items: ReceiverJson[] }).items.map(({ id, name, url, kinds, admin_unit, unit, disabled, newest, confirmed, missed, given_up, version = 0 }) => {
    const givenUp = given_up == null ? undefined : { count: given_up.count, number: given_up.number, reason: given_up.reason, atMs: given_up.at_ms };
    return { id, name, url, kinds, adminUnit: admin_unit ?? '', unit: unit ?? '', disabled, waiting: newest - confirmed, missed, givenUp, version };
  });
  return all.sort((one, other) => one.id.localeCompare(other.id));
}

/** What of a receiver a person sets. */
export const draftOf = ({ id, name, url, kinds, adminUnit, unit, disabled }: Receiver): ReceiverDraft => ({ id, name, url, kinds: [...kinds], adminUnit, unit, disabled });

/** The version that something is put over, as the cluster takes it: it refuses whoever saw another one. 0: none stands there. */
export const expected = (version: number): object => (version === 0 ? {} : { expected_version: version });

/** As the cluster takes it on the version that stands there, 0: none does; without a secret it keeps the one that it has. */
export function receiverToWire({ adminUnit, unit, ...rest }: ReceiverDraft, secret: string, version: number): object {
  return { ...rest, admin_unit: adminUnit === '' ? null : adminUnit, unit: unit === '' ? null : unit, ...(secret === '' ? {} : { secret }), ...expected(version) };
}

export type Channel = 'web' | 'mail' | 'sms' | 'conveyance';

/** A gateway, and the number that it texts (ITU-T E.164). */
const SMS = /^sms\+(https?:\/\/[^/#][^#]*)#(\+[1-9]\d{7,14})$/;

/** How notices reach that address, as the cluster has it; undefined: not at all. */
export function channelOf(url: string): Channel | undefined {
  if (/^https?:\/\/[^/]/.test(url)) return 'web';
  if (/^mailto:[^\s@]+@[^\s@]+$/.test(url)) return 'mail';
  if (SMS.test(url)) return 'sms';
  return url === 'wss:' || /^wss?:\/\/[^/]/.test(url) ? 'conveyance' : undefined;
}

/** An address without what may be a password in it; of a gateway also the number that it texts. */
export function plainAddress(url: string): string {
  const [, gateway, to] = SMS.exec(url) ?? [];
  const plain = (gateway ?? url).replace(/^([a-z]+:\/\/)[^/?#]*@/, '$1').replace(/[?#].*$/, '?…');
  return to === undefined ? plain : `${plain} ${to}`;
}

/** Whether somebody changed what the form was opened with. */
export const differs = (seen: ReceiverDraft, now: ReceiverDraft): boolean => JSON.stringify(seen) !== JSON.stringify(now);

/** What lacks before it can be put, by the field that it is about; undefined: nothing. One that is told of no event is there for hand-overs. */
export function lackOfReceiver(draft: ReceiverDraft, knows: (code: string) => boolean, knowsUnit: (id: string) => boolean): 'id' | 'name' | 'url' | 'admin_unit' | 'unit' | undefined {
  if (!isId(draft.id)) return 'id';
  if (draft.name.trim() === '') return 'name';
  if (channelOf(draft.url.trim()) === undefined) return 'url';
  if (draft.adminUnit !== '' && !knows(draft.adminUnit)) return 'admin_unit';
  return draft.unit !== '' && !knowsUnit(draft.unit) ? 'unit' : undefined;
}

/** Whether it can be an id, as the cluster has it. */
export const isId = (text: string): boolean => /^[a-zA-Z0-9._-]{1,64}$/.test(text);
