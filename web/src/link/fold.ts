// The one place where what comes over the wire becomes state. No clock, no socket, no widget: the same messages in the
// same order give the same picture on every screen.
import { alarmId } from '../nouns/alarm';
import { tallyId } from '../nouns/model';
import { CallStatus, type Call } from '../gen/trongdong/v1/call_pb';
import { EventKind, type Event } from '../gen/trongdong/v1/event_pb';
import type { Model } from '../gen/trongdong/v1/model_pb';
import { WaitReason } from '../gen/trongdong/v1/report_pb';
import type { Frame, Snapshot, ToScreen } from '../gen/trongdong/v1/screen_pb';
import { DeviceStatus, type Reading, type Readings } from '../gen/trongdong/v1/sensor_pb';
import { CALL_DESK, emptyGroup, NOUNS, type Delta, type GroupPicture, type Noun, type Picture, type Records } from './picture';
import { GROUPS, notAfter, samePosition } from './position';

/** Calls of one picture: the last hour's of a full day and some. At the bound the oldest that are over leave, so many at once. */
export const CALLS_MAX = 4_096;
const CALLS_LEAVE = 1_024;
/** Nobody owes the caller anything any more. */
const OVER: readonly CallStatus[] = [CallStatus.ENDED, CallStatus.ABANDONED, CallStatus.TRANSFERRED];

/** What the caller has to do after a fold. */
export interface Folded {
  picture: Picture;
  /** A gap or a broken message voided a group: subscribe again with the positions that are left. */
  resubscribe: boolean;
}

/**
 * Folds one message into the picture and notes in `delta` what changed.
 *
 * The picture handed in is taken over: it is changed in place and given back, because a province's tables are too large
 * to copy for every frame. A frame is taken only when it continues the group's place exactly. A frame at or before that
 * place is a double and changes nothing; any other is a gap, which voids the group's place until a snapshot replaces it
 * (its records stay on the screen until then: old and marked is better than empty).
 */
export function fold(picture: Picture, message: ToScreen, delta: Delta): Folded {
  switch (message.body.case) {
    case 'snapshot':
      return { picture, resubscribe: !foldSnapshot(picture, message.body.value, delta) };
    case 'frame':
      return { picture, resubscribe: !foldFrame(picture, message.body.value, delta) };
    case 'reset': {
      const index = message.body.value.group;
      const group = picture.groups[index];
      if (group !== undefined) {
        picture.counters.resets += 1;
        removeAll(group, delta);
        picture.groups[index] = emptyGroup();
      }
      return { picture, resubscribe: false };
    }
    default:
      return { picture, resubscribe: false };
  }
}

/** Takes one part; false when the parts do not follow each other, which voids the group. */
function foldSnapshot(picture: Picture, snapshot: Snapshot, delta: Delta): boolean {
  const through = snapshot.through;
  const held = through === undefined ? undefined : picture.groups[through.group];
  if (through === undefined || held === undefined) return false;

  if (snapshot.part === 0) {
    removeAll(held, delta);
    picture.groups[through.group] = { ...emptyGroup(), building: through };
  }
  const group = picture.groups[through.group] ?? held;
  if (group.building === undefined || snapshot.part !== group.nextPart || !samePosition(group.building, through)) {
    picture.counters.gaps += 1;
    group.through = undefined;
    group.building = undefined;
    group.nextPart = 0;
    return false;
  }
  for (const record of snapshot.adminUnits) put(group, delta, 'admin_unit', record.code, record);
  for (const record of snapshot.districts) put(group, delta, 'district', record.id, record);
  for (const record of snapshot.units) put(group, delta, 'unit', record.id, record);
  for (const record of snapshot.incidents) put(group, delta, 'incident', record.id, record);
  for (const record of snapshot.instructions) put(group, delta, 'instruction', record.id, record);
  for (const record of snapshot.sensors) put(group, delta, 'sensor', record.id, record);
  for (const record of snapshot.cameras) put(group, delta, 'camera', record.id, record);
  for (const record of snapshot.alarms) put(group, delta, 'alarm', alarmId(record.key), record);
  for (const record of snapshot.models) put(group, delta, 'model', record.name, record);
  for (const record of snapshot.tallies) put(group, delta, 'tally', tallyId(record), record);
  for (const record of snapshot.calls) put(group, delta, 'call', record.id, record);
  for (const record of snapshot.agents) put(group, delta, 'agent', record.person, record);
  for (const record of snapshot.exercises) put(group, delta, 'exercise', record.id, record);
  for (const record of snapshot.rooms) put(group, delta, 'room', record.id, record);
  for (const record of snapshot.shiftNotes) put(group, delta, 'shift_note', record.id, record);
  for (const record of snapshot.waitingReports) put(group, delta, 'report', record.code, record);
  if (snapshot.callDesk !== undefined) put(group, delta, 'call_desk', CALL_DESK, snapshot.callDesk);
  if (snapshot.liveNodes !== undefined) group.liveNodes = snapshot.liveNodes;
  group.nextPart += 1;
  if (snapshot.last) {
    group.through = through;
    group.atMs = Number(snapshot.atMs);
    group.building = undefined;
    group.nextPart = 0;
    picture.counters.snapshots += 1;
  }
  return true;
}

