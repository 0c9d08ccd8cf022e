// How the fake node warns the public: whoever wrote a message does not approve it, an update and a cancellation name what stands, a
// drill is never warned of in earnest.
import type { WarningWire } from '../../src/nouns/warning';
import type { Answer, Input } from './decide';

interface Drafting {
  incident: string;
  message: WarningWire['message'];
  of?: string;
  draft?: string;
  expected_version?: number;
  content: WarningWire['content'];
}

const refuse = (code: string, field: string, message: string, status = 409): Answer => ({ status, body: { code, field, message } });
const done = ({ id, version }: WarningWire): Answer => ({ status: 200, body: { entity: id, version } });

/** The routes of warnings, by who asks; undefined: another's. */
export function warningDesk(nameOf: (code: string) => string, isExercise: (incident: string) => boolean) {
  const all: WarningWire[] = [];
  let drafted = 0;

  /** The messages before this one, or why there are none. */
  function referencesOf({ incident, message, of, content }: Drafting): WarningWire['references'] | Answer {
    if (of === undefined) return message === 'alert' ? [] : refuse('invalid', 'of', 'is missing: name the message', 422);
    const former = all.find(({ id }) => id === of);
    if (former === undefined || former.incident !== incident) return refuse('not_found', 'of', 'there is no such message', 404);
    if (message === 'alert') return refuse('invalid', 'of', 'an alert is the first message', 422);
    if (former.status !== 'published' || former.message === 'cancel') return refuse('wrong_status', 'of', `${of} is ${former.status} by now`);
    if (former.content.purpose !== content.purpose) return refuse('invalid', 'content.purpose', `${of} is for ${former.content.purpose}`, 422);
    return [...former.references, { warning: former.id, sender: former.content.sender, sent_at_ms: former.sent_at_ms }];
  }

  function draft(input: Drafting, by: string): Answer {
    const { incident, message, content } = input;
    const fits = content.purpose === 'test' || (content.purpose === 'exercise') === isExercise(incident);
    if (!fits) return refuse('invalid', 'content.purpose', 'a drill and the real thing never mix', 422);
    if (content.texts.some((text) => Object.values(text).some((words) => words.trim() === ''))) return refuse('invalid', 'content.texts', 'is empty', 422);
    const references = referencesOf(input);
    if (!Array.isArray(references)) return references;
    const former = all.find(({ id }) => id === input.draft);
    if (input.draft !== undefined && former === undefined) return refuse('not_found', 'draft', 'there is no such draft', 404);
    if (former !== undefined && former.version !== input.expected_version) return refuse('version_conflict', 'expected_version', `it is at version ${former.version}`);
    if (former !== undefined && former.status !== 'draft') return refuse('wrong_status', 'draft', `it is ${former.status}`);
    if (former === undefined) drafted += 1;
    const areas = content.areas.map(({ admin_unit }) => ({ admin_unit, name: nameOf(admin_unit) }));
    const warning: WarningWire = {
      id: former?.id ?? `W${drafted}`, incident, message, of: input.of ?? null, references, status: 'draft', content: { ...content, areas },
      drafted_by: by, drafted_at_ms: Date.now(), decided_by: null, sent_at_ms: 0, reason: '', version: (former?.version ?? 0) + 1,
    };
    if (former === undefined) all.push(warning);
    else Object.assign(former, warning);
    return done(warning);
  }

  function decide(warning: WarningWire, verb: string, input: Input, by: string): Answer {
    if (warning.version !== Number(input['expected_version'])) return refuse('version_conflict', 'expected_version', `it is at version ${warning.version}`);
    if (warning.status !== 'draft') return refuse('wrong_status', 'warning', `it is ${warning.status}`);
    const isSent = verb === 'approve';
    if (isSent && warning.drafted_by === by) return refuse('forbidden', 'ApproveWarning.warning', 'a second person has to approve it', 403);
    if (!isSent && (input['reason'] ?? '') === '') return refuse('invalid', 'reason', 'is empty', 422);
    const former = all.find(({ id }) => id === warning.of);
    if (isSent && former !== undefined) {
      if (former.status !== 'published') return refuse('wrong_status', 'of', `${former.id} is ${former.status} by now`);
      Object.assign(former, { status: 'ended', version: former.version + 1 });
    }
    Object.assign(warning, { status: isSent ? 'published' : 'rejected', decided_by: by, sent_at_ms: isSent ? Date.now() : 0, reason: input['reason'] ?? '', version: warning.version + 1 });
    return done(warning);
  }

  return {
    /** Tests: `warnings` forgets all; numbers go on. `warning-over?of=` lets a message run out. */
    control(path: string, query: URLSearchParams): object | undefined {
      if (path === '/fake/warnings') all.length = 0;
      else if (path !== '/fake/warning-over') return undefined;
      const over = all.find(({ id }) => id === query.get('of'));
      if (over !== undefined) over.content.expires_at_ms = Date.now() - 1_000;
      return {};
    },
    ask: (method: string, path: string): Answer | undefined =>
      method === 'GET' && path === '/api/warnings' ? { status: 200, body: { items: all, truncated: false } } : undefined,
    decide(path: string, input: Input, by: string): Answer | undefined {
      if (path === '/api/warnings') return draft(input as unknown as Drafting, by);
      const [, id, verb = ''] = /^\/api\/warnings\/(\w+)\/(approve|reject)$/.exec(path) ?? [];
      const warning = all.find((it) => it.id === id);
      return warning === undefined ? undefined : decide(warning, verb, input, by);
    },
  };
}
