// What a screen holds of the server's state, as it came over the wire. Only the fold changes it.
import type { AdminUnit, District } from '../gen/trongdong/v1/admin_unit_pb';
import type { Alarm } from '../gen/trongdong/v1/alarm_pb';
import type { Agent, Call, CallDesk } from '../gen/trongdong/v1/call_pb';
import type { Camera } from '../gen/trongdong/v1/camera_pb';
import type { Event, LiveNodes, Position } from '../gen/trongdong/v1/event_pb';
import type { Incident } from '../gen/trongdong/v1/incident_pb';
import type { Instruction } from '../gen/trongdong/v1/instruction_pb';
import type { Model, Tally } from '../gen/trongdong/v1/model_pb';
import type { WaitingReport } from '../gen/trongdong/v1/report_pb';
import type { Exercise, ShiftNote, Room } from '../gen/trongdong/v1/room_pb';
import type { Sensor } from '../gen/trongdong/v1/sensor_pb';
import type { Unit } from '../gen/trongdong/v1/unit_pb';
import { GROUPS } from './position';

/** The record of each noun. */
export interface Records {
  admin_unit: AdminUnit;
  district: District;
  unit: Unit;
  incident: Incident;
  instruction: Instruction;
  sensor: Sensor;
  camera: Camera;
  alarm: Alarm;
  model: Model;
  tally: Tally;
  call: Call;
  agent: Agent;
  /** One record, under CALL_DESK. */
  call_desk: CallDesk;
  exercise: Exercise;
  room: Room;
  shift_note: ShiftNote;
  /** Only while it waits for a person. */
  report: WaitingReport;
}
export type Noun = keyof Records;
export const NOUNS: readonly Noun[] = [
  'admin_unit', 'district', 'unit', 'incident', 'instruction', 'sensor', 'camera', 'alarm', 'model', 'tally', 'call', 'agent', 'call_desk',
  'exercise', 'room', 'shift_note', 'report',
];

/** Key of the one record of the call desk. */
export const CALL_DESK = 'desk';

export type Tables = { [N in Noun]: Map<string, Records[N]> };

/** One group's part of the picture. */
export interface GroupPicture {
  /** Where the records stand. Undefined until a snapshot is complete: only then can frames be taken. */
  through: Position | undefined;
  /** State's clock at `through`, Unix milliseconds. */
  atMs: number;
  /** The part that the snapshot under way must bring next; 0 when none is under way. */
  nextPart: number;
  /** The snapshot's place, which all its parts share. */
  building: Position | undefined;
  tables: Tables;
  liveNodes: LiveNodes | undefined;
}

/** Counters since the page was opened. Gaps and doubles are 0 on a healthy line. */
export interface Counters {
  gaps: number;
  doubles: number;
  resets: number;
  snapshots: number;
  /** Events folded in, snapshot records not among them. */
  applied: number;
}

/** The whole picture. Invariant: a record of a group is in that group's tables and in no other's. */
export interface Picture {
  groups: GroupPicture[];
  counters: Counters;
}

/** What one or several messages changed, for whoever shows it. */
export interface Delta {
  put: { [N in Noun]: Map<string, Records[N]> };
  /** "noun/id" */
  removed: Set<string>;
  /** Events of alarms and incidents, in order; readings and movements are in `put` only. */
  events: Event[];
  /** Alarms, incidents or calls changed: show it at once. */
  urgent: boolean;
}

/** Empty tables, one for each noun. */
export function emptyTables(): Tables {
  return {
    admin_unit: new Map(),
    district: new Map(),
    unit: new Map(),
    incident: new Map(),
    instruction: new Map(),
    sensor: new Map(),
    camera: new Map(),
    alarm: new Map(),
    model: new Map(),
    tally: new Map(),
    call: new Map(),
    agent: new Map(),
    call_desk: new Map(),
    exercise: new Map(),
    room: new Map(),
    shift_note: new Map(),
    report: new Map(),
  };
}

/** A group of which nothing is known. */
export function emptyGroup(): GroupPicture {
  return { through: undefined, atMs: 0, nextPart: 0, building: undefined, tables: emptyTables(), liveNodes: undefined };
}

/** A picture of which nothing is known. */
export function emptyPicture(): Picture {
  return {
    groups: Array.from({ length: GROUPS }, emptyGroup),
    counters: { gaps: 0, doubles: 0, resets: 0, snapshots: 0, applied: 0 },
  };
}

/** No change. */
export function emptyDelta(): Delta {
  return { put: emptyTables(), removed: new Set(), events: [], urgent: false };
}

/** The place of each complete group: what a resumed subscription starts from. */
export function positions(picture: Picture): Position[] {
  return picture.groups.flatMap((group) => (group.through === undefined ? [] : [group.through]));
}
