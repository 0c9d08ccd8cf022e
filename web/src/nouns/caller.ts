// Who calls, as the centre knows them by their number: calls and reports of before, and where they last were.
import { draftOf, type Draft } from './draft';
import { placeOf, type Place } from './place';
import { fromWire } from './wire';

/** An earlier call of the number. Times are Unix milliseconds. */
export interface EarlierCall {
  id: string;
  line: string;
  offeredAtMs: number;
  outcome: string;
  agent: string;
}

/** What the number told before. */
export interface EarlierReport {
  code: string;
  status: string;
  text: string;
  address: string;
  adminUnit: string;
  receivedAtMs: number;
  incident: string;
  exercise: boolean;
}

/** The pop of a call. */
export interface Caller {
  call: string;
  /** As they said it; empty: not known. */
  name: string;
  callsTotal: number;
  calls: EarlierCall[];
  reports: EarlierReport[];
  /** Where they are or last were; undefined: not known. */
  place: Place | undefined;
  placeAtMs: number;
  /** Open incidents near there, with metres. */
  incidents: { id: string; metres: number }[];
  /** What an earlier desk, or this one before it died, wrote of this call. */
  draft: Draft | undefined;
}

interface RawPlace {
  latitude_e7: number;
  longitude_e7: number;
  admin_unit: string;
  address?: string;
}
interface RawCaller {
  draft: { seq: number; form: unknown } | null;
  /** Absent: a node of an older release. */
  name?: string;
  calls_total: number;
  calls: { id: string; line: string; offered_at_ms: number; outcome: string | null; agent: string | null }[];
  reports: { code: string; status: string; text: string; place: RawPlace | null; received_at_ms: number; incident: string | null; exercise?: boolean }[];
  place: RawPlace | null;
  place_at_ms: number;
  incidents: { incident: { id: string }; distance_m: number }[];
}

function placeOfJson(raw: RawPlace | null): Place | undefined {
  return raw === null ? undefined : placeOf({ latitudeE7: raw.latitude_e7, longitudeE7: raw.longitude_e7, adminUnit: raw.admin_unit, address: raw.address ?? '' });
}

/** The caller of the server's JSON. */
export function callerOf(answer: unknown, call: string): Caller {
  const raw = answer as RawCaller;
  return {
    call,
    name: raw.name ?? '',
    callsTotal: raw.calls_total,
    calls: raw.calls.map(({ id, line, offered_at_ms, outcome, agent }) => ({ id, line, offeredAtMs: offered_at_ms, outcome: fromWire(outcome ?? ''), agent: agent ?? '' })),
    reports: raw.reports.map(({ code, status, text, place, received_at_ms, incident, exercise = false }) => ({
      code,
      status,
      text,
      address: place?.address ?? '',
      adminUnit: place?.admin_unit ?? '',
      receivedAtMs: received_at_ms,
      incident: incident ?? '',
      exercise,
    })),
    place: placeOfJson(raw.place),
    placeAtMs: raw.place_at_ms,
    incidents: raw.incidents.map(({ incident, distance_m }) => ({ id: incident.id, metres: distance_m })),
    draft: raw.draft === null || raw.draft.form === null ? undefined : { ...draftOf(raw.draft.form, call), seq: raw.draft.seq },
  };
}
