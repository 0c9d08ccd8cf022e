// How the fake node warns the public: whoever wrote a message does not approve it.
import type { WarningWire } from '../../src/nouns/warning';
import type { Answer, Input } from './decide';

interface Drafting {
  incident: string;
  message: WarningWire['message'];
  content: WarningWire['content'];
}

/** The routes of warnings, by who asks; undefined: another's. */
export function warningDesk(nameOf: (code: string) => string) {
  const all: WarningWire[] = [];

  function draft(input: Drafting, by: string): Answer {
    const areas = input.content.areas.map(({ admin_unit }) => ({ admin_unit, name: nameOf(admin_unit) }));
    const warning: WarningWire = {
      id: `W${all.length + 1}`, incident: input.incident, message: input.message, status: 'draft', content: { ...input.content, areas },
      drafted_by: by, drafted_at_ms: Date.now(), decided_by: null, sent_at_ms: 0, reason: '', version: 1,
    };
    all.push(warning);
    return { status: 200, body: { entity: warning.id, version: 1 } };
  }

  return (method: string, path: string, input: Input, by: string): Answer | undefined => {
    if (path === '/api/warnings' && method === 'GET') return { status: 200, body: { items: all, truncated: false } };
    if (path === '/api/warnings') return draft(input as unknown as Drafting, by);
    const [, id, verb] = /^\/api\/warnings\/(\w+)\/(approve|reject)$/.exec(path) ?? [];
    const warning = all.find((it) => it.id === id);
    if (warning === undefined) return undefined;
    if (verb === 'approve' && warning.drafted_by === by) {
      return { status: 403, body: { code: 'forbidden', field: 'ApproveWarning.warning', message: 'a second person has to approve it' } };
    }
    const isSent = verb === 'approve';
    Object.assign(warning, {
      status: isSent ? 'published' : 'rejected', decided_by: by, sent_at_ms: isSent ? Date.now() : 0, reason: input['reason'] ?? '', version: warning.version + 1,
    });
    return { status: 200, body: { entity: warning.id, version: warning.version } };
  };
}
