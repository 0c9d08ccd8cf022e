// A node made of paper: speaks the screens' protocol and HTTP API from a scripted scene, so that the screens can be seen
// and tested without a cluster. `/fake/*` lets a test cut the line, hold commands back, or make frames go wrong.
import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { PlaceSchema, Severity } from '../../src/gen/trongdong/v1/common_pb';
import { EventKind, EventSchema, PositionSchema, type Event } from '../../src/gen/trongdong/v1/event_pb';
import { FrameSchema, ToScreenSchema, ToServerSchema, type Frame, type Subscribe } from '../../src/gen/trongdong/v1/screen_pb';
import { IncidentStatus, type Incident } from '../../src/gen/trongdong/v1/incident_pb';
import { CameraHealth } from '../../src/gen/trongdong/v1/camera_pb';
import { ReadingsSchema } from '../../src/gen/trongdong/v1/sensor_pb';
import { UnitStatus } from '../../src/gen/trongdong/v1/unit_pb';
import type { LogPlace } from '../../src/nouns/log-place';
import { accessDesk, deviceCookie } from './access';
import { adminDesk } from './admin';
import { alarmStorm } from './alarms';
import { callDesk } from './calls';
import { clockDesk } from './clocks';
import { BY, COMMAND_GROUP, decider, FIELD_GROUP, type Input } from './decide';
import { delegationDesk } from './delegations';
import { crewView, dispatcher, makeLate, makeUnanswered, offer, recommendation } from './dispatch';
import { districtDesk } from './district';
import { drillDesk } from './drill';
import { handoverDesk } from './handovers';
import { startModels } from './models';
import { photoDesk, PIXEL } from './photos';
import { publicDesk } from './public';
import { waitingDesk } from './waiting';
import { warningDesk } from './warnings';
import { replayOf, type Line } from './replay';
import { roomDesk } from './rooms';
import { buildScene, hierarchy, seeded } from './scene';
import { registrationDesk } from './registration';
import { scheduleDesk } from './schedule';
import { serviceDesk } from './service';
import { sightOf, type Sight } from './sight';

const HEARTBEAT_MS = 1_000;
const TAIL_MAX = 5_000;
/** Of every entry of its log. */
const TERM = 9;
const cookie = (person: string) => `td_session=fake-${person}; HttpOnly; SameSite=Strict; Path=/`;
const EXPIRES_AT_MS = Date.now() + 8 * 3_600_000;
/** Login names and who they are; any other is the first. */
const PEOPLE: Record<string, { name: string; role: string }> = {
  hoa: { name: BY, role: 'operator' },
  khoa: { name: 'Trần Văn Khoa', role: 'agent' },
  rin: { name: 'Hoàng Văn Rin', role: 'responder' },
  dung: { name: 'Phạm Thị Dung', role: 'dispatcher' },
  'man-hinh': { name: 'Màn hình trung tâm', role: 'viewer' },
};
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css',
  '.svg': 'image/svg+xml', '.png': 'image/png', '.json': 'application/json', '.geojson': 'application/geo+json', '.woff2': 'font/woff2', '.woff': 'font/woff', '.webmanifest': 'application/manifest+json',
};

/** Access units of a raw H.264 stream: each begins with a delimiter. */
function accessUnits(file: URL): Uint8Array[] {
  const bytes = readFileSync(file);
  const starts: number[] = [];
  for (let i = 0; i + 4 < bytes.length; i += 1) {
    if (bytes.readUInt32BE(i) === 1 && (bytes[i + 4]! & 31) === 9) starts.push(i);
  }
  return starts.map((start, index) => new Uint8Array(bytes.subarray(start, starts[index + 1])));
}
const isKey = (unit: Uint8Array) => unit.some((byte, i) => (byte & 31) === 5 && unit[i - 1] === 1 && unit[i - 2] === 0 && unit[i - 3] === 0);

/** Listens until it is stopped. `/fake/anew` puts everything back to how it began: what tests have done is gone, and who is connected is cut off. */
export async function startFake({ port, root }: { port: number; root: string }) {
  let world = begin(root);
  const server = createServer((request, response) => {
    if (request.url !== '/fake/anew') return void world.answer(request, response);
    world.stop();
    world = begin(root);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => world.upgrade(request, socket, head));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    stop: () => {
      world.stop();
      server.close();
    },
  };
}

