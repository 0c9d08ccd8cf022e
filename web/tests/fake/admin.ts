// Accounts, rights, the record and a provider of sign-ins, of the node made of paper.
import { CODE } from './access';

type Input = Record<string, unknown>;
interface Answer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}
interface Account {
  id: string;
  name: string;
  role: string;
  districts: string[];
  everywhere: boolean;
  disabled: boolean;
  unit: string | null;
}
interface Line {
  number: number;
  at_ms: number;
  told?: { kind: string; name: string; by: string; from: string; what: string; why: string; refused: string; acts_for: string; broken_glass: boolean; key: string; exercise: boolean; unsaid?: { code: string; of: string }; advised?: { kind: string; kind_taken: boolean; severity: string; severity_taken: boolean } };
  erased?: { record: number; at_ms: number; rule: number; said: string };
  withheld: boolean;
}

const HOUR_MS = 3_600_000;
/** Lines of one answer, few enough that a test sees the next. */
const LISTED_MAX = 5;

export function adminDesk() {
  const now = Date.now();
  const account = (id: string, name: string, role: string, more: Partial<Account> = {}): Account => ({ id, name, role, districts: [], everywhere: true, disabled: false, unit: null, ...more });
  const people = new Map<string, Account>();
  const remits = new Map<string, { person: string; remit: { fields: string[]; agencies: string[] } }>();
  const glasses = new Map<string, { person: string; acts_by: null; glass: { reason: string; begun_at_ms: number; until_ms: number } }>();
  /** People, what they work for, and who is in an emergency, as in the beginning. */
  function reset(): object {
    for (const held of [people, remits, glasses]) held.clear();
    for (const it of [
      account('hoa', 'Trần Thị Hoa', 'operator'),
      account('kiem', 'Đỗ Văn Kiểm', 'auditor'),
      account('lan', 'Lê Thị Lan', 'dispatcher', { everywhere: false, districts: ['d1'] }),
      account('tram-mua', 'Trạm mưa', 'device', { everywhere: false, districts: ['d1'] }),
    ]) people.set(it.id, it);
    remits.set('lan', { person: 'lan', remit: { fields: ['fire'], agencies: ['PCCC'] } });
    glasses.set('lan', { person: 'lan', acts_by: null, glass: { reason: 'lũ quét ở huyện bên', begun_at_ms: Date.now() - 600_000, until_ms: Date.now() + HOUR_MS } });
    return {};
  }
  reset();
  const posts = new Map([['truc-ban', { id: 'truc-ban', name: 'Trực ban tỉnh', above: null as string | null, shifts: [{ person: 'hoa', from_ms: now - HOUR_MS, until_ms: now + 7 * HOUR_MS }] }]]);
  const keys = new Map([['mua-son-la', { id: 'mua-son-la', account: 'tram-mua', name: 'Trạm mưa Sơn La', scopes: ['readings'], put_at_ms: now - HOUR_MS, expires_at_ms: now + 90 * 24 * HOUR_MS, used_here_at_ms: now - 60_000 }]]);
  const holds = () => [
    { person: 'lan', address: '10.0.0.7', what: 'password', failures: 5, until_ms: Date.now() + 30_000 },
    { person: 'hoa', what: 'code', failures: 10, until_ms: Date.now() + 600_000 },
  ];
  const keeping = { number: 0, rules: [] as { kind: string; days: number }[], photoDays: 90 };
  const record: Line[] = [];
  const none = { unsaid: { code: 'none_given', of: '' } };
  const write = (kind: string, name: string, by: string, what: string, why: string, more: Partial<NonNullable<Line['told']>> = {}) =>
    record.push({ number: record.length + 1, at_ms: Date.now(), withheld: false, told: { kind, name, by, from: '10.0.0.7', what, why, refused: '', acts_for: '', broken_glass: false, key: '', exercise: false, ...more } });
  write('system', 'SwitchFeature', '', '', '', { unsaid: { code: 'release', of: '250' } });
  write('sign_in', 'OpenSession', '', 'lan', '', { unsaid: { code: 'sign_in', of: '' } });
  write('right', 'BreakGlass', 'lan', '', 'lũ quét ở huyện bên');
  write('read', 'RecordRead', 'lan', 'camera/c-12', 'tìm người mất tích', { broken_glass: true });
  write('change', 'CloseIncident', 'hoa', 'I4819', '', { acts_for: 'minh', ...none });
  write('change', 'MergeIncident', 'hoa', 'I4817 → I4819', '', { refused: 'version_conflict', ...none });
  record.push({ number: record.length + 1, at_ms: Date.now(), withheld: false, erased: { record: 9, at_ms: Date.UTC(2026, 10, 23, 5), rule: 3, said: '' } });
  write('right', 'PutServiceKey', 'quan-tri', 'mua-son-la (tram-mua)', '', none);
  write('system', 'ErasePersonal', '', '#3', '', { unsaid: { code: 'erasure_due', of: '3' } });
  write('change', 'TransferCall', 'hoa', 'C12', '', none);
  Object.assign(record.at(-1)!, { withheld: true });
  write('read', 'RecordRead', 'hoa', 'call/C13', 'call/C13');
  write('change', 'AssignIncident', 'hoa', 'I4823', 'incident/I4823', { exercise: true });
  for (const severity_taken of [true, false]) write('change', 'FileReport', 'mai', '', '', { advised: { kind: 'fire', kind_taken: true, severity: 'high', severity_taken }, ...none });
  write('change', 'HoldCall', 'tong-dai', 'C14', '', { key: 'sip-1', unsaid: { code: 'key', of: 'sip-1: Tổng đài 113' } });

  /** A provider whose word counts; empty: there is none. `owes`: it vouches, and a code is asked for. */
  const provider = { name: '', owes: false, why: '' };
  const ok = (entity: string, more: object = {}): Answer => ({ status: 200, body: { entity, version: 0, ...more } });
  const listed = (items: unknown[]): Answer => ({ status: 200, body: { items, truncated: false } });
  const invalid = (field: string): Answer => ({ status: 422, body: { code: 'invalid', field, message: '' } });
  const forbidden: Answer = { status: 403, body: { code: 'forbidden', field: '', message: 'role may not do this' } };

  function search(input: Input): Answer {
    if (String(input['reason'] ?? '').trim() === '') return invalid('why');
    const { by = '', kind = '', text = '', names = [], before = 0 } = input as { by?: string; kind?: string; text?: string; names?: string[]; before?: number };
    write('read', 'RecordRead', 'kiem', `record/${String(input['group'])} ${before === 0 ? 'newest' : `before ${before}`}${by === '' ? '' : ` by ${by}`}`, String(input['reason']));
    const wants = ({ told }: Line) => {
      if (told === undefined) return by === '' && kind === '' && text === '';
      const says = names.includes(told.name) || [told.name, told.what, told.why].some((part) => part.toLowerCase().includes(text.toLowerCase()));
      return says && (by === '' || told.by === by) && (kind === '' ? told.kind !== 'system' : told.kind === kind);
    };
    const found = record.filter((line) => (before === 0 || line.number < before) && wants(line)).reverse();
    const items = found.slice(0, LISTED_MAX);
    return { status: 200, body: { items, next_before: found.length > LISTED_MAX ? items.at(-1)!.number : 0 } };
  }

  return {
    /** What those without a session may ask, and how they come back from the provider. */
    open(method: string, path: string, query: URLSearchParams, input: Input, session: (person: string) => object, cookie: (person: string) => string): Answer | undefined {
      if (path === '/api/sign-in/ways') return { status: 200, body: provider.name === '' ? {} : { provider: provider.name } };
      if (path === '/api/oidc/start' && provider.name !== '') {
        const back = query.get('back') ?? '/';
        const told = provider.why !== '' ? provider.why : provider.owes ? 'code' : '';
        const signedIn: Record<string, string> = told === '' ? { 'set-cookie': cookie('hoa') } : {};
        return { status: 303, body: {}, headers: { location: told === '' ? back : `${back}${back.includes('?') ? '&' : '?'}signin=${told}`, ...signedIn } };
      }
      if (path === '/api/oidc/code' && method === 'POST') {
        if (!provider.owes) return { status: 401, body: { code: 'signed_out', field: '', message: '' } };
        if (input['code'] !== CODE) return { status: 401, body: { code: 'code_denied', field: 'code', message: '' } };
        return { status: 200, body: session('hoa'), headers: { 'set-cookie': cookie('hoa') } };
      }
      return undefined;
    },
    /** `/fake/provider?name=…&owes=1&why=…`: sets one, or takes it away. `/fake/accounts`: as they were in the beginning. */
    control(path: string, query: URLSearchParams): object | undefined {
      if (path === '/fake/accounts') return reset();
      if (path !== '/fake/provider') return undefined;
      Object.assign(provider, { name: query.get('name') ?? '', owes: query.get('owes') === '1', why: query.get('why') ?? '' });
      return provider;
    },
    ask(method: string, path: string, input: Input, role: string): Answer | undefined {
      const mayAdminister = role === 'admin';
      const mayRead = mayAdminister || role === 'auditor';
      if (path === '/api/audit/records') return mayRead ? search(input) : forbidden;
      if (method === 'GET' && path === '/api/glass') return listed(mayRead ? [...glasses.values()] : []);
      if (method !== 'GET') return undefined;
      if (path === '/api/people') return mayAdminister ? listed([...people.values()]) : forbidden;
      if (path === '/api/remits') return mayAdminister ? listed([...remits.values()]) : forbidden;
      if (path === '/api/keys') return mayAdminister ? listed([...keys.values()]) : forbidden;
      if (path === '/api/erasure') return mayAdminister ? { status: 200, body: { number: keeping.number, rules: keeping.rules } } : forbidden;
      if (path === '/api/file-retention') return mayAdminister ? { status: 200, body: { days: keeping.photoDays } } : forbidden;
      if (path === '/api/sign-in/holds') return mayAdminister ? listed(holds()) : forbidden;
      if (path === '/api/districts') return listed([{ id: 'd1', name: 'Phòng Vạn Xuân' }, { id: 'd2', name: 'Phòng Sơn La' }]);
      if (path === '/api/rooms') return listed([{ id: 'tinh', name: 'Trung tâm tỉnh', post: 'truc-ban' }]);
      if (path === '/api/duty-posts') return listed([...posts.values()]);
      return undefined;
    },
    /** Commands, which are held, lost and answered once like all others. */
    decide(path: string, input: Input): Answer | undefined {
      if (path === '/api/people') {
        if (input['id'] === 'bi-khoa') return { status: 409, body: { code: 'exists', field: 'id', message: '' } };
        people.set(String(input['id']), { ...account('', '', ''), ...(input as unknown as Account) });
        return ok(String(input['id']));
      }
      if (/^\/api\/people\/[^/]+\/second-factor\/drop$/.test(path)) return { status: 404, body: { code: 'not_found', field: 'second factor', message: '' } };
      if (path === '/api/remits') {
        const { person, remit } = input as unknown as { person: string; remit: { fields: string[]; agencies: string[] } };
        if (!people.has(person)) return { status: 404, body: { code: 'not_found', field: 'person', message: '' } };
        if (remit.fields.length + remit.agencies.length === 0) remits.delete(person);
        else remits.set(person, { person, remit });
        return ok(person);
      }
      if (path === '/api/keys') {
        const id = String(input['id']);
        keys.set(id, { ...(input as unknown as NonNullable<ReturnType<typeof keys.get>>), put_at_ms: Date.now(), used_here_at_ms: 0 });
        return { status: 200, body: { id, key: `tdk_${id}_${'A'.repeat(43)}` } };
      }
      const gone = /^\/api\/keys\/([^/]+)\/revoke$/.exec(path)?.[1];
      if (gone !== undefined) {
        Object.assign(keys.get(gone) ?? {}, { expires_at_ms: Date.now() });
        return ok(gone);
      }
      if (path === '/api/duty-posts') {
        posts.set(String(input['id']), input as unknown as NonNullable<ReturnType<typeof posts.get>>);
        return ok(String(input['id']));
      }
      if (path === '/api/erasure') {
        if (input['number'] !== keeping.number + 1) return { status: 409, body: { code: 'version_conflict', field: 'number', message: '' } };
        Object.assign(keeping, { number: input['number'], rules: input['rules'] });
        return ok('');
      }
      if (path === '/api/file-retention') {
        keeping.photoDays = Number(input['days']);
        return ok('');
      }
      if (path === '/api/glass/end') {
        const person = String(input['person']);
        Object.assign(glasses.get(person)?.glass ?? {}, { until_ms: Date.now() });
        return ok(person);
      }
      return undefined;
    },
  };
}
