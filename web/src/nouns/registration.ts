// What an administrator registers for dispatch: response units with skills and station, and run cards that say whom to send.
import { KINDS, kindNamed, type Kind } from './kind';
import { expected, isId } from './receiver';
import { SEVERITIES, SEVERITY_NAME, severityNamed, type Severity } from './severity';
import type { Unit } from './unit';
import { toWire } from './wire';

const E7_PER_DEGREE = 1e7;
/** As the cluster has them. */
export const SKILLS_MAX = 32;
export const NEED_UNITS_MAX = 64;

/** A unit as a form has it; a coordinate that is not filled in is null. */
export interface UnitDraft {
  id: string;
  name: string;
  agency: string;
  /** With commas between them. */
  skills: string;
  adminUnit: string;
  address: string;
  latitude: number | null;
  longitude: number | null;
}

export const NEW_UNIT: UnitDraft = { id: '', name: '', agency: '', skills: '', adminUnit: '', address: '', latitude: null, longitude: null };

/** What of a unit a person registers. */
export function unitDraft({ id, name, agency, skills, station }: Unit): UnitDraft {
  const { adminUnit = '', address = '', latitude = null, longitude = null } = station ?? {};
  const shown = (degrees: number | null) => (degrees === null ? null : Math.round(degrees * E7_PER_DEGREE) / E7_PER_DEGREE);
  return { id, name, agency, skills: skills.join(', '), adminUnit, address, latitude: shown(latitude), longitude: shown(longitude) };
}

/** Skills as they were typed, each once. */
export const skillsOf = (text: string): string[] => [...new Set(text.split(',').map((skill) => skill.trim()).filter((skill) => skill !== ''))];

/** As the cluster takes a unit; what it is doing and where it is stay. */
export function unitToWire({ id, name, agency, skills, adminUnit, address, latitude, longitude }: UnitDraft, version: number): object {
  const e7 = (degrees: number | null) => Math.round((degrees ?? 0) * E7_PER_DEGREE);
  const station = { latitude_e7: e7(latitude), longitude_e7: e7(longitude), admin_unit: adminUnit, address: address.trim() };
  return { id: id.trim(), name: name.trim(), agency: agency.trim(), skills: skillsOf(skills), station, ...expected(version) };
}

export type UnitField = 'id' | 'name' | 'skills' | 'station.admin_unit' | 'station.latitude_e7' | 'station.longitude_e7';

/** The first field that lacks or cannot be so; undefined: none. */
export function lackOfUnit(draft: UnitDraft): UnitField | undefined {
  const within = (degrees: number | null, most: number) => degrees !== null && Number.isFinite(degrees) && Math.abs(degrees) <= most;
  if (!isId(draft.id.trim())) return 'id';
  if (draft.name.trim() === '') return 'name';
  if (skillsOf(draft.skills).length > SKILLS_MAX) return 'skills';
  if (draft.adminUnit === '') return 'station.admin_unit';
  if (!within(draft.latitude, 90)) return 'station.latitude_e7';
  return within(draft.longitude, 180) ? undefined : 'station.longitude_e7';
}

/** Units whose name, id or agency holds the text, by id. */
export function unitsMatching(units: Iterable<Unit>, text: string): Unit[] {
  const wanted = text.trim().toLowerCase();
  const holds = (unit: Unit) => [unit.id, unit.name, unit.agency].some((part) => part.toLowerCase().includes(wanted));
  return [...units].filter(holds).sort((one, other) => one.id.localeCompare(other.id, undefined, { numeric: true }));
}

/** As the cluster takes a crew's hours; undefined: always. */
export function hoursToWire(shift: Unit['shift']): { starts_at_ms: number; ends_at_ms: number } {
  return { starts_at_ms: shift?.startsAtMs ?? 0, ends_at_ms: shift?.endsAtMs ?? 0 };
}

/** So many units that can do this. */
export interface SkillNeed {
  skill: string;
  count: number;
}

/** Whom to send to incidents of a kind and level; a recommendation counts by it. */
export interface RunCard {
  kind: Kind;
  severity: Severity;
  needs: SkillNeed[];
  version: number;
}

/** Of `GET /api/run-cards`, in the order of kinds, the worst level first. */
export function runCardsOf(answer: unknown): RunCard[] {
  const all = (answer as { kind: string; severity: string; needs: SkillNeed[]; version: number }[]).map(({ kind, severity, needs, version }) => ({
    kind: kindNamed(kind), severity: severityNamed(severity), needs: needs.map(({ skill, count }) => ({ skill, count })), version,
  }));
  return all.sort((one, other) => KINDS.indexOf(one.kind) - KINDS.indexOf(other.kind) || SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity));
}

/** As the cluster takes a card on the version that stands there; without needs it goes. */
export function runCardToWire({ kind, severity, needs, version }: RunCard): object {
  return { kind: toWire(kind), severity: SEVERITY_NAME[severity], needs: needs.map(({ skill, count }) => ({ skill: skill.trim(), count })), ...expected(version) };
}

/** What is wrong with the needs of a card, and with which, counted from 1; undefined: nothing. */
export function lackOfNeeds(needs: readonly SkillNeed[]): { what: 'none' | 'skill' | 'count' | 'twice'; row: number } | undefined {
  if (needs.length === 0) return { what: 'none', row: 0 };
  const skills = needs.map(({ skill }) => skill.trim());
  for (const [index, { count }] of needs.entries()) {
    const row = index + 1;
    if (skills[index] === '') return { what: 'skill', row };
    if (!Number.isInteger(count) || count < 1 || count > NEED_UNITS_MAX) return { what: 'count', row };
    if (skills.indexOf(skills[index] ?? '') !== index) return { what: 'twice', row };
  }
  return undefined;
}

/** Skills that a card asks for and no unit has. */
export function skillsNobodyHas(needs: readonly SkillNeed[], units: Iterable<Unit>): string[] {
  const known = new Set([...units].flatMap(({ skills }) => skills));
  return needs.map(({ skill }) => skill.trim()).filter((skill) => skill !== '' && !known.has(skill));
}
