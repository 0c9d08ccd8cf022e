// How records are put into words on all screens.
import type { District } from '../link/messages';
import type { Alarm } from '../nouns/alarm';
import { findingText } from '../nouns/finding';
import { isWaiting, leader, type Handover } from '../nouns/handover';
import type { Incident } from '../nouns/incident';
import type { Place } from '../nouns/place';
import type { Room } from '../nouns/room';
import { unitSign, type Sensor } from '../nouns/sensor';
import { clock } from '../state/clock.svelte';
import { picture } from '../state/picture.svelte';
import { roomDesk } from '../state/room.svelte';
import { settings } from '../state/settings.svelte';

export { distanceText } from './distance';

/** Conditions whose value is a measurement. */
const MEASURED: readonly string[] = ['high', 'low', 'rate'];

/** The name of what an alarm is about, and what is wrong with it. */
export function alarmTitle(alarm: Alarm): string {
  const name =
    picture.sensors.get(alarm.entity)?.name ??
    picture.cameras.get(alarm.entity)?.name ??
    picture.districts.get(alarm.entity)?.name ??
    alarm.entity;
  return `${name}: ${conditionText(alarm)}`;
}

/** What is wrong: a condition's name; of a forecast the limit that will be passed. */
function conditionText({ condition, finding }: Alarm): string {
  const named = (name: string) => settings.t.alarm.condition[name] ?? name;
  return finding?.about === 'passing' ? settings.t.models.finding.forecast(named(finding.condition)) : named(condition);
}

/** What a model found of it, in words; empty for other alarms. */
export function alarmFinding(alarm: Alarm, brief = false): string {
  return alarm.finding === undefined ? '' : findingText(alarm.finding, clock.slowMs, settings.t.models.finding, brief);
}

/** "27,82 m · ngưỡng 27,00 m", of a forecast "25,10 m · sau khoảng 3 giờ …", brief "27,82 / 27,00 m", or nothing where nothing was measured. */
export function alarmReading(alarm: Alarm, brief = false): string {
  const sensor = picture.sensors.get(alarm.entity);
  if (alarm.finding !== undefined) {
    const value = sensor === undefined ? '' : `${measure(alarm.value, sensor)} · `;
    return `${value}${alarmFinding(alarm, brief)}`;
  }
  const measured = MEASURED.includes(alarm.condition) || alarm.condition.startsWith('level');
  if (sensor === undefined || !measured) return '';
  // A rate's limit is in units per minute and does not compare with the value.
  if (alarm.condition === 'rate') return measure(alarm.value, sensor);
  if (brief) return `${digits(alarm.value, sensor)} / ${measure(alarm.limit, sensor)}`;
  return `${measure(alarm.value, sensor)} · ${settings.t.alarm.limit(measure(alarm.limit, sensor))}`;
}

/** A value with the sensor's sign. */
export function measure(value: number, sensor: Sensor): string {
  return `${digits(value, sensor)} ${unitSign(sensor.unitOfMeasure)}`.trim();
}

/** A value as the sensor's unit deserves: water levels are read to the centimetre. */
export function digits(value: number, sensor: Sensor): string {
  return sensor.unitOfMeasure === 'm' ? settings.format.fine(value) : settings.format.value(value);
}

/** Street and commune. */
export function placeText(place: Place | undefined): string {
  if (place === undefined) return settings.t.common.noPlace;
  const commune = picture.communeName(place.adminUnit);
  return place.address === '' ? commune : commune === '' ? place.address : `${place.address}, ${commune}`;
}

/** The incident's own words, or its kind where there are none. */
export function incidentTitle(incident: Incident): string {
  return incident.summary || settings.t.incident.kind[incident.kind];
}

/** Its number, with the mark of what is played: where only words can stand. */
export function markedId(incident: Pick<Incident, 'id' | 'exercise'>): string {
  return incident.exercise ? `${incident.id} · ${settings.t.incident.exercise}` : incident.id;
}

/** What the whole room may read of it: of a kind that this screen is discreet about its kind alone, and that there is more. */
export function roomTitle(incident: Incident): string {
  if (!settings.discreet.includes(incident.kind)) return incidentTitle(incident);
  return `${settings.t.incident.kind[incident.kind]} · ${settings.t.parts.discreet}`;
}

/** Where it is, as far as the whole room may read it: of a discreet one the commune alone. */
export function roomPlace({ kind, place }: Incident): string {
  return settings.discreet.includes(kind) && place !== undefined ? picture.communeName(place.adminUnit) : placeText(place);
}

/** A room in the reader's language. */
export function roomName(room: Room): string {
  return settings.language === 'en' && room.nameEn !== '' ? room.nameEn : room.name;
}

/** A district's name in the reader's language. */
export function districtName({ name, nameEn }: District): string {
  return settings.language === 'en' && nameEn !== '' ? nameEn : name;
}

/** Who the other side of a hand-over is; of a room of ours its name in the reader's language. */
export function partyName({ room, partyName: name }: Handover): string {
  const known = picture.rooms.get(room);
  return known === undefined ? name : roomName(known);
}

/** Whether it is offered to the room that this screen stands in. */
export const isToHere = ({ room }: Handover): boolean => room !== '' && room === roomDesk.mine;

/** Who leads an incident, as whoever sits at this screen would say it. */
export function leadText({ handovers }: Incident): string {
  const t = settings.t.warning.handover;
  const leads = leader(handovers);
  if (leads === undefined) return handovers.some((it) => it.lead && isWaiting(it) && isToHere(it)) ? t.notYet : t.ours;
  return isToHere(leads) ? t.here : t.theirs(leads.takenBy || partyName(leads));
}

/** What a list says of an incident that is offered, or led elsewhere; empty: neither. */
export function handoverMark(incident: Incident): string {
  const t = settings.t.warning.handover;
  const waits = incident.handovers.findLast(isWaiting);
  const parts = [waits === undefined ? '' : `${t.heading}: ${t.state[waits.state]}`, leader(incident.handovers) === undefined ? '' : leadText(incident)];
  return parts.filter((part) => part !== '').join(' · ');
}