/** Takes, drops as double, or refuses (false: a gap) one frame. */
function foldFrame(picture: Picture, frame: Frame, delta: Delta): boolean {
  const { from, through } = frame;
  if (from === undefined || through === undefined || from.group >= GROUPS || from.group !== through.group) {
    picture.counters.gaps += 1;
    return false;
  }
  const group = picture.groups[from.group];
  // Before the snapshot is complete there is no place to continue from: the frame belongs to what it will replace.
  if (group?.through === undefined) return true;
  if (!samePosition(from, group.through)) {
    if (notAfter(through, group.through)) {
      picture.counters.doubles += 1;
      return true;
    }
    picture.counters.gaps += 1;
    group.through = undefined;
    return false;
  }
  for (const event of frame.events) foldEvent(group, event, delta);
  for (const gone of frame.withdrawn) withdraw(group, gone, delta);
  picture.counters.applied += frame.events.length;
  group.through = through;
  group.atMs = Number(frame.atMs);
  return true;
}

/** Replaces the event's subject: it is the whole record as it stands after the event. */
function foldEvent(group: GroupPicture, event: Event, delta: Delta): void {
  const subject = event.subject;
  switch (subject.case) {
    case 'adminUnit':
      return put(group, delta, 'admin_unit', subject.value.code, subject.value);
    case 'district':
      return put(group, delta, 'district', subject.value.id, subject.value);
    case 'unit':
      // What a unit did in an incident is a line of its course; that it moved is not.
      if (subject.value.incident !== '' && event.kind !== EventKind.UNIT_MOVED) delta.events.push(event);
      return put(group, delta, 'unit', subject.value.id, subject.value);
    case 'incident':
      delta.events.push(event);
      delta.urgent = true;
      return put(group, delta, 'incident', subject.value.id, subject.value);
    case 'instruction':
      if (subject.value.incident !== '') delta.events.push(event);
      delta.urgent = true;
      return put(group, delta, 'instruction', subject.value.id, subject.value);
    case 'sensor':
      return put(group, delta, 'sensor', subject.value.id, subject.value);
    case 'camera':
      return put(group, delta, 'camera', subject.value.id, subject.value);
    case 'alarm':
      delta.events.push(event);
      delta.urgent = true;
      return put(group, delta, 'alarm', alarmId(subject.value.key), subject.value);
    case 'model':
      return foldModel(group, subject.value, delta);
    case 'tally':
      return put(group, delta, 'tally', tallyId(subject.value), subject.value);
    case 'call':
      // Somebody is on the line: it is painted with the next frame.
      delta.urgent = true;
      return foldCall(group, subject.value, delta);
    case 'agent':
      delta.urgent = true;
      return put(group, delta, 'agent', subject.value.person, subject.value);
    case 'callDesk':
      return put(group, delta, 'call_desk', CALL_DESK, subject.value);
    case 'exercise':
      delta.urgent = true;
      return put(group, delta, 'exercise', subject.value.id, subject.value);
    case 'room':
      // Somebody leads: those who follow see it with the next frame.
      delta.urgent = true;
      return put(group, delta, 'room', subject.value.id, subject.value);
    case 'shiftNote':
      delta.urgent = true;
      return put(group, delta, 'shift_note', subject.value.id, subject.value);
    case 'waitingReport':
      // Somebody waits for an answer: it is painted with the next frame. What waits no more is told once, and forgotten.
      delta.urgent = true;
      if (subject.value.why === WaitReason.SETTLED) return remove(group, delta, 'report', subject.value.code);
      return put(group, delta, 'report', subject.value.code, subject.value);
    case 'dutyEntry':
      // A room's log is not kept here: whoever shows it asks for it, and hears of what is new.
      delta.events.push(event);
      return;
    case 'readings':
      return foldReadings(group, subject.value, event.atMs, delta);
    case 'liveNodes':
      group.liveNodes = subject.value;
      return;
    default:
      return;
  }
}

