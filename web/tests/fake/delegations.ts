// Whose rights somebody has for a time, in the node made of paper: given, to come, taken, laid down, revoked.
type Input = Record<string, unknown>;
interface Answer {
  status: number;
  body: unknown;
}
interface Delegation {
  id: string;
  giver: string;
  deputy: string;
  from_ms: number;
  until_ms: number;
  reason: string;
}

const HOUR_MS = 3_600_000;
const refuse = (status: number, code: string, field: string): Answer => ({ status, body: { code, field, message: '' } });

export function delegationDesk() {
  const all: Delegation[] = [];
  /** By which one somebody acts now. */
  const taken = new Map<string, string>();
  let given = 0;
  const put = (it: Omit<Delegation, 'id'>): Answer => {
    given += 1;
    all.push({ id: `Q${given}`, ...it });
    return { status: 200, body: { entity: `Q${given}`, version: 0 } };
  };
  const holds = ({ from_ms, until_ms }: Delegation) => from_ms <= Date.now() && Date.now() < until_ms;
  /** As it stands in the beginning. */
  function reset(): object {
    all.length = 0;
    taken.clear();
    put({ giver: 'hoa', deputy: 'lan', from_ms: Date.now() - HOUR_MS, until_ms: Date.now() + 8 * HOUR_MS, reason: 'đi họp' });
    return {};
  }
  reset();

  function give(input: Input, by: string): Answer {
    const { giver = by, deputy, from_ms, until_ms, reason } = input as Partial<Delegation>;
    if (deputy === 'khong-co') return refuse(404, 'not_found', 'delegation.deputy');
    if (deputy === undefined || deputy === '' || deputy === giver) return refuse(422, 'invalid', 'delegation.deputy');
    if (reason === undefined || reason.trim() === '') return refuse(422, 'invalid', 'delegation.reason');
    if (from_ms === undefined || until_ms === undefined || until_ms <= Math.max(from_ms, Date.now())) return refuse(422, 'invalid', 'delegation.until_ms');
    return put({ giver, deputy, from_ms, until_ms, reason });
  }

  return {
    /** Tests: `delegations` sets all back. */
    control: (path: string): object | undefined => (path === '/fake/delegations' ? reset() : undefined),
    /** Whose rights a session has by one that was taken and still counts. */
    session(person: string) {
      const one = all.find(({ id }) => id === taken.get(person));
      return one === undefined || !holds(one) ? {} : { acts_for: one.giver, rights_until_ms: one.until_ms };
    },
    /** One's own, and for an administrator everybody's. */
    ask(method: string, path: string, person: string, role: string): Answer | undefined {
      if (method !== 'GET' || path !== '/api/delegations') return undefined;
      const items = all.filter(({ giver, deputy }) => role === 'admin' || giver === person || deputy === person);
      return { status: 200, body: { items, truncated: false } };
    },
    decide(path: string, input: Input, by: string, role: string): Answer | undefined {
      if (path === '/api/delegations') return give(input, by);
      if (path === '/api/delegations/take') {
        const id = input['delegation'];
        const one = all.find((it) => it.id === id && it.deputy === by);
        if (id !== undefined && one === undefined) return refuse(404, 'not_found', 'delegation');
        if (one !== undefined && !holds(one)) return refuse(409, 'wrong_status', 'delegation');
        if (one === undefined) taken.delete(by);
        else taken.set(by, one.id);
        return { status: 200, body: { entity: by, version: 0 } };
      }
      const revoked = all.find(({ id }) => id === /^\/api\/delegations\/([^/]+)\/revoke$/.exec(path)?.[1]);
      if (revoked === undefined) return undefined;
      if (revoked.giver !== by && role !== 'admin') return refuse(403, 'forbidden', 'delegation');
      revoked.until_ms = Math.min(revoked.until_ms, Date.now());
      return { status: 200, body: { entity: revoked.id, version: 0 } };
    },
  };
}
