// Second factors, rosters and emergency access of the node made of paper.

/** The only code that is ever right, and it may be used again: replay is the cluster's to refuse. */
export const CODE = '123456';

type Input = Record<string, unknown>;
interface Answer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

/** What a browser keeps of whoever signed in in it, also after they signed out. */
export const deviceCookie = (person: string) => `td_device=fake-${person}; Path=/api; Max-Age=15552000; HttpOnly; SameSite=Strict`;

export function accessDesk() {
  const on = new Set(['hai-buoc']);
  const offDuty = new Set(['ngoai-ca']);
  const glass = new Map<string, number>();
  const guessedAt = new Set<string>();
  const ok = (entity: string): Answer => ({ status: 200, body: { entity, version: 0 } });
  const refused = (code: string): Answer => ({ status: 401, body: { code, field: 'code', message: '' } });

  return {
    /** Somebody at this address guesses at that person from now on, without end. */
    guess(person: string): void {
      guessedAt.add(person);
    },
    /** Why somebody with the right password is not let in; undefined: they are. */
    refuses(person: string, code: unknown, cookies = ''): Answer | undefined {
      const isKnown = cookies.split('; ').includes(`td_device=fake-${person}`);
      if (guessedAt.has(person) && !isKnown) {
        return { status: 429, body: { code: 'too_soon', field: '', message: 'too many failed tries: wait 45000 ms' }, headers: { 'retry-after': '45' } };
      }
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