/** A node with its scene, as it stands at the beginning. */
function begin(root: string) {
  const scene = buildScene(Date.now());
  const register = startModels(scene, Date.now());
  const desk = publicDesk(scene.communes.map(({ code, name }) => ({ code, name, nameEn: name })), scene.incidents, Date.now());
  const random = seeded(7);
  const indexes = [1_000, 5_000, 1, 1, 1, 1, 1, 1, 1];
  const tails: Frame[][] = indexes.map(() => []);
  const units = accessUnits(new URL('./street.h264', import.meta.url));
  const sockets = new Map<WebSocket, { sight: Sight | undefined; watching: Map<string, ReturnType<typeof setInterval>> }>();
  const answered = new Map<string, { status: number; body: unknown }>();
  const timelines = new Map<string, Line[]>();
  const control = { down: false, silent: false, holdCommandsMs: 0, failNext: 0, skipNext: 0, role: '' };
  let quorumAgeMs = 0;

  const position = (group: number, index = indexes[group]!) => create(PositionSchema, { epoch: 1n, group, index: BigInt(index), ordinal: 0 });
  function send(socket: WebSocket, body: MessageInitShape<typeof ToScreenSchema>['body']): void {
    if (!control.silent) socket.send(toBinary(ToScreenSchema, create(ToScreenSchema, { body } as never)));
  }
  function publish(group: number, events: Event[]): void {
    const from = position(group);
    indexes[group]! += 1;
    const frame = create(FrameSchema, { from, through: position(group), events, atMs: BigInt(Date.now()) });
    tails[group]!.push(frame);
    if (tails[group]!.length > TAIL_MAX) tails[group]!.shift();
    if (control.skipNext > 0) {
      control.skipNext -= 1;
      return;
    }
    for (const [socket, { sight }] of sockets) if (sight) send(socket, { case: 'frame', value: { ...frame, events: sight.events(frame.events) } });
  }
  /** An incident as a line of its timeline holds it. */
  const thenOf = ({ id, severity, status, summary, place, units: on }: Incident) => ({
    id, severity: (Severity[severity] ?? '').toLowerCase(), status: (IncidentStatus[status] ?? '').toLowerCase(), summary,
    latitude_e7: place?.latitudeE7 ?? 0, longitude_e7: place?.longitudeE7 ?? 0, units: [...on],
  });
  function happened(kind: EventKind, subject: Event['subject'], by = '', note = ''): Event {
    if (subject.case === 'incident') {
      const line = { index: indexes[COMMAND_GROUP]! + 1, kind: (EventKind[kind] ?? '').toLowerCase(), at_ms: Date.now(), by, note, incident: thenOf(subject.value) };
      timelines.set(subject.value.id, [...(timelines.get(subject.value.id) ?? []), line]);
      return create(EventSchema, { kind, by, note, atMs: BigInt(line.at_ms), subject });
    }
    const atMs = Date.now();
    if (subject.case === 'unit' && subject.value.incident !== '' && kind !== EventKind.UNIT_MOVED) {
      const { id, name, status, statusAtMs, incident, position: at, positionAtMs } = subject.value;
      const unit = { id, name, position_at_ms: Number(positionAtMs), status: (UnitStatus[status] ?? '').toLowerCase(), status_at_ms: Number(statusAtMs), latitude_e7: at?.latitudeE7 ?? 0, longitude_e7: at?.longitudeE7 ?? 0 };
      timelines.set(incident, [...(timelines.get(incident) ?? []), { index: indexes[COMMAND_GROUP]! + 1, kind: (EventKind[kind] ?? '').toLowerCase(), at_ms: atMs, by, note, unit }]);
    }
    return create(EventSchema, { kind, by, note, atMs: BigInt(atMs), subject });
  }
  for (const incident of scene.incidents.values()) {
    const opened = Number(incident.openedAtMs);
    timelines.set(incident.id, [
      { index: 101, kind: 'incident_opened', at_ms: opened, by: '', note: '', incident: thenOf({ ...incident, status: IncidentStatus.OPENED, units: [] }) },
      { index: 102, kind: 'incident_fed', at_ms: opened + 21_000, by: 'Nguyễn Minh', note: 'Người dân gọi 1022 báo cùng vị trí.' },
      ...(incident.acknowledgedAtMs > 0n ? [{ index: 103, kind: 'incident_acknowledged', at_ms: Number(incident.acknowledgedAtMs), by: 'Trần Thị Hoa', note: '', incident: thenOf(incident) }] : []),
    ].filter((line) => line.at_ms <= Date.now()));
  }

  function subscribe(socket: WebSocket, { from, districts }: Subscribe): Sight {
    const sight = sightOf(scene, districts);
    for (let group = 0; group < indexes.length; group += 1) {
      const held = from.find((p) => p.group === group && p.epoch === 1n);
      if (held !== undefined) {
        for (const frame of tails[group]!) if (frame.from!.index >= held.index) send(socket, { case: 'frame', value: { ...frame, events: sight.events(frame.events) } });
        continue;
      }
      const through = position(group);
      const atMs = BigInt(Date.now());
      if (group === COMMAND_GROUP) {
        send(socket, { case: 'snapshot', value: { through, part: 0, atMs, ...hierarchy(scene) } });
        send(socket, { case: 'snapshot', value: { through, part: 1, last: true, atMs, ...sight.part({ units: [...scene.units.values()], incidents: [...scene.incidents.values()], instructions: [...scene.instructions.values()], models: [...register.models.values()], tallies: [...register.tallies.values()], ...phones.snapshot(), ...ofRooms.snapshot(), ...ofWaiting.snapshot() }) } });
      } else if (group === FIELD_GROUP) {
        send(socket, { case: 'snapshot', value: { through, last: true, atMs, ...sight.part({ sensors: [...scene.sensors.values()], cameras: [...scene.cameras.values()], alarms: [...scene.alarms.values()] }) } });
      } else send(socket, { case: 'snapshot', value: { through, last: true, atMs } });
    }
    return sight;
  }

  /** Why each camera was watched last. */
  const reasons: Record<string, string> = {};
  /** How often each was asked for. */
  const asks: Record<string, number> = {};
  function watch(socket: WebSocket, id: string): void {
    const watching = sockets.get(socket)?.watching;
    const camera = scene.cameras.get(id);
    if (watching === undefined || camera === undefined || watching.has(id)) return;
    send(socket, { case: 'videoStatus', value: { camera: id, health: camera.health, codec: camera.health === CameraHealth.LIVE ? 'avc1.42C015' : '' } });
    if (camera.health !== CameraHealth.LIVE) return;
    let n = (Number(id.slice(-2)) * 12) % units.length;
    watching.set(id, setInterval(() => {
      const data = units[n % units.length]!;
      send(socket, { case: 'videoFrame', value: { camera: id, timestampUs: BigInt(n * 83_333), key: isKey(data), data } });
      n += 1;
    }, 83));
  }

  /** Where the log has each number's command, and what is asked under a number now, with how far the log was before. */
  const places = new Map<string, LogPlace>();
  const commands = new WeakMap<ServerResponse, { seq: string; before: number[] }>();
  /** The answer to a command, with where the log has it; to one that was answered before, where the first is. */
  function withPlace(response: ServerResponse, status: number, body: unknown): unknown {
    const command = commands.get(response);
    if (command === undefined || status !== 200 || typeof body !== 'object' || body === null || Array.isArray(body)) return body;
    const group = Math.max(0, indexes.findIndex((index, at) => index !== command.before[at]));
    const first = places.get(command.seq);
    const log = first === undefined ? { group, index: indexes[group]!, term: TERM, again: false } : { ...first, again: true };
    if (first === undefined) places.set(command.seq, log);
    return { ...body, log };
  }
  const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string | string[]> = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers }).end(JSON.stringify(withPlace(response, status, body)));
  async function body(request: IncomingMessage): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    return Buffer.concat(parts);
  }
  const picture = (response: ServerResponse, type: string, bytes: Buffer) => response.writeHead(200, { 'content-type': type, 'cache-control': 'private' }).end(bytes);
  // Each login and each reload gets numbers of its own, because all sessions share one window of answers here.
  let nextSeq = 1;
  const rights = accessDesk();
  const delegations = delegationDesk();
  const admin = adminDesk();
  const schedule = scheduleDesk();
  function sessionOf(person: string) {
    nextSeq += 1_000;
    return { person, ...(PEOPLE[person] ?? PEOPLE['hoa']), ...(control.role === '' ? {} : { role: control.role }), next_seq: nextSeq, expires_at_ms: EXPIRES_AT_MS, ...rights.session(person), ...delegations.session(person) };
  }
  /** What whoever is signed in is there for. */
  const sessionRole = (person: string) => (control.role === '' ? (PEOPLE[person] ?? PEOPLE['hoa']!).role : control.role);
  const tellDispatch = (kind: EventKind, subject: Event['subject'], note = '') => publish(COMMAND_GROUP, [happened(kind, subject, BY, note)]);
  const decideDispatch = dispatcher(scene, tellDispatch, BY);
  // Who is on an incident from the beginning is in an assignment, as in a cluster.
  for (const unit of scene.units.values()) {
    if (unit.incident === '') continue;
    offer(unit, unit.incident);
    const assignment = unit.duty!.assignment!;
    Object.assign(assignment, { offerDueAtMs: 0n, checkInDueAtMs: BigInt(Date.now() + 900_000) });
    assignment.steps[0]!.status = unit.status;
  }
  const decideRest = decider(scene, (group, kind, subject, note = '') => publish(group, [happened(kind, subject, BY, note)]));
  const warnings = warningDesk((code) => scene.communes.find((commune) => commune.code === code)?.name ?? code, (id) => scene.incidents.get(id)?.exercise === true);
  const phones = callDesk(scene, (kind, subject, note = '') => publish(COMMAND_GROUP, [happened(kind, subject, BY, note)]), decideRest);
  const ofRooms = roomDesk(scene, (kind, subject, note = '') => publish(COMMAND_GROUP, [happened(kind, subject, BY, note)]));
  const ofHandovers = handoverDesk(scene, (kind, subject, note = '', by = '') => publish(COMMAND_GROUP, [happened(kind, subject, by, note)]), () => ofRooms.snapshot().rooms);
  const registration = registrationDesk(scene, (kind, subject) => publish(COMMAND_GROUP, [happened(kind, subject, BY)]));
  const ofWaiting = waitingDesk(scene, (kind, subject, note = '') => publish(COMMAND_GROUP, [happened(kind, subject, BY, note)]), decideRest);
  const storm = alarmStorm(scene, (all) => publish(FIELD_GROUP, all.map(({ kind, subject }) => happened(kind, subject))));
  const ofService = serviceDesk(scene, (kind, subject, note = '') => publish(FIELD_GROUP, [happened(kind, subject, BY, note)]));
  const ofClocks = clockDesk(scene, (kind, subject, note = '', by = BY) => publish(COMMAND_GROUP, [happened(kind, subject, by, note)]));
  function decide(path: string, input: Input, person: string): { status: number; body: unknown } {
    const onClocks = ofClocks.decide(path, input, person) ?? ofService.decide(path, input);
    if (onClocks !== undefined) return onClocks;
    const handedOver = ofHandovers.decide(path, input, person) ?? warnings.decide(path, input, person);
    if (handedOver !== undefined) return handedOver;
    const inRooms = ofRooms.decide(path, input, person);
    if (inRooms !== undefined) return inRooms;
    const inSchedule = schedule.decide(path, input) ?? registration.decide(path, input);
    if (inSchedule !== undefined) return inSchedule;
    const ofAdmin = delegations.decide(path, input, person, sessionRole(person)) ?? admin.decide(path, input);
    if (ofAdmin !== undefined) return ofAdmin;
    const ofCalls = phones.decide(path, input, person);
    if (ofCalls !== undefined) return ofCalls;
    const ofModels = register.decide(path, input, BY);
    if (ofModels === undefined) return decideDispatch(path, input) ?? decideRest(path, input);
    if (ofModels.events.length > 0) publish(COMMAND_GROUP, ofModels.events.map(({ kind, subject, note }) => happened(kind, subject, BY, note)));
    return ofModels;
  }

  const drills = drillDesk();
  const photos = photoDesk();
  const district = districtDesk((path, input) => decide(path, input, 'hoa'));

  async function api(request: IncomingMessage, response: ServerResponse, url: URL): Promise<unknown> {
    const bytes = request.method === 'POST' ? await body(request) : Buffer.alloc(0);
    const type = request.headers['content-type'] ?? '';
    const number = request.headers['x-request-seq'];
    if (number !== undefined) commands.set(response, { seq: String(number), before: [...indexes] });
    const isPhoto = request.method === 'POST' && (url.pathname === '/api/files' || url.pathname.endsWith('/files'));
    const input = JSON.parse((isPhoto ? '' : bytes.toString()) || '{}') as Input;
    if (url.pathname.startsWith('/api/public/') && control.down) return response.destroy();
    const enclosed = /^\/api\/public\/reports\/([^/]+)\/files(\/\w+)?$/.exec(url.pathname);
    if (enclosed && enclosed[2] !== undefined) return picture(response, 'image/png', PIXEL);
    if (enclosed) {
      const { status, body: told, headers } = desk.attach(decodeURIComponent(enclosed[1]!), bytes);
      return json(response, status, told, headers);
    }
    const ofPublic = desk.ask(request.method ?? '', url.pathname, input);
    if (ofPublic !== undefined) return json(response, ofPublic.status, ofPublic.body, ofPublic.headers);
    const toAll = admin.open(request.method ?? '', url.pathname, url.searchParams, input, sessionOf, cookie);
    if (toAll !== undefined) return json(response, toAll.status, toAll.body, toAll.headers);
    if (url.pathname === '/api/login') {
      if (input['password'] !== 'trongdong') return json(response, 401, { code: 'unauthorized', field: 'login.password', message: '' });
      const person = input['person'] ?? '';
      const needs = rights.refuses(person, input['code'], request.headers.cookie);
      if (needs !== undefined) return json(response, needs.status, needs.body, needs.headers);
      return json(response, 200, sessionOf(person), { 'set-cookie': [cookie(person), deviceCookie(person)] });
    }
    if (url.pathname === '/api/nodes') return json(response, 200, [{ id: 1, url: `http://${request.headers.host}` }]);
    if (url.pathname === '/api/drills/now') return json(response, 200, drills.ask('GET', url.pathname, {}, '')?.body);
    const person = /td_session=fake-([\w-]+)/.exec(request.headers.cookie ?? '')?.[1];
    if (person === undefined) return json(response, 401, { code: 'signed_out', field: '', message: '' });
    if (url.pathname === '/api/session') return json(response, 200, sessionOf(person));
    if (url.pathname === '/api/logout') return json(response, 200, {}, { 'set-cookie': `${cookie(person)}; Max-Age=0` });
    const ofSchedule = schedule.ask(request.method ?? '', url.pathname) ?? registration.ask(request.method ?? '', url.pathname, sessionRole(person));
    if (ofSchedule !== undefined) return json(response, ofSchedule.status, ofSchedule.body);
    const ofDelegations = delegations.ask(request.method ?? '', url.pathname, person, sessionRole(person));
    if (ofDelegations !== undefined) return json(response, ofDelegations.status, ofDelegations.body);
    const ofAdmin = admin.ask(request.method ?? '', url.pathname, input, sessionRole(person));
    if (ofAdmin !== undefined) return json(response, ofAdmin.status, ofAdmin.body);
    const ofOthers = url.pathname === '/api/glass/end' && input['person'] !== undefined;
    const ofRights = ofOthers ? undefined : rights.ask(request.method ?? '', url.pathname, input, person);
    if (ofRights !== undefined) return json(response, ofRights.status, ofRights.body);
    const ofDrills = control.down ? undefined : drills.ask(request.method ?? '', url.pathname, input, person);
    if (ofDrills !== undefined) return json(response, ofDrills.status, ofDrills.body);
    if (url.pathname === '/api/kept') return json(response, 200, district.list());
    const series = /^\/api\/sensors\/([^/]+)\/series$/.exec(url.pathname);
    if (series) {
      const last = Number(scene.sensors.get(series[1]!)?.lastMicro ?? 0n) / 1e6;
      const [from, to] = [Number(url.searchParams.get('from_ms')), Number(url.searchParams.get('to_ms'))];
      const points = Array.from({ length: 180 }, (_, i) => {
        const share = i / 180;
        const mean = last * (0.9 + 0.1 / (1 + Math.exp(-9 * (share - 0.55)))) + Math.sin(i / 4) * last * 0.002;
        const wide = last * 0.004;
        return { from_ms: Math.round(from + (to - from) * share), min: mean - wide, max: mean + wide, mean, last: mean, count: 6 };
      });
      // The device was silent for a while: the line has a hole there.
      points.splice(60, 12);
      const step_ms = Math.ceil((to - from) / 180);
      return json(response, 200, { from_ms: from, to_ms: to, step_ms, points, truncated: false, kept_from_ms: 0, applied: 1, age_ms: 0 });
    }
    const parties = ofHandovers.ask(request.method ?? '', url.pathname);
    if (parties !== undefined) return json(response, 200, parties);
    const ofWarnings = warnings.ask(request.method ?? '', url.pathname);
    if (ofWarnings !== undefined) return json(response, ofWarnings.status, ofWarnings.body);
    if (url.pathname === '/api/reports' && request.method === 'GET') return json(response, 200, desk.list(url.searchParams));
    const timeline = /^\/api\/incidents\/([^/]+)\/timeline$/.exec(url.pathname);
    if (timeline && control.down) return response.destroy();
    if (timeline) return json(response, 200, timelines.get(timeline[1]!) ?? []);
    const was = /^\/api\/incidents\/([^/]+)\/replay$/.exec(url.pathname);
    if (was && control.down) return response.destroy();
    const course = was ? replayOf(scene, was[1]!, timelines.get(was[1]!) ?? [], indexes[COMMAND_GROUP]!) : undefined;
    if (course !== undefined) return json(response, 200, course);
    if (url.pathname === '/api/crew') return control.down ? response.destroy() : json(response, 200, crewView(scene, indexes[COMMAND_GROUP]!));
    const asked = /^\/api\/incidents\/([^/]+)\/recommendation$/.exec(url.pathname);
    const askedFor = scene.incidents.get(asked?.[1] ?? '');
    if (askedFor !== undefined) return json(response, 200, recommendation(scene, askedFor));
    const logged = ofRooms.ask(request.method ?? '', url.pathname, url.searchParams);
    if (logged !== undefined) return json(response, 200, logged);
    if (control.down && url.pathname.startsWith('/api/calls/')) return response.destroy();
    const ofCall = phones.ask(request.method ?? '', url.pathname, input, person);
    if (ofCall !== undefined) return json(response, ofCall.status, ofCall.body);
    if (control.down && url.pathname.startsWith('/api/files')) return response.destroy();
    if (url.pathname === '/api/files' && request.method === 'GET') return json(response, 200, photos.list(url.searchParams.get('incident') ?? url.searchParams.get('report') ?? ''));
    const shown = photos.show(/^\/api\/files\/(\w+)$/.exec(url.pathname)?.[1] ?? '');
    if (shown !== undefined) return picture(response, shown.type, shown.bytes);
    if (request.method !== 'POST') return json(response, 404, {});
    if (control.down) return response.destroy();
    const seq = String(request.headers['x-request-seq']);
    if (control.failNext > 0) {
      control.failNext -= 1;
      return json(response, 503, { code: 'unknown', field: '', message: 'no leader' });
    }
    if (control.holdCommandsMs > 0) await new Promise((resolve) => setTimeout(resolve, control.holdCommandsMs));
    const kept = district.keep(seq, url.pathname, input);
    if (kept !== undefined) return json(response, kept.status, kept.body);
    // One answer per number, however often it is asked.
    const put = isPhoto ? () => photos.attach(url.searchParams, bytes, type, person) : () => undefined;
    const answer = answered.get(seq) ?? put() ?? photos.remove(url.pathname, input) ?? ofWaiting.decide(url.pathname, input, person) ?? desk.decideClock(url.pathname, input, person) ?? desk.decide(url.pathname, input) ?? decide(url.pathname, input, person);
    answered.set(seq, answer);
    return json(response, answer.status, answer.body);
  }

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://fake');
    if (url.pathname.startsWith('/fake/')) {
      if (url.pathname === '/fake/cut') {
        control.down = url.searchParams.get('down') === '1';
        for (const socket of sockets.keys()) socket.terminate();
      }
      if (url.pathname === '/fake/watched') return json(response, 200, reasons);
      // Whose pictures go out now, and how often each camera was asked for.
      if (url.pathname === '/fake/lines') return json(response, 200, { now: [...new Set([...sockets.values()].flatMap(({ watching }) => [...watching.keys()]))].sort(), asks });
      if (url.pathname === '/fake/silent') control.silent = url.searchParams.get('on') === '1';
      if (url.pathname === '/fake/hold') control.holdCommandsMs = Number(url.searchParams.get('ms'));
      if (url.pathname === '/fake/fail') control.failNext = Number(url.searchParams.get('n'));
      if (url.pathname === '/fake/skip') control.skipNext = Number(url.searchParams.get('n'));
      if (url.pathname === '/fake/guess') rights.guess(url.searchParams.get('at') ?? '');
      // Whoever signs in has this role; empty: their own.
      if (url.pathname === '/fake/role') control.role = url.searchParams.get('role') ?? '';
      if (url.pathname === '/fake/model-silent') register.tallies.get(url.searchParams.get('of') ?? '')!.silent = url.searchParams.get('on') === '1';
      if (url.pathname === '/fake/drill-against') drills.control.against = url.searchParams.get('on') === '1';
      if (url.pathname === '/fake/quorum') quorumAgeMs = Number(url.searchParams.get('age_ms'));
      // A district centre's node, its line to the province cut or not; `off` makes it an ordinary node again.
      if (url.pathname === '/fake/district') {
        if (url.searchParams.get('off') === '1') district.forget();
        else district.set(url.searchParams.get('cut') === '1', Number(url.searchParams.get('age_ms')));
      }
      // Somebody at the province changes an incident, and this line does not hear of it.
      if (url.pathname === '/fake/elsewhere') scene.incidents.get(url.searchParams.get('id') ?? '')!.version += 1n;
      // Public reports: so many refused as too many, so many taken and not answered.
      if (url.pathname === '/fake/busy') desk.control.busy = Number(url.searchParams.get('n'));
      if (url.pathname === '/fake/message') desk.control.message = url.searchParams.get('text') ?? '';
      if (url.pathname === '/fake/lost') desk.control.lost = Number(url.searchParams.get('n'));
      const providerSet = admin.control(url.pathname, url.searchParams) ?? delegations.control(url.pathname);
      if (providerSet !== undefined) return json(response, 200, providerSet);
      const scheduleSet = schedule.control(url.pathname, url.searchParams) ?? registration.control(url.pathname, url.searchParams);
      if (scheduleSet !== undefined) return json(response, 200, scheduleSet);
      const roomsSet = ofRooms.control(url.pathname);
      if (roomsSet !== undefined) return json(response, 200, roomsSet);
      if (url.pathname === '/fake/photo') photos.ofReport(url.searchParams.get('code') ?? '');
      const waitingSet = ofWaiting.control(url.pathname, url.searchParams);
      if (waitingSet !== undefined) return json(response, 200, waitingSet);
      const ofStorm = storm(url.pathname, url.searchParams) ?? ofService.control(url.pathname, url.searchParams);
      if (ofStorm !== undefined) return json(response, 200, ofStorm);
      if (url.pathname === '/fake/unit-late') makeLate(scene, tellDispatch, url.searchParams.get('unit') ?? '');
      if (url.pathname === '/fake/unit-unanswered') makeUnanswered(scene, tellDispatch, url.searchParams.get('unit') ?? '');
      if (url.pathname === '/fake/clocks') desk.resetClocks();
      // Nobody knows yet that the smoke's report is late.
      if (url.pathname === '/fake/report-late') desk.resetClocks(false);
      const handedOver = ofHandovers.control(url.pathname, url.searchParams) ?? warnings.control(url.pathname, url.searchParams);
      if (handedOver !== undefined) return json(response, 200, handedOver);
      const clocksSet = ofClocks.control(url.pathname, url.searchParams);
      if (clocksSet !== undefined) return json(response, 200, clocksSet);
      const ofCalls = phones.control(url.pathname, url.searchParams);
      if (ofCalls !== undefined) return json(response, 200, ofCalls);
      return json(response, 200, { indexes, answered: answered.size, reports: desk.count(), photos: photos.taken() });
    }
    if (url.pathname.startsWith('/api/')) return void api(request, response, url).catch(() => json(response, 500, {}));
    // A page is also found without its ending, as on a real node.
    const page = url.pathname === '/' ? '/index.html' : url.pathname;
    const path = join(root, normalize(existsSync(join(root, `${normalize(page)}.html`)) ? `${page}.html` : page));
    if (!existsSync(path)) return json(response, 404, {});
    response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' });
    return createReadStream(path).pipe(response);
  };
  const wss = new WebSocketServer({ noServer: true, handleProtocols: (names) => (names.has('trongdong.v1') ? 'trongdong.v1' : false) });
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (control.down || request.url !== '/ws') return void socket.destroy();
    wss.handleUpgrade(request, socket, head, (ws) => {
      sockets.set(ws, { sight: undefined, watching: new Map() });
      ws.on('close', () => {
        for (const timer of sockets.get(ws)?.watching.values() ?? []) clearInterval(timer);
        sockets.delete(ws);
      });
      ws.on('message', (data: Buffer) => {
        const { body: said } = fromBinary(ToServerSchema, data);
        const state = sockets.get(ws);
        if (said.case === 'hello') send(ws, { case: 'welcome', value: { node: 1n, epoch: 1n, person: 'hoa', personName: BY, role: 2, serverTimeMs: BigInt(Date.now()), heartbeatMs: HEARTBEAT_MS } });
        else if (said.case === 'subscribe') {
          const sight = subscribe(ws, said.value);
          if (state) state.sight = sight;
        } else if (said.case === 'ping') {
          drills.told(said.value.gaps, said.value.doubles);
          send(ws, { case: 'pong', value: { nonce: said.value.nonce, serverTimeMs: BigInt(Date.now()) } });
        } else if (said.case === 'watchCamera') {
          reasons[said.value.camera] = said.value.why;
          asks[said.value.camera] = (asks[said.value.camera] ?? 0) + 1;
          watch(ws, said.value.camera);
        }
        else if (said.case === 'unwatchCamera') {
          clearInterval(state?.watching.get(said.value.camera));
          state?.watching.delete(said.value.camera);
        }
      });
    });
  };

  const timers = [
    setInterval(() => {
      for (const socket of sockets.keys()) send(socket, { case: 'heartbeat', value: { serverTimeMs: BigInt(Date.now()), quorumAgeMs: BigInt(quorumAgeMs), groups: indexes.map((_, group) => ({ group, leaderAgeMs: 40n, leader: 1n })), models: register.silent(), line: district.line(), drill: drills.now() } });
    }, HEARTBEAT_MS),
    // Units move, and readings come in: several frames a second.
    setInterval(() => {
      const moving = [...scene.units.values()].filter((unit) => unit.status === UnitStatus.EN_ROUTE || random() < 0.08);
      const events = moving.flatMap((unit) => {
        if (unit.position === undefined || unit.status === UnitStatus.OUT_OF_SERVICE) return [];
        const goal = scene.incidents.get(unit.incident)?.place;
        const step = (from: number, to: number | undefined) => (to === undefined ? from + Math.round((random() - 0.5) * 20_000) : from + Math.round((to - from) * 0.01));
        unit.position = create(PlaceSchema, { ...unit.position, latitudeE7: step(unit.position.latitudeE7, goal?.latitudeE7), longitudeE7: step(unit.position.longitudeE7, goal?.longitudeE7) });
        unit.positionAtMs = BigInt(Date.now());
        return [happened(EventKind.UNIT_MOVED, { case: 'unit', value: unit })];
      });
      publish(COMMAND_GROUP, events);
    }, 400),
    setInterval(() => {
      const readings = [...scene.sensors.values()].flatMap((sensor) => {
        if (Date.now() - Number(sensor.lastAtMs) > 600_000 || random() > 0.3) return [];
        sensor.lastMicro += BigInt(Math.round((random() - 0.47) * Math.max(Math.abs(Number(sensor.lastMicro)) * 0.004, sensor.id.startsWith('fire') ? 0 : 5_000)));
        sensor.lastAtMs = BigInt(Date.now());
        return [{ sensor: sensor.id, atMs: sensor.lastAtMs, valueMicro: sensor.lastMicro, status: 1 }];
      });
      publish(FIELD_GROUP, [happened(EventKind.READINGS_RECORDED, { case: 'readings', value: create(ReadingsSchema, { readings }) })]);
    }, 500),
  ];
  const stop = () => {
    timers.forEach(clearInterval);
    for (const socket of sockets.keys()) socket.terminate();
  };
  return { answer, upgrade, stop };
}
