// How the fake node takes calls: who rings, who answers, who is called back, what becomes of it; drafts; who called before.
import { create } from '@bufbuild/protobuf';
import { AgentSchema, AgentStatus, CallDeskSchema, CallSchema, CallStatus, CallStepKind, CallStepSchema, type Agent, type Call } from '../../src/gen/trongdong/v1/call_pb';
import { EventKind, type Event } from '../../src/gen/trongdong/v1/event_pb';
import type { Answer, Input } from './decide';
import type { Scene } from './scene';

const RING_MS = 15_000;
const WRAP_UP_MS = 90_000;
/** Numbers of incidents that the scene begins with end here. */
const OPENED_FROM = 4_900;
/** A number that called before. */
export const KNOWN_NUMBER = '0912345678';

type Tell = (kind: EventKind, subject: Event['subject'], note?: string) => void;
type Decide = (path: string, input: Input) => Answer;
const refuse = (code: string, field: string, message: string, status = 409): Answer => ({ status, body: { code, field, message } });
const done = (entity: string, version: bigint): Answer => ({ status: 200, body: { entity, version: Number(version) } });
const now = () => BigInt(Date.now());

export function callDesk(scene: Scene, tell: Tell, open: Decide) {
  const calls = new Map<string, Call>();
  const agents = new Map<string, Agent>();
  const drafts = new Map<string, { seq: number; by: string; at_ms: number; form: unknown }>();
  const desk = create(CallDeskSchema, {
    ringMs: BigInt(RING_MS), wrapUpMs: BigInt(WRAP_UP_MS), overloadWaiting: 30, overloadWaitMs: 120_000n, callbackTriesMax: 3, version: 1n,
    surgeScript: 'Hỏi: việc gì, ở đâu, có ai gặp nguy hiểm không. Không nguy hiểm: hẹn gọi lại, xin số.',
    surgeScriptEn: 'Ask: what, where, is anybody in danger. If not: promise a call back, take the number.',
  });
  /** What callers said that they are called, by number. */
  const names = new Map<string, string>();
  let made = 700;
  const home = scene.communes.find(({ label }) => label === 'Phan Đình Phùng') ?? scene.communes[0]!;

  function put(call: Call, kind: EventKind, note = ''): void {
    call.version += 1n;
    tell(kind, { case: 'call', value: call }, note);
  }
  function putAgent(agent: Agent, status: AgentStatus, call = ''): void {
    Object.assign(agent, { status, call, statusAtMs: now(), idleSinceMs: now(), wrapUpDueAtMs: status === AgentStatus.WRAP_UP ? now() + BigInt(WRAP_UP_MS) : 0n, reason: '' });
    agent.version += 1n;
    tell(EventKind.AGENT_STATUS_SET, { case: 'agent', value: agent });
  }
  function agentOf(person: string): Agent {
    const agent = agents.get(person) ?? create(AgentSchema, { person, name: person, lines: ['1022'], status: AgentStatus.AVAILABLE, statusAtMs: now(), version: 1n });
    agents.set(person, agent);
    return agent;
  }
  function add(more: object): Call {
    made += 1;
    const call = create(CallSchema, { id: `C${made}`, line: '1022', number: KNOWN_NUMBER, times: 1, offeredAtMs: now(), statusAtMs: now(), version: 0n, ...more });
    calls.set(call.id, call);
    return call;
  }
  for (const person of ['khoa', 'lan', 'minh']) Object.assign(agentOf(person), { status: person === 'minh' ? AgentStatus.BREAK : AgentStatus.AVAILABLE });

  /** What a test orders; undefined: nothing about calls. */
  function control(path: string, query: URLSearchParams): object | undefined {
    const person = query.get('person') ?? '';
    const number = query.get('number') ?? KNOWN_NUMBER;
    const line = query.get('line') ?? '1022';
    if (path === '/fake/ring') {
      // Stamped before it is told, as a cluster does.
      const call = add({ status: CallStatus.RINGING, agent: person, number, line, ring: 1, ringDueAtMs: now() + BigInt(RING_MS), wanted: query.get('wanted') ?? '' });
      putAgent(agentOf(person), AgentStatus.RINGING, call.id);
      put(call, EventKind.CALL_RINGING);
      return { call: call.id };
    }
    if (path === '/fake/wait') {
      const waited = BigInt(query.get('ms') ?? 0);
      const status = query.get('callback') === '1' ? CallStatus.CALLBACK : CallStatus.QUEUED;
      const call = add({ status, number, line, offeredAtMs: now() - waited, statusAtMs: now() - waited });
      const why = query.get('why');
      if (why !== null) call.steps.push(create(CallStepSchema, { kind: CallStepKind.CALLBACK_DUE, atMs: now(), note: why }));
      put(call, status === CallStatus.CALLBACK ? EventKind.CALL_CALLBACK_DUE : EventKind.CALL_OFFERED);
      return { call: call.id };
    }
    if (path === '/fake/agent') {
      agentOf(person).dispatches = query.get('dispatches') === '1';
      putAgent(agentOf(person), AgentStatus.AVAILABLE);
      return {};
    }
    if (path === '/fake/calm') {
      // What was opened by a test leaves the queue: others look for rows that fit.
      for (const { id, version } of [...scene.incidents.values()]) {
        if (Number(id.slice(1)) > OPENED_FROM) open(`/api/incidents/${id}/close`, { expected_version: String(version), note: 'test' });
      }
      for (const call of calls.values()) {
        if (call.status === CallStatus.QUEUED || call.status === CallStatus.CALLBACK) {
          call.status = CallStatus.ENDED;
          put(call, EventKind.CALL_ENDED);
        }
      }
      return {};
    }
    if (path === '/fake/surge') {
      desk.overloadedSinceMs = query.get('on') === '1' ? now() : 0n;
      desk.version += 1n;
      tell(desk.overloadedSinceMs > 0n ? EventKind.CALL_OVERLOAD_BEGAN : EventKind.CALL_OVERLOAD_ENDED, { case: 'callDesk', value: desk });
      return {};
    }
    if (path === '/fake/draft') return drafts.get(query.get('call') ?? '') ?? {};
    return undefined;
  }

  function caller(call: Call): object {
    const isKnown = call.number === KNOWN_NUMBER;
    const place = { latitude_e7: Math.round(home.latitude * 1e7), longitude_e7: Math.round(home.longitude * 1e7), admin_unit: home.code, address: 'Số 8 Bến Oánh' };
    const ago = (minutes: number) => Date.now() - minutes * 60_000;
    const near = [...scene.incidents.values()].filter((incident) => incident.place?.adminUnit === home.code);
    return {
      call: {}, draft: drafts.get(call.id) ?? null, name: names.get(call.number) ?? '', calls_total: isKnown ? 3 : 0,
      calls: isKnown ? [{ id: 'C612', line: '1022', offered_at_ms: ago(2_900), ended_at_ms: ago(2_895), outcome: 'served', agent: 'lan', reports: [] }, { id: 'C480', line: '1022', offered_at_ms: ago(9_100), ended_at_ms: ago(9_099), outcome: 'hung_up', agent: null, reports: [] }] : [],
      reports: isKnown ? [{ code: '5TTQW22MXA9BCD2', status: 'answered', text: 'Nắp cống trước nhà bị vỡ', place, received_at_ms: ago(2_900), incident: null, answer: '' }] : [],
      place: isKnown ? place : null, place_at_ms: isKnown ? ago(2_900) : 0,
      incidents: isKnown ? near.map((incident) => ({ incident: { id: incident.id }, distance_m: 400 })) : [],
    };
  }

  /** What is asked about calls without being a command; undefined: nothing about calls. */
  function ask(method: string, path: string, input: Input, person: string): Answer | undefined {
    const [, id = '', what = ''] = /^\/api\/calls\/([^/]+)\/(caller|draft)$/.exec(path) ?? [];
    if (what === '') return undefined;
    const call = calls.get(id);
    if (call === undefined) return refuse('not_found', 'call', 'there is no such call', 404);
    if (what === 'caller') return { status: 200, body: caller(call) };
    if (method === 'GET') return drafts.has(id) ? { status: 200, body: drafts.get(id) } : refuse('not_found', 'draft', 'there is none', 404);
    const seq = Number(input['seq']);
    if (seq > (drafts.get(id)?.seq ?? 0)) drafts.set(id, { seq, by: person, at_ms: Date.now(), form: input['form'] });
    return { status: 200, body: { seq: drafts.get(id)?.seq ?? 0 } };
  }

  function report(call: Call, input: Input): Answer {
    let incident = input['incident'] ?? '';
    if (incident === '') {
      const opened = open('/api/incidents', { ...input, summary: input['text'] } as Input);
      if (opened.status !== 200) return opened;
      incident = (opened.body as { entity: string }).entity;
    } else {
      const into = scene.incidents.get(incident);
      if (into === undefined) return refuse('not_found', 'incident', 'there is no such incident', 404);
      into.sources.push({ $typeName: 'trongdong.v1.Source', origin: { case: 'report', value: call.id }, episode: 0, version: 0n, active: true, atMs: now() } as never);
      tell(EventKind.INCIDENT_FED, { case: 'incident', value: into }, input['text']);
    }
    const code = `CALLA-BBBCC-D${call.id.slice(-3).padStart(4, '0')}`;
    call.reports.push(code.replaceAll('-', ''));
    call.incidents.push(incident);
    drafts.delete(call.id);
    put(call, EventKind.CALL_FILED);
    return { status: 200, body: { code: code.replaceAll('-', ''), incident, version: Number(call.version) } };
  }

  function change(call: Call, verb: string, input: Input, person: string): Answer {
    if (verb === 'report') return report(call, input);
    if (verb === 'name') {
      names.set(call.number, (input['name'] ?? '').trim());
      return done(call.id, call.version);
    }
    if (Number(input['expected_version']) !== Number(call.version)) return refuse('version_conflict', 'expected_version', `it is at version ${call.version}`);
    const agent = agentOf(person);
    const turn = (status: CallStatus, kind: EventKind, more: object = {}) => {
      Object.assign(call, { status, statusAtMs: now(), ringDueAtMs: 0n, ...more });
      put(call, kind, input['note']);
      return done(call.id, call.version);
    };
    const is = (...wanted: CallStatus[]) => wanted.includes(call.status);
    if (verb === 'answer' && is(CallStatus.RINGING) && call.agent === person) {
      putAgent(agent, AgentStatus.ON_CALL, call.id);
      return turn(CallStatus.ANSWERED, EventKind.CALL_ANSWERED);
    }
    if (verb === 'hold' && is(CallStatus.ANSWERED, CallStatus.HELD)) {
      const held = Boolean(input['held']);
      return turn(held ? CallStatus.HELD : CallStatus.ANSWERED, held ? EventKind.CALL_HELD : EventKind.CALL_RESUMED);
    }
    if (verb === 'transfer' && is(CallStatus.ANSWERED, CallStatus.HELD)) {
      putAgent(agent, AgentStatus.WRAP_UP, call.id);
      return turn(CallStatus.TRANSFERRED, EventKind.CALL_TRANSFERRED, { transferredTo: input['to'], outcome: 'transferred' });
    }
    if (verb === 'end' && is(CallStatus.ANSWERED, CallStatus.HELD)) {
      putAgent(agent, AgentStatus.WRAP_UP, call.id);
      return turn(CallStatus.ENDED, EventKind.CALL_ENDED, { outcome: input['outcome'] });
    }
    if (verb === 'callback' && is(CallStatus.CALLBACK)) {
      putAgent(agent, AgentStatus.ON_CALL, call.id);
      return turn(CallStatus.CALLING_BACK, EventKind.CALL_CALLING_BACK, { agent: person });
    }
    if (verb === 'callback/settle' && is(CallStatus.CALLBACK, CallStatus.CALLING_BACK)) {
      if (input['outcome'] === 'reached') return turn(CallStatus.ANSWERED, EventKind.CALL_ANSWERED);
      putAgent(agent, AgentStatus.WRAP_UP, call.id);
      if (input['outcome'] === 'unreached') return turn(CallStatus.CALLBACK, EventKind.CALL_CALLBACK_DUE, { callbackTries: call.callbackTries + 1, steps: [...call.steps, create(CallStepSchema, { kind: CallStepKind.CALLBACK_DUE, atMs: now(), note: 'unreached' })] });
      return turn(CallStatus.ENDED, EventKind.CALL_ENDED, { outcome: 'settled' });
    }
    return refuse('wrong_status', 'call', 'its status does not allow it');
  }

  /** Decides about one command; undefined: it is none about calls. */
  function decide(path: string, input: Input, person: string): Answer | undefined {
    const [, who] = /^\/api\/agents\/([^/]+)\/status$/.exec(path) ?? [];
    if (who !== undefined) {
      const agent = agentOf(who);
      if (agent.status === AgentStatus.ON_CALL) return refuse('wrong_status', 'agent', 'it is on a call');
      putAgent(agent, AgentStatus[(input['status'] ?? '').toUpperCase() as keyof typeof AgentStatus]);
      agent.reason = input['reason'] ?? '';
      return done(who, agent.version);
    }
    const [, id, verb = ''] = /^\/api\/calls\/([^/]+)\/(.+)$/.exec(path) ?? [];
    if (id === undefined) return undefined;
    const call = calls.get(id);
    return call === undefined ? refuse('not_found', 'call', 'there is no such call', 404) : change(call, verb, input, person);
  }

  return { control, ask, decide, snapshot: () => ({ calls: [...calls.values()], agents: [...agents.values()], callDesk: desk }) };
}

