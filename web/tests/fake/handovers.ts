// How the fake node hands incidents over: to services, between rooms and from services, each with a clock, a second channel and an answer.
import { create } from '@bufbuild/protobuf';
import { ClockSchema, ClockStage, ClockStatus, Obligation } from '../../src/gen/trongdong/v1/clock_pb';
import { PlaceSchema } from '../../src/gen/trongdong/v1/common_pb';
import { EventKind, type Event } from '../../src/gen/trongdong/v1/event_pb';
import { HandoverDirection, HandoverSchema, HandoverStatus, type Handover } from '../../src/gen/trongdong/v1/handover_pb';
import { DispatchSchema, IncidentKind, IncidentSchema, IncidentStatus, type Incident } from '../../src/gen/trongdong/v1/incident_pb';
import type { Room } from '../../src/gen/trongdong/v1/room_pb';
import type { Answer, Input } from './decide';
import type { Scene } from './scene';

type Tell = (kind: EventKind, subject: Event['subject'], note?: string, by?: string) => void;
const refuse = (code: string, field: string, message: string, status = 409): Answer => ({ status, body: { code, field, message } });
const now = () => BigInt(Date.now());

/** Services whose systems are registered here. */
const PARTIES = [{ id: '114', name: 'Cảnh sát PCCC 114' }, { id: '115', name: 'Cấp cứu 115' }];
const nameOf = (id: string) => PARTIES.find((party) => party.id === id)?.name ?? '';
/** Time to answer, by severity 1 to 5, as the cluster has it. */
const WITHIN_MS = [600_000, 300_000, 180_000, 120_000, 60_000];
const LIVE = [IncidentStatus.OPENED, IncidentStatus.ACKNOWLEDGED, IncidentStatus.ASSIGNED];
const isWaiting = ({ status }: Handover) => status === HandoverStatus.OFFERED || status === HandoverStatus.ESCALATED;

