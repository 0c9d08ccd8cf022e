// Wire records become domain records here, once, on their way from the worker to the page.
import { EventKind, type Event } from '../gen/trongdong/v1/event_pb';
import type { Unit as UnitWire } from '../gen/trongdong/v1/unit_pb';
import { alarmId, alarmOf } from '../nouns/alarm';
import { agentOf, callDeskOf, callOf } from '../nouns/call';
import { cameraOf } from '../nouns/camera';
import { exerciseOf } from '../nouns/exercise';
import { incidentOf } from '../nouns/incident';
import { instructionOf } from '../nouns/instruction';
import { noticeOf } from '../nouns/load';
import { modelOf, tallyOf } from '../nouns/model';
import { shiftNoteOf, roomOf } from '../nouns/room';
import { sensorOf } from '../nouns/sensor';
import { unitOf } from '../nouns/unit';
import { waitingOf } from '../nouns/waiting';
import type { Change, Happening } from './messages';
import type { Delta } from './picture';

/** The page's form of what a fold changed. */
export function changeOf(delta: Delta): Change {
  return {
    incidents: [...delta.put.incident.values()].map(incidentOf),
    instructions: [...delta.put.instruction.values()].map(instructionOf),
    alarms: [...delta.put.alarm.values()].map(alarmOf),
    units: [...delta.put.unit.values()].map(unitOf),
    sensors: [...delta.put.sensor.values()].map(sensorOf),
    cameras: [...delta.put.camera.values()].map(cameraOf),
    models: [...delta.put.model.values()].map(modelOf),
    tallies: [...delta.put.tally.values()].map(tallyOf),
    districts: [...delta.put.district.values()].map(({ id, name, nameEn, adminUnits, load }) => ({
      id,
      name,
      nameEn,
      adminUnits: [...adminUnits],
      load: noticeOf(load),
    })),
    adminUnits: [...delta.put.admin_unit.values()].map(({ code, name, nameEn, parent, aliases, validUntilMs }) => ({
      code,
      name,
      nameEn,
      parent,
      aliases: [...aliases],
      isFormer: validUntilMs > 0n,
    })),
    calls: [...delta.put.call.values()].map(callOf),
    agents: [...delta.put.agent.values()].map(agentOf),
    callDesk: [...delta.put.call_desk.values()].map(callDeskOf).at(-1),
    exercises: [...delta.put.exercise.values()].map(exerciseOf),
    rooms: [...delta.put.room.values()].map(roomOf),
    shiftNotes: [...delta.put.shift_note.values()].map(shiftNoteOf),
    waitingReports: [...delta.put.report.values()].map(waitingOf),
    removed: [...delta.removed],
    happenings: delta.events.map(happeningOf),
  };
}

function happeningOf(event: Event): Happening {
  const subject = event.subject;
  return {
    kind: (EventKind[event.kind] ?? 'unspecified').toLowerCase(),
    subject: subjectOf(subject),
    by: event.by,
    note: event.note,
    atMs: Number(event.atMs),
    ...(subject.case === 'unit' && { unit: doingOf(subject.value) }),
  };
}

/** What a unit did, as a line of a timeline says it. */
function doingOf(wire: UnitWire): Happening['unit'] {
  const { id, status, statusAtMs } = unitOf(wire);
  return { id, status, statusAtMs };
}

/** What the happening belongs to: an instruction's and a unit's are told with the incident that they serve, a log's entry with its room. */
function subjectOf(subject: Event['subject']): string {
  if (subject.case === 'incident') return subject.value.id;
  if (subject.case === 'instruction' || subject.case === 'unit') return subject.value.incident;
  if (subject.case === 'dutyEntry') return `room/${subject.value.room}`;
  return subject.case === 'alarm' ? alarmId(subject.value.key) : '';
}
