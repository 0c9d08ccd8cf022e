// Second factors, rosters and emergency access of the node made of paper.

/** The only code that is ever right, and it may be used again: replay is the cluster's to refuse. */
export const CODE = '123456';

type Input = Record<string, unknown>;
interface Answer {
  status: number;
  body: unknown;
}

export function accessDesk() {
  const on = new Set(['hai-buoc']);
  const offDuty = new Set(['ngoai-ca']);
  const glass = new Map<string, number>();
  const ok = (entity: string): Answer => ({ status: 200, body: { entity, version: 0 } });
  const refused = (code: string): Answer => ({ status: 401, body: { code, field: 'code', message: '' } });

  return {
    /** Why somebody with the right password is not let in; undefined: they are. */
    refuses(person: string, code: unknown): Answer | undefined {
      if (!on.has(person) || code === CODE) return undefined;
      return refused(code === undefined || code === '' ? 'code_needed' : 'code_denied');
    },
    /** What a session says of rights. */
    session(person: string) {
      const until = glass.get(person) ?? 0;
      return { broken_glass: until > 0, rights_until_ms: until };
    },
    ask(method: string, path: string, input: Input, person: string): Answer | undefined {
      if (path === '/api/duty') return { status: 200, body: { rung: !offDuty.has(person), posts: [] } };
      if (path === '/api/second-factor' && method === 'GET') {
        return { status: 200, body: { state: on.has(person) ? 'on' : 'none', recovery_left: on.has(person) ? 10 : 0 } };
      }
      if (path === '/api/second-factor') {
        if (input['password'] !== 'trongdong') return refused('denied');
        const recovery = Array.from({ length: 10 }, (_, i) => `MZXW-6YTB-MZXW-6Y${'ABCDEFGHIJ'[i]}A`);
        return { status: 200, body: { uri: `otpauth://totp/Trong%20Dong:${person}?secret=MZXW6YTB`, secret: 'MZXW6YTB', recovery } };
      }
      if (path === '/api/second-factor/confirm' || path === '/api/second-factor/drop') {
        if (input['code'] !== CODE) return refused('code_denied');
        if (path.endsWith('confirm')) on.add(person);
        else on.delete(person);
        return ok(person);
      }
      if (path === '/api/glass' && method === 'POST') {
        if (String(input['reason'] ?? '').trim() === '') return { status: 422, body: { code: 'invalid', field: 'reason', message: 'is empty: say it in a few words' } };
        glass.set(person, Date.now() + Number(input['lasts_ms']));
        return ok(person);
      }
      if (path === '/api/glass/end') {
        glass.delete(person);
        return ok(person);
      }
      return undefined;
    },
  };
}
