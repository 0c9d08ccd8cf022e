// What a crew's phone knows: what the centre said last, what was tapped since, and what of it the centre has.
import { kindNamed, type Kind } from './kind';
import { severityNamed, type Severity } from './severity';
import { UNIT_STATES, type UnitState } from './unit-state';
import { fromWire } from './wire';

/** The incident as its crew needs it. */
interface Order {
  incident: string;
  kind: Kind;
  severity: Severity;
  summary: string;
  latitude: number;
  longitude: number;
  address: string;
  exercise: boolean;
  placeIsMapped: boolean;
  /** Call signs of the others on it. */
  others: string[];
  tasks: { number: number; text: string; status: string }[];
}

/** What the centre said of the crew. Times are Unix milliseconds, 0: none. */
export interface Crew {
  unit: string;
  name: string;
  agency: string;
  status: UnitState;
  /** Number of the assignment; 0: none. */
  assignment: number;
  /** Statuses of it that the centre has received. */
  received: UnitState[];
  offerDueAtMs: number;
  checkInDueAtMs: number;
  checkInLevel: number;
  /** On the way: the unit is late from then on. */
  lateAtMs: number;
  /** The crew's last word that the centre has, by the time of its tap. */
  checkedInAtMs: number;
  mayday: boolean;
  /** Where the centre last heard the unit to be, by its own clock; undefined: it never did. */
  position?: { latitude: number; longitude: number; atMs: number };
  order: Order | undefined;
  serverTimeMs: number;
  /** Log index that this is true of. */
  index: number;
}

const DEGREES_PER_E7 = 1e-7;

function unitStateNamed(name: string): UnitState {
  return UNIT_STATES.find((state) => state === fromWire(name)) ?? 'out-of-service';
}

interface RawAssignment {
  number: number;
  steps: { status: string; late_at_ms?: number }[];
  offer_due_at_ms: number;
  check_in_due_at_ms: number;
  checked_in_at_ms: number;
  check_in_level: number;
}
interface RawOrder {
  incident: string;
  kind: string;
  severity: string;
  summary: string;
  place: { latitude_e7: number; longitude_e7: number; address?: string };
  exercise: boolean;
  place_is_mapped: boolean;
  others: string[];
  tasks: { number: number; text: string; status: string }[];
}

/** The crew of the server's JSON. */
export function crewOf(answer: unknown): Crew {
  const raw = answer as {
    unit: {
      id: string;
      name: string;
      agency: string;
      status: string;
      position?: { latitude_e7: number; longitude_e7: number };
      position_at_ms?: number;
      duty?: { assignment: RawAssignment | null; mayday: object | null };
    };
    order: RawOrder | null;
    server_time_ms: number;
    index: number;
  };
  const assignment = raw.unit.duty?.assignment ?? undefined;
  const { position, position_at_ms: heardAtMs = 0 } = raw.unit;
  return {
    unit: raw.unit.id,
    name: raw.unit.name,
    agency: raw.unit.agency,
    status: unitStateNamed(raw.unit.status),
    assignment: assignment?.number ?? 0,
    received: (assignment?.steps ?? []).map((step) => unitStateNamed(step.status)),
    offerDueAtMs: assignment?.offer_due_at_ms ?? 0,
    checkInDueAtMs: assignment?.check_in_due_at_ms ?? 0,
    checkInLevel: assignment?.check_in_level ?? 0,
    lateAtMs: assignment?.steps.at(-1)?.late_at_ms ?? 0,
    checkedInAtMs: assignment?.checked_in_at_ms ?? 0,
    mayday: (raw.unit.duty?.mayday ?? null) !== null,
    ...(position !== undefined && heardAtMs > 0 && { position: { latitude: position.latitude_e7 * DEGREES_PER_E7, longitude: position.longitude_e7 * DEGREES_PER_E7, atMs: heardAtMs } }),
    order: raw.order === null ? undefined : orderOf(raw.order),
    serverTimeMs: raw.server_time_ms,
    index: raw.index,
  };
}

function orderOf(raw: RawOrder): Order {
  return {
    incident: raw.incident,
    kind: kindNamed(raw.kind),
    severity: severityNamed(raw.severity),
    summary: raw.summary,
    latitude: raw.place.latitude_e7 * DEGREES_PER_E7,
    longitude: raw.place.longitude_e7 * DEGREES_PER_E7,
    address: raw.place.address ?? '',
    exercise: raw.exercise,
    placeIsMapped: raw.place_is_mapped,
    others: raw.others,
    tasks: raw.tasks.map(({ number, text, status }) => ({ number, text, status })),
  };
}

/** What a thumb may do next, the main one first. */
export function nextOf(status: UnitState): UnitState[] {
  switch (status) {
    case 'offered':
      return ['accepted', 'available'];
    case 'accepted':
      return ['en-route', 'available'];
    case 'en-route':
      return ['on-scene', 'staging', 'available'];
    case 'staging':
      return ['on-scene', 'available'];
    case 'on-scene':
      return ['available'];
    default:
      return [];
  }
}
