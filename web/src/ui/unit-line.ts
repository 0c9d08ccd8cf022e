// Units in a command line, the same at every screen that has one: who can be sent to the incident that is followed, and what a crew says.
import { spokenOf, type Choice } from '../nouns/command-line';
import { saidOf, stuckUnit, unitChoices } from '../nouns/unit-line';
import type { UnitState } from '../nouns/unit-state';
import { commands } from '../state/commands.svelte';
import { setUnitStatus } from '../state/orders';
import { picture } from '../state/picture.svelte';
import { recommendation } from '../state/recommendation.svelte';
import { settings } from '../state/settings.svelte';
import { reasonText } from './reason';
import { distanceText } from './words';

const word = (status: UnitState) => settings.t.unit.status[status];

/** Who can be sent: those of the list in its order, then all others that are free. */
function sendable(): Choice[] {
  const made = recommendation.made?.units ?? [];
  const listed = made.filter(({ canSend }) => canSend).map((unit) => ({ value: unit.unit, label: unit.name, also: `${unit.unit} ${unit.agency}`, hint: unit.reasons.map(reasonText).join(', ') }));
  const others = [...picture.units.values()].filter((unit) => unit.status === 'available' && !made.some((known) => known.unit === unit.id));
  return [...listed, ...others.map((unit) => ({ value: unit.id, label: unit.name, also: `${unit.id} ${unit.agency}`, hint: `${unit.agency} · ${distanceText(undefined)}` }))];
}

/** Orders what was chosen of `list`; why it could not be, empty: it was ordered, or is said beside the unit why not. */
function say(value: string): string {
  const said = saidOf(value);
  if (said === undefined) return settings.t.console.line.unknown;
  if (commands.isPending(`unit/${said.unit}`)) return settings.t.command.oneAtATime;
  void setUnitStatus(said);
  return '';
}

/** Why a line that names a unit orders nothing: what that unit can do next. Empty: it names none. */
function explain(line: string): string {
  const spoken = spokenOf(line);
  const stuck = spoken?.verb === 'unit' ? stuckUnit(picture.units.values(), spoken.rest) : undefined;
  return stuck === undefined ? '' : settings.t.console.line.unitNext(stuck.unit.name, word(stuck.unit.status), stuck.steps.map(word).join(', '));
}

export const unitLine = {
  sendable,
  /** What can be said of units, for what was typed. */
  list: (typed: string): Choice[] => unitChoices(picture.units.values(), typed, word),
  say,
  explain,
};