export function handoverDesk(scene: Scene, tell: Tell, rooms: () => readonly Room[]) {
  let received = 0;
  /** Incidents that a service's offer opened. */
  const opened = new Set<string>();

  const heldBy = (incident: Incident): Handover[] => (incident.dispatch ??= create(DispatchSchema)).handovers;
  const done = (incident: Incident): Answer => ({ status: 200, body: { entity: incident.id, version: Number(incident.version) } });
  const say = (kind: EventKind, incident: Incident, { number, partyName }: Handover, words: string, by = '') =>
    tell(kind, { case: 'incident', value: incident }, `#${number} ${partyName}: ${words}`, by);

  /** Puts it into the incident under the next number, with the clock that measures its answer. */
  function add(incident: Incident, of: Partial<Handover>): Handover {
    const clock = Math.max(0, ...incident.clocks.map(({ number }) => number)) + 1;
    const dueAtMs = now() + BigInt(WITHIN_MS[incident.severity - 1]!);
    incident.clocks.push(create(ClockSchema, {
      number: clock, obligation: Obligation.ACKNOWLEDGE_HANDOVER, status: ClockStatus.RUNNING, stage: ClockStage.ON_TIME, startedAtMs: now(), dueAtMs, firstDueAtMs: dueAtMs, version: 1n,
    }));
    const all = heldBy(incident);
    const handover = create(HandoverSchema, { ...of, number: (all.at(-1)?.number ?? 0) + 1, clock, status: HandoverStatus.OFFERED, offeredAtMs: now() } as never);
    all.push(handover);
    return handover;
  }

  function endClock(incident: Incident, { clock }: Handover, status: ClockStatus): void {
    const found = incident.clocks.find(({ number }) => number === clock);
    if (found !== undefined) Object.assign(found, { status, endedAtMs: now(), version: found.version + 1n });
  }

  function offer(incident: Incident, input: Input, by: string): Answer {
    const { to = '', second = '', second_contact: secondContact = '', contact = '', reason = '' } = input;
    const room = rooms().find(({ id }) => id === input['room']);
    if ((input['room'] ?? '') !== '' && room === undefined) return refuse('not_found', 'room', 'there is no such room', 404);
    if (to !== '' && nameOf(to) === '') return refuse('not_found', 'to', 'there is no such receiver', 404);
    const partyName = room?.name ?? (to === '' ? (input['to_name'] ?? '') : nameOf(to));
    if (partyName === '' || reason === '') return refuse('invalid', 'reason', 'is empty', 422);
    if ((second === '' && secondContact === '') || (second !== '' && second === to)) return refuse('invalid', 'second', 'is missing: name another receiver, or whom to telephone', 422);
    if (heldBy(incident).some((it) => isWaiting(it) && it.partyName === partyName)) return refuse('wrong_status', 'incident', 'it waits for them already');
    const direction = room === undefined ? HandoverDirection.OUT : HandoverDirection.WITHIN;
    incident.version += 1n;
    const handover = add(incident, { direction, party: to, partyName, contact, second, secondContact, lead: Boolean(input['lead']), reason, offeredBy: by, room: room?.id ?? '' });
    say(EventKind.HANDOVER_OFFERED, incident, handover, reason, by);
    return done(incident);
  }

  /** By a person, or, `from` a service, by its system. */
  function answer(incident: Incident, handover: Handover, input: Input, by: string, from = ''): Answer {
    const accept = Boolean(input['accept']);
    const words = input['answer'] ?? '';
    if (handover.direction === HandoverDirection.WITHIN && handover.offeredBy === by) return refuse('forbidden', 'handover', 'you offered it: somebody of the room answers', 403);
    if (!accept && words === '') return refuse('invalid', 'answer', 'is empty', 422);
    if (!isWaiting(handover)) return refuse('wrong_status', 'handover', 'it cannot be answered any more');
    Object.assign(handover, {
      status: accept ? HandoverStatus.ACCEPTED : HandoverStatus.REFUSED, answeredAtMs: now(), answeredBy: by, answeredFor: input['answered_for'] ?? '', answer: words, takenBy: from, takenByName: nameOf(from),
    });
    if ((input['reference'] ?? '') !== '') handover.reference = input['reference']!;
    endClock(incident, handover, ClockStatus.MET);
    incident.version += 1n;
    say(accept ? EventKind.HANDOVER_ACCEPTED : EventKind.HANDOVER_REFUSED, incident, handover, words, by);
    return done(incident);
  }

  function withdraw(incident: Incident, handover: Handover, reason: string, by: string): Answer {
    if (!isWaiting(handover) && handover.status !== HandoverStatus.ACCEPTED) return refuse('wrong_status', 'handover', 'only what was offered can be taken back');
    Object.assign(handover, { status: HandoverStatus.WITHDRAWN, withdrawnAtMs: now() });
    endClock(incident, handover, ClockStatus.VOID);
    incident.version += 1n;
    say(EventKind.HANDOVER_WITHDRAWN, incident, handover, reason, by);
    return done(incident);
  }

  /** The time is over and nobody answered: the second channel, and the clock calls whoever is told. */
  function escalate(incident: Incident, handover: Handover, told: string[]): void {
    Object.assign(handover, { status: HandoverStatus.ESCALATED, escalatedAtMs: now() });
    const clock = incident.clocks.find(({ number }) => number === handover.clock);
    if (clock !== undefined) Object.assign(clock, { stage: ClockStage.LATE, dueAtMs: now() - 5_000n, firstDueAtMs: now() - 5_000n, told, version: clock.version + 1n });
    tell(EventKind.DEADLINE_LATE, { case: 'incident', value: incident }, `${incident.id}#${handover.clock} told ${told.join(' ')}`);
    say(EventKind.HANDOVER_ESCALATED, incident, handover, handover.secondContact);
  }

  /** A service's system offers an incident; the same again opens nothing. */
  function receive(from: string, reference: string, summary: string, lead: boolean): string {
    const known = [...scene.incidents.values()].find(({ dispatch }) => dispatch?.handovers.some((it) => it.direction === HandoverDirection.IN && it.reference === reference));
    if (known !== undefined) return known.id;
    received += 1;
    const { code, latitude, longitude } = scene.communes.find(({ label }) => label === 'Gia Sàng')!;
    const incident = create(IncidentSchema, {
      id: `I${5_900 + received}`, kind: IncidentKind.MEDICAL, severity: 4, summary, status: IncidentStatus.OPENED, openedAtMs: now(), acknowledgeDueAtMs: now() + 180_000n, version: 1n,
      place: create(PlaceSchema, { adminUnit: code, latitudeE7: Math.round(latitude * 1e7), longitudeE7: Math.round(longitude * 1e7) }),
      sources: [{ origin: { case: 'report', value: `${from}: ${reference}` } }],
    });
    scene.incidents.set(incident.id, incident);
    opened.add(incident.id);
    tell(EventKind.INCIDENT_OPENED, { case: 'incident', value: incident });
    const handover = add(incident, { direction: HandoverDirection.IN, party: from, partyName: nameOf(from), lead, reason: summary, reference });
    say(EventKind.HANDOVER_RECEIVED, incident, handover, summary);
    return incident.id;
  }

  function reset(): void {
    for (const incident of scene.incidents.values()) {
      const held = incident.dispatch?.handovers ?? [];
      if (held.length === 0) continue;
      const clocks = new Set(held.map(({ clock }) => clock));
      incident.clocks = incident.clocks.filter(({ number, obligation }) => obligation !== Obligation.ACKNOWLEDGE_HANDOVER || !clocks.has(number));
      incident.dispatch!.handovers = [];
      if (opened.has(incident.id)) Object.assign(incident, { status: IncidentStatus.CLOSED, closedAtMs: now() });
      tell(EventKind.CLOCK_TIMED, { case: 'incident', value: incident });
    }
  }

  return {
    /**
     * Tests: `handovers` forgets all; `handover-late?of=&told=` lets the time of the newest offer be over; `handover-answer?of=&from=&accept=1`
     * is the other side's system, `handover-in?from=&reference=&summary=&lead=1` its offer and `handover-back?of=` its taking back.
     */
    control(path: string, query: URLSearchParams): object | undefined {
      const of = (name: string) => query.get(name) ?? '';
      if (path === '/fake/handover-in') return { incident: receive(of('from'), of('reference'), of('summary'), of('lead') === '1') };
      if (path === '/fake/handovers') reset();
      const incident = scene.incidents.get(of('of'));
      const newest = incident?.dispatch?.handovers.at(-1);
      if (path === '/fake/handovers') return {};
      if (!/^\/fake\/handover-(late|answer|back)$/.test(path)) return undefined;
      if (incident === undefined || newest === undefined) return { missing: of('of') };
      if (path === '/fake/handover-late') escalate(incident, newest, of('told').split(' ').filter((person) => person !== ''));
      else if (path === '/fake/handover-back') withdraw(incident, newest, of('words'), '');
      else {
        const said = { accept: of('accept') === '1', answer: of('words'), answered_for: of('for'), reference: of('reference') };
        return answer(incident, newest, said as unknown as Input, '', of('from'));
      }
      return {};
    },
    /** Whom an incident can be offered to over the network. */
    ask: (method: string, path: string) => (method === 'GET' && path === '/api/handover/parties' ? PARTIES : undefined),
    decide(path: string, input: Input, by: string): Answer | undefined {
      const [, id = '', verb = ''] = /^\/api\/incidents\/([^/]+)\/handover(\/answer|\/withdraw)?$/.exec(path) ?? [];
      const incident = scene.incidents.get(id);
      if (incident === undefined) return undefined;
      if (!LIVE.includes(incident.status)) return refuse('wrong_status', 'incident', 'it is done');
      if (verb !== '/answer' && Number(input['expected_version']) !== Number(incident.version)) {
        return refuse('version_conflict', 'expected_version', `it is at version ${incident.version}: look, then decide anew`);
      }
      if (verb === '') return offer(incident, input, by);
      const handover = heldBy(incident).find(({ number }) => number === Number(input['handover']));
      if (handover === undefined) return refuse('not_found', 'handover', 'there is no such hand-over', 404);
      if (verb === '/answer') return answer(incident, handover, input, by);
      if (handover.direction === HandoverDirection.IN) return refuse('wrong_status', 'handover', 'only what we offered can be taken back');
      return withdraw(incident, handover, input['reason'] ?? '', by);
    },
  };
}
