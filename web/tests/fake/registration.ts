// What administrators register at the fake node: response units and their hours, run cards, receivers of outgoing notices.
import { clone, create } from '@bufbuild/protobuf';
import { PlaceSchema } from '../../src/gen/trongdong/v1/common_pb';
import { EventKind, type Event } from '../../src/gen/trongdong/v1/event_pb';
import { DutySchema, ShiftSchema, UnitSchema, UnitStatus, type Unit } from '../../src/gen/trongdong/v1/unit_pb';
import type { Answer, Input } from './decide';
import type { Scene } from './scene';

interface Receiver {
  id: string;
  name: string;
  url: string;
  kinds: string[];
  admin_unit: string | null;
  unit?: string | null;
  disabled: boolean;
  newest: number;
  confirmed: number;
  missed: number;
  given_up: { count: number; number: number; reason: string; at_ms: number } | null;
  version: number;
}
interface Card {
  kind: string;
  severity: string;
  needs: { skill: string; count: number }[];
  version: number;
}
/** What is put, on the version that was seen; absent: whichever stands there. */
type Put<T> = Omit<T, 'version'> & { expected_version?: number };
interface Registered {
  id: string;
  name: string;
  agency: string;
  skills: string[];
  station: { latitude_e7: number; longitude_e7: number; admin_unit: string; address: string };
}

const refuse = (code: string, field: string, status = 422): Answer => ({ status, body: { code, field, message: '' } });
/** The refusal of who saw another version than stands there. */
const stale = (seen: number | undefined, version: number, field: string): Answer | undefined => (seen === undefined || seen === version ? undefined : refuse('version_conflict', field, 409));
const done = (entity: string, version: number): Answer => ({ status: 200, body: { entity, version } });