/** A screen that stays open for days holds no more calls than it can go through with each frame; the centre's list has them all. */
function foldCall(group: GroupPicture, call: Call, delta: Delta): void {
  put(group, delta, 'call', call.id, call);
  if (group.tables.call.size <= CALLS_MAX) return;
  let leaving = CALLS_LEAVE;
  // Those that came first stand first.
  for (const [id, { status }] of group.tables.call) {
    if (leaving === 0) return;
    if (!OVER.includes(status)) continue;
    remove(group, delta, 'call', id);
    leaving -= 1;
  }
}

/** A model names its versions; one that has left takes its tally with it. */
function foldModel(group: GroupPicture, model: Model, delta: Delta): void {
  put(group, delta, 'model', model.name, model);
  for (const [id, tally] of [...group.tables.tally]) {
    const left = tally.model === model.name && !model.versions.some(({ version }) => version === tally.version);
    if (left) remove(group, delta, 'tally', id);
  }
}

function foldReadings(group: GroupPicture, readings: Readings, recordedAtMs: bigint, delta: Delta): void {
  for (const reading of readings.readings) {
    const sensor = group.tables.sensor.get(reading.sensor);
    if (sensor === undefined || !isNews(sensor.lastAtMs, reading)) continue;
    put(group, delta, 'sensor', sensor.id, {
      ...sensor,
      status: reading.status === DeviceStatus.UNSPECIFIED ? sensor.status : reading.status,
      lastAtMs: reading.atMs,
      lastMicro: reading.valueMicro,
      lastRecordedAtMs: recordedAtMs,
    });
  }
}

/** A reading that comes late fills the history, but the newest device time is what a sensor shows. */
function isNews(lastAtMs: bigint, reading: Reading): boolean {
  return reading.atMs > lastAtMs;
}

function put<N extends Noun>(group: GroupPicture, delta: Delta, noun: N, id: string, record: Records[N]): void {
  (group.tables[noun] as Map<string, Records[N]>).set(id, record);
  (delta.put[noun] as Map<string, Records[N]>).set(id, record);
  delta.removed.delete(`${noun}/${id}`);
}

function remove(group: GroupPicture, delta: Delta, noun: Noun, id: string): void {
  if (!group.tables[noun].delete(id)) return;
  delta.put[noun].delete(id);
  delta.removed.add(`${noun}/${id}`);
}

/** `gone` is "noun/id"; an alarm's id has a slash of its own. */
function withdraw(group: GroupPicture, gone: string, delta: Delta): void {
  const slash = gone.indexOf('/');
  const noun = NOUNS.find((known) => known === gone.slice(0, slash));
  if (noun !== undefined) remove(group, delta, noun, gone.slice(slash + 1));
}

function removeAll(group: GroupPicture, delta: Delta): void {
  for (const noun of NOUNS) for (const id of [...group.tables[noun].keys()]) remove(group, delta, noun, id);
}
