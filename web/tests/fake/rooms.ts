// How the fake node keeps rooms: exercises, scenes, who follows whom, hand-overs, logs.
import { create } from '@bufbuild/protobuf';
import { PlaceSchema } from '../../src/gen/trongdong/v1/common_pb';
import { EventKind, type Event } from '../../src/gen/trongdong/v1/event_pb';
import { IncidentStatus } from '../../src/gen/trongdong/v1/incident_pb';
import { DutyEntrySchema, ExerciseSchema, ShiftNoteSchema, MapViewSchema, RoomSchema, SceneSchema, type Exercise, type ShiftNote, type Room } from '../../src/gen/trongdong/v1/room_pb';
import type { Answer, Input } from './decide';
import type { Scene } from './scene';

type Tell = (kind: EventKind, subject: Event['subject'], note?: string) => void;
const refuse = (code: string, field: string, message: string, status = 409): Answer => ({ status, body: { code, field, message } });
const done = (entity: string, version: bigint): Answer => ({ status: 200, body: { entity, version: Number(version) } });
const now = () => BigInt(Date.now());

export function roomDesk(scene: Scene, tell: Tell) {
  const exercises = new Map<string, Exercise>();
  const rooms = new Map<string, Room>();
  const shiftNotes = new Map<string, ShiftNote>();
  const logs = new Map<string, { number: number; text: string; incident: string | null; corrects: number; at_ms: number; by: string; exercise: boolean }[]>();
  let entries = 9_000;

  const codeOf = (wanted: string) => scene.communes.find(({ label }) => label === wanted)?.code ?? '';

  /** As it stands at the beginning of each test that asks for it. */
  function reset(): void {
    for (const room of [
      create(RoomSchema, { id: 'tinh', name: 'Trung tâm tỉnh', nameEn: 'Provincial centre', version: (rooms.get('tinh')?.version ?? 0n) + 1n }),
      create(RoomSchema, { id: 'pho-yen', name: 'Phòng Phổ Yên', nameEn: 'Pho Yen room', adminUnit: codeOf('Phổ Yên'), version: (rooms.get('pho-yen')?.version ?? 0n) + 1n }),
      create(RoomSchema, { id: 'bach-thong', name: 'Phòng Bạch Thông', nameEn: 'Bach Thong room', adminUnit: codeOf('Bạch Thông'), version: (rooms.get('bach-thong')?.version ?? 0n) + 1n }),
    ]) {
      rooms.set(room.id, room);
      tell(EventKind.ROOM_PUT, { case: 'room', value: room });
    }
    for (const exercise of exercises.values()) if (exercise.endedAtMs === 0n) end(exercise, '');
    for (const it of shiftNotes.values()) {
      if (it.acknowledgedAtMs > 0n) continue;
      Object.assign(it, { acknowledgedAtMs: now(), acknowledgedBy: 'reset' });
      tell(EventKind.SHIFT_NOTE_ACKNOWLEDGED, { case: 'shiftNote', value: it });
    }
    logs.clear();
  }

  function end(exercise: Exercise, note: string): void {
    for (const incident of scene.incidents.values()) {
      // The scene's own one is of a drill that nobody began here.
      if (!incident.exercise || incident.openedAtMs < exercise.startedAtMs || incident.status === IncidentStatus.CLOSED) continue;
      Object.assign(incident, { status: IncidentStatus.CLOSED, closedAtMs: now() });
      incident.version += 1n;
      exercise.closed += 1;
      tell(EventKind.INCIDENT_CLOSED, { case: 'incident', value: incident }, exercise.id);
    }
    Object.assign(exercise, { endedAtMs: now(), note });
    exercise.version += 1n;
    tell(EventKind.EXERCISE_ENDED, { case: 'exercise', value: exercise }, note);
  }

  function ofRoom(room: Room, verb: string, input: Input, by: string): Answer {
    if (verb === 'scene') {
      const wanted = input['scene'] as unknown as { title: string; layers: string[]; incidents: string[]; cameras: string[]; exercise: boolean; place?: { latitude_e7: number; longitude_e7: number; admin_unit: string; address: string } | null; view: { latitude_e7: number; longitude_e7: number; zoom_centi: number } | null } | null;
      room.scene = wanted === null ? undefined : create(SceneSchema, {
        ...wanted, pushedAtMs: now(), pushedBy: by,
        place: wanted.place ? create(PlaceSchema, { latitudeE7: wanted.place.latitude_e7, longitudeE7: wanted.place.longitude_e7, adminUnit: wanted.place.admin_unit, address: wanted.place.address }) : undefined,
        view: wanted.view === null ? undefined : create(MapViewSchema, { latitudeE7: wanted.view.latitude_e7, longitudeE7: wanted.view.longitude_e7, zoomCenti: wanted.view.zoom_centi }),
      });
    } else if (verb === 'follow') {
      const leader = (input['leader'] as string | null) ?? '';
      if (leader === room.id) return refuse('invalid', 'leader', 'is the room itself', 422);
      Object.assign(room, { follows: leader, followedBy: leader === '' ? '' : by, followedAtMs: leader === '' ? 0n : now() });
    } else if (verb === 'shift-notes') {
      entries += 1;
      const it = create(ShiftNoteSchema, {
        id: `H${entries}`, room: room.id, adminUnit: room.adminUnit, note: input['note'], incidents: input['incidents'] as unknown as string[], writtenAtMs: now(), writtenBy: by,
        dueAtMs: now() + BigInt(input['within_ms'] ?? 0), exercise: Boolean(input['exercise']), version: 1n,
      });
      shiftNotes.set(it.id, it);
      tell(EventKind.SHIFT_NOTE_WRITTEN, { case: 'shiftNote', value: it });
      return done(it.id, 1n);
    } else if (verb === 'log') {
      entries += 1;
      if (Number(input['corrects'] ?? 0) >= entries) return refuse('invalid', 'LogDuty.corrects', 'is no entry that is there: name an earlier one, or 0', 422);
      const entry = { number: entries, text: input['text'] ?? '', incident: input['incident'] ?? null, corrects: Number(input['corrects'] ?? 0), at_ms: Date.now(), by, exercise: Boolean(input['exercise']) };
      logs.set(room.id, [...(logs.get(room.id) ?? []), entry]);
      tell(EventKind.DUTY_LOGGED, { case: 'dutyEntry', value: create(DutyEntrySchema, { room: room.id, adminUnit: room.adminUnit, number: BigInt(entry.number), text: entry.text, corrects: BigInt(entry.corrects), atMs: BigInt(entry.at_ms), by, exercise: entry.exercise }) });
      return done(room.id, BigInt(entries));
    } else return refuse('not_found', 'path', 'there is no such command', 404);
    room.version += 1n;
    const kind = verb === 'scene' ? EventKind.SCENE_PUSHED : room.follows === '' ? EventKind.ROOM_LEFT : EventKind.ROOM_FOLLOWED;
    tell(kind, { case: 'room', value: room });
    return done(room.id, room.version);
  }

  return {
    /** Tests: `rooms` sets everything back; `late?of=` lets the time of the newest hand-over be over. */
    control(path: string): object | undefined {
      if (path === '/fake/rooms') reset();
      else if (path === '/fake/late') {
        const it = [...shiftNotes.values()].at(-1);
        if (it === undefined) return {};
        Object.assign(it, { dueAtMs: now() - 60_000n, lateAtMs: now(), told: ['truc-ban'] });
        tell(EventKind.SHIFT_NOTE_LATE, { case: 'shiftNote', value: it });
      } else return undefined;
      return {};
    },
    /** What is asked for. */
    ask(method: string, path: string, query: URLSearchParams): object | undefined {
      const [, id] = /^\/api\/rooms\/([^/]+)\/log$/.exec(path) ?? [];
      if (method !== 'GET' || id === undefined) return undefined;
      const words = (query.get('text') ?? '').toLowerCase();
      const items = (logs.get(id) ?? []).filter((entry) => entry.at_ms >= Number(query.get('from_ms')) && entry.text.toLowerCase().includes(words));
      return { items, truncated: false };
    },
    decide(path: string, input: Input, by: string): Answer | undefined {
      if (path === '/api/exercises') {
        if ([...exercises.values()].some(({ endedAtMs }) => endedAtMs === 0n)) return refuse('wrong_status', 'exercise', 'one is running: end it first');
        const exercise = create(ExerciseSchema, { id: `E${exercises.size + 1}`, name: input['name'], scenario: input['scenario'], startedAtMs: now(), startedBy: by, version: 1n });
        exercises.set(exercise.id, exercise);
        tell(EventKind.EXERCISE_STARTED, { case: 'exercise', value: exercise });
        return done(exercise.id, 1n);
      }
      const ended = exercises.get(/^\/api\/exercises\/([^/]+)\/end$/.exec(path)?.[1] ?? '');
      if (ended !== undefined) {
        end(ended, input['note'] ?? '');
        return done(ended.id, ended.version);
      }
      const left = shiftNotes.get(/^\/api\/shift-notes\/([^/]+)\/acknowledge$/.exec(path)?.[1] ?? '');
      if (left !== undefined) {
        if (left.writtenBy === by) return refuse('forbidden', 'shift_note', 'somebody of the next shift acknowledges it', 403);
        Object.assign(left, { acknowledgedAtMs: now(), acknowledgedBy: by, remark: input['remark'] ?? '' });
        left.version += 1n;
        tell(EventKind.SHIFT_NOTE_ACKNOWLEDGED, { case: 'shiftNote', value: left });
        return done(left.id, left.version);
      }
      const [, id = '', verb = ''] = /^\/api\/rooms\/([^/]+)\/([\w-]+)$/.exec(path) ?? [];
      const room = rooms.get(id);
      return room === undefined ? undefined : ofRoom(room, verb, input, by);
    },
    snapshot: () => ({ exercises: [...exercises.values()], rooms: [...rooms.values()], shiftNotes: [...shiftNotes.values()] }),
  };
}