export function registrationDesk(scene: Scene, tell: (kind: EventKind, subject: Event['subject']) => void) {
  const receivers = new Map<string, Receiver>();
  const cards = new Map<string, Card>();
  /** Units as they were before anybody changed them here; undefined: there was none. */
  const former = new Map<string, Unit | undefined>();
  const remember = (id: string) => {
    const unit = scene.units.get(id);
    if (!former.has(id)) former.set(id, unit && clone(UnitSchema, unit));
  };

  function reset(): void {
    for (const [id, unit] of former) {
      if (unit === undefined) scene.units.delete(id);
      else scene.units.set(id, unit);
    }
    former.clear();
    receivers.clear();
    receivers.set('so-y-te', {
      id: 'so-y-te', name: 'Sở Y tế', url: 'https://to:mat-khau@soyte.example.vn/nhan?ma=bi-mat', kinds: ['incident_opened', 'call_offered'], admin_unit: null, disabled: false, newest: 45, confirmed: 42, missed: 7,
      given_up: { count: 2, number: 41, reason: '410 Gone', at_ms: Date.UTC(2026, 10, 23, 1, 5) }, version: 4,
    });
    receivers.set('truc-ban-tinh', { id: 'truc-ban-tinh', name: 'Trực ban tỉnh', url: 'mailto:truc.ban@example.vn', kinds: ['deadline_overdue'], admin_unit: null, disabled: true, newest: 3, confirmed: 3, missed: 0, given_up: null, version: 1 });
    cards.clear();
    cards.set('fire critical', { kind: 'fire', severity: 'critical', needs: [{ skill: 'chữa cháy', count: 3 }, { skill: 'cấp cứu', count: 1 }], version: 1 });
  }
  reset();

  function putUnit(input: Put<Registered>): Answer {
    if (!scene.communes.some(({ code }) => code === input.station.admin_unit)) return refuse('not_found', 'PutUnit.unit.station.admin_unit', 404);
    if (input.agency === 'không có') return refuse('invalid', 'PutUnit.unit.agency');
    const late = stale(input.expected_version, Number(scene.units.get(input.id)?.version ?? 0n), 'PutUnit.unit.version');
    if (late !== undefined) return late;
    remember(input.id);
    const station = create(PlaceSchema, { latitudeE7: input.station.latitude_e7, longitudeE7: input.station.longitude_e7, adminUnit: input.station.admin_unit, address: input.station.address });
    const { id, name, agency, skills } = input;
    const at = BigInt(Date.now());
    const unit = scene.units.get(id) ?? create(UnitSchema, { id, status: UnitStatus.AVAILABLE, statusAtMs: at, position: station, positionAtMs: at });
    Object.assign(unit, { name, agency, skills, station, version: unit.version + 1n });
    scene.units.set(id, unit);
    tell(EventKind.UNIT_PUT, { case: 'unit', value: unit });
    return done(id, Number(unit.version));
  }

  function setHours(id: string, { starts_at_ms, ends_at_ms }: { starts_at_ms: number; ends_at_ms: number }): Answer {
    const unit = scene.units.get(id);
    if (unit === undefined) return refuse('not_found', 'SetUnitShift.unit', 404);
    if (ends_at_ms !== 0 && ends_at_ms <= starts_at_ms) return refuse('invalid', 'SetUnitShift.ends_at_ms');
    remember(id);
    unit.duty ??= create(DutySchema, {});
    unit.duty.shift = ends_at_ms === 0 ? undefined : create(ShiftSchema, { startsAtMs: BigInt(starts_at_ms), endsAtMs: BigInt(ends_at_ms) });
    unit.version += 1n;
    tell(EventKind.UNIT_SHIFT_SET, { case: 'unit', value: unit });
    return done(id, Number(unit.version));
  }

  function putReceiver({ secret: _secret, expected_version, ...input }: Put<Receiver> & { secret?: string }): Answer {
    if (input.url.endsWith('.invalid')) return refuse('invalid', 'PutReceiver.receiver.url');
    if (input.unit != null && !scene.units.has(input.unit)) return refuse('not_found', 'PutReceiver.receiver.unit', 404);
    const known = receivers.get(input.id) ?? { newest: 0, confirmed: 0, missed: 0, given_up: null, version: 0 };
    const { newest, confirmed, missed, given_up, version } = known;
    const late = stale(expected_version, version, 'PutReceiver.receiver.version');
    if (late !== undefined) return late;
    receivers.set(input.id, { ...input, newest, confirmed, missed, given_up, version: version + 1 });
    return done(input.id, newest);
  }

  function putCard({ expected_version, ...card }: Put<Card>): Answer {
    const key = `${card.kind} ${card.severity}`;
    const version = (cards.get(key)?.version ?? 0) + 1;
    const late = stale(expected_version, version - 1, 'PutRunCard.card.version');
    if (late !== undefined) return late;
    if (card.needs.length === 0) cards.delete(key);
    else cards.set(key, { ...card, version });
    return done(key, version);
  }

  return {
    /** Tests: `registration` sets everything back; `registration?touch=` lets somebody else rename that receiver or unit, or change that card ("fire critical"). */
    control(path: string, query: URLSearchParams): object | undefined {
      if (path !== '/fake/registration') return undefined;
      const touched = query.get('touch');
      if (touched === null) reset();
      else {
        const [receiver, card, unit] = [receivers.get(touched), cards.get(touched), scene.units.get(touched)];
        if (receiver !== undefined) {
          receiver.name += ' (mới)';
          receiver.version += 1;
        }
        if (card !== undefined) card.version += 1;
        if (unit !== undefined) {
          remember(touched);
          unit.agency += ' (mới)';
          unit.version += 1n;
          tell(EventKind.UNIT_PUT, { case: 'unit', value: unit });
        }
      }
      return {};
    },
    ask(method: string, path: string, role: string): Answer | undefined {
      if (method !== 'GET') return undefined;
      if (path === '/api/run-cards') return { status: 200, body: [...cards.values()] };
      if (path !== '/api/receivers') return undefined;
      return role === 'admin' ? { status: 200, body: { items: [...receivers.values()], truncated: false } } : refuse('forbidden', '', 403);
    },
    decide(path: string, input: Input): Answer | undefined {
      if (path === '/api/units') return putUnit(input as unknown as Put<Registered>);
      if (path === '/api/receivers') return putReceiver(input as unknown as Put<Receiver>);
      if (path === '/api/run-cards') return putCard(input as unknown as Put<Card>);
      const crew = /^\/api\/units\/([^/]+)\/shift$/.exec(path)?.[1];
      return crew === undefined ? undefined : setHours(decodeURIComponent(crew), input as unknown as { starts_at_ms: number; ends_at_ms: number });
    },
  };
}
