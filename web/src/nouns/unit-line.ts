// What a crew says by radio, as one line: which unit, and at the end what it does now. Pure: units and words are handed in.
import { plain } from '../i18n/search';
import { fitting, type Choice } from './command-line';
import { nextOf } from './crew';
import type { Unit } from './unit';
import { UNIT_STATES, type UnitState } from './unit-state';

/** How crews say it beside the word that the screens have, in both languages. */
const SAID: Readonly<Record<UnitState, string>> = {
  available: 'xong về rảnh trả lệnh từ chối free clear cleared done refuse',
  offered: '',
  accepted: 'nhận lệnh rõ accept copy',
  'en-route': 'lên đường xuất phát đi rolling going',
  staging: 'tập kết',
  'on-scene': 'tới nơi đến nơi tới hiện trường arrived there',
  'out-of-service': 'nghỉ hỏng out off',
};

/** A status as it was said, on top of what the screen showed of the unit. */
export interface Said {
  unit: string;
  status: UnitState;
  expected: UnitState;
  /** Number of the assignment that it was said in; 0: none. */
  assignment: number;
}

/** What a unit can do next: the steps that the cluster lets it go. */
export function stepsOf(status: UnitState): UnitState[] {
  if (status === 'available') return ['out-of-service'];
  return status === 'out-of-service' ? ['available'] : nextOf(status);
}

/** What the line is given of a choice, and gives back. */
export function saidOf(value: string): Said | undefined {
  const parts = value.split(' ');
  const assignment = Number(parts.pop());
  const named = [parts.pop(), parts.pop()].map((name) => UNIT_STATES.find((state) => state === name));
  const [expected, status] = named;
  const unit = parts.join(' ');
  return unit === '' || expected === undefined || status === undefined || !Number.isSafeInteger(assignment) ? undefined : { unit, status, expected, assignment };
}

/** The units that the line begins with by their whole name or id; the longest name is meant. */
function named(units: readonly Unit[], typed: string): Unit[] {
  const line = plain(typed.trim());
  const length = (unit: Unit) =>
    Math.max(0, ...[unit.id, unit.name].map(plain).map((name) => (line === name || line.startsWith(`${name} `) ? name.length : 0)));
  const longest = Math.max(0, ...units.map(length));
  return longest === 0 ? [] : units.filter((unit) => length(unit) === longest);
}

/** What can be said of units for what was typed; those that are on something first. */
export function unitChoices(units: Iterable<Unit>, typed: string, word: (status: UnitState) => string): Choice[] {
  const all = [...units];
  const meant = named(all, typed);
  const isBusy = (unit: Unit) => unit.assignment !== undefined;
  const ranked = (meant.length > 0 ? meant : all).sort((a, b) => Number(isBusy(b)) - Number(isBusy(a)) || (a.name < b.name ? -1 : 1));
  return ranked.flatMap((unit) =>
    fitting(
      stepsOf(unit.status).map((status) => ({
        value: `${unit.id} ${status} ${unit.status} ${unit.assignment?.number ?? 0}`,
        label: `${unit.name} ${word(status)}`,
        also: `${unit.id} ${SAID[status]} ${status}`,
        hint: [word(unit.status), unit.incident, unit.agency].filter((part) => part !== '').join(' · '),
      })),
      typed,
    ),
  );
}

/** Of a line that names one unit and no step of it: that unit and the steps that it has. */
export function stuckUnit(units: Iterable<Unit>, typed: string): { unit: Unit; steps: UnitState[] } | undefined {
  const [unit, ...others] = named([...units], typed);
  return unit === undefined || others.length > 0 ? undefined : { unit, steps: stepsOf(unit.status) };
}
