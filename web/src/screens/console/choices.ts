// What the command line can name at the moment, and what a named thing writes into the form.
import type { Alike } from '../../nouns/alike';
import { callbacksDue, spokenNumber } from '../../nouns/call';
import { fitting, type Choice, type Choices, type Verb } from '../../nouns/command-line';
import type { Draft } from '../../nouns/draft';
import { rankIncidents, type Incident } from '../../nouns/incident';
import { KINDS, type Kind } from '../../nouns/kind';
import { SEVERITIES, SEVERITY_NAME, type Severity } from '../../nouns/severity';
import { takeCallback } from '../../state/call-orders';
import type { Saved } from '../../state/console.svelte';
import { places } from '../../state/gazetteer.svelte';
import { picture } from '../../state/picture.svelte';
import { settings } from '../../state/settings.svelte';
import { unitLine } from '../../ui/unit-line';
import { incidentTitle, placeText } from '../../ui/words';

const PLACES_MAX = 9;
/** Lines that a call can be handed to: other services, and our own. */
const LINES: readonly (readonly [string, string])[] = [
  ['115', 'cấp cứu ambulance'], ['114', 'cứu hỏa chữa cháy fire'], ['113', 'công an police'], ['112', 'tìm kiếm cứu nạn rescue'], ['111', 'trẻ em child'], ['1022', 'tổng đài hotline'],
];

interface At {
  alike: readonly Alike[];
  saved: Saved | undefined;
  incident: Incident | undefined;
}

export interface LineChoices {
  list: Choices;
  /** What is said of units. */
  line: typeof unitLine;
  /** What a kind, a level or a place writes into the form. */
  field: (verb: 'kind' | 'severity' | 'place', value: string) => Partial<Draft>;
  /** Calls back this one, or the one that waits longest; false: nobody waits. */
  callback: (value: string) => boolean;
}

/** The choices as things stand. */
export function choicesOf({ alike, saved, incident }: At): LineChoices {
  const { t } = settings;
  const kinds = (): Choice[] => KINDS.map((kind) => ({ value: kind, label: t.incident.kind[kind], also: kind }));
  const levels = (): Choice[] => SEVERITIES.map((level) => ({ value: String(level), label: `${level} ${t.severity[level]}`, also: SEVERITY_NAME[level] }));
  const spots = (typed: string): Choice[] =>
    places.gazetteer.search(typed, PLACES_MAX).map((spot) => ({ value: `${spot.adminUnit} ${spot.as}`, label: spot.as === '' ? spot.commune : `${spot.as} · ${spot.commune}`, hint: '' }));
  const mergeable = (): Choice[] => {
    const first = alike.map((one) => one.incident);
    const rest = rankIncidents(picture.incidents.values()).filter((other) => !first.includes(other));
    return [...first, ...rest].map((other) => ({ value: other.id, label: other.id, also: `${incidentTitle(other)} ${placeText(other.place)}`, hint: `${incidentTitle(other)} · ${placeText(other.place)}` }));
  };
  const units = (): Choice[] => (saved === undefined || incident === undefined ? [] : unitLine.sendable());
  const callbacks = (): Choice[] =>
    callbacksDue(picture.calls.values()).map((call) => ({ value: call.id, label: call.number === '' ? call.id : spokenNumber(call.number), also: `${call.id} ${call.number}`, hint: call.id }));
  const ends = (): Choice[] => [{ value: 'false_call', label: t.console.call.falseCall, also: 'false', hint: '' }];
  const lines = (): Choice[] => LINES.map(([line, also]) => ({ value: line, label: line, also, hint: also }));
  const of: Partial<Record<Verb, () => Choice[]>> = { kind: kinds, severity: levels, merge: mergeable, dispatch: units, callback: callbacks, end: ends, transfer: lines };

  return {
    line: unitLine,
    list: (verb, typed) => (verb === 'place' ? spots(typed) : verb === 'unit' ? unitLine.list(typed) : fitting(of[verb]?.() ?? [], typed)),
    field: (verb, value) => {
      if (verb === 'kind') return { kind: value as Kind };
      if (verb === 'severity') return { severity: Number(value) as Severity };
      const [adminUnit = '', ...as] = value.split(' ');
      const spot = places.gazetteer.named(adminUnit, as.join(' '));
      const label = spot === undefined ? '' : spot.as === '' ? spot.commune : `${spot.as} · ${spot.commune}`;
      return spot === undefined ? {} : { place: { adminUnit, label, latitude: spot.latitude, longitude: spot.longitude, isRough: true } };
    },
    callback: (value) => {
      const call = picture.calls.get(value) ?? callbacksDue(picture.calls.values())[0];
      if (call?.state !== 'callback') return false;
      void takeCallback(call);
      return true;
    },
  };
}
