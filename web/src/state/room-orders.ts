// What people order about exercises and rooms.
import type { Exercise } from '../nouns/exercise';
import { sceneToWire, type DutyEntry, type Pushed, type ShiftNote } from '../nouns/room';
import { order, type Sent } from './orders';

export const EXERCISE = 'exercise/new';
export const roomTarget = (room: string) => `room/${room}`;
export const logTarget = (room: string) => `log/${room}`;
export const shiftNoteTarget = (it: ShiftNote) => `hand-over/${it.id}`;
const path = (room: string, verb: string) => `/api/rooms/${encodeURIComponent(room)}/${verb}`;

/** Begins a drill. */
export const startExercise = (name: string, scenario: string): Sent => order('lead-exercise', EXERCISE, '/api/exercises', { name, scenario });
/** Ends it, and closes what is open of it. */
export const endExercise = (exercise: Exercise, note: string): Sent =>
  order('lead-exercise', EXERCISE, `/api/exercises/${encodeURIComponent(exercise.id)}/end`, { note });

/** Shows a scene to the rooms that follow this one; undefined: nothing any more. */
export const pushScene = (room: string, scene: Pushed | undefined): Sent =>
  order('lead-room', roomTarget(room), path(room, 'scene'), { scene: scene === undefined ? null : sceneToWire(scene) });
/** Follows another room; empty: leaves it. */
export const followRoom = (room: string, leader: string): Sent =>
  order('lead-room', roomTarget(room), path(room, 'follow'), { leader: leader === '' ? null : leader });

/** Leaves something to the next shift. */
export const writeShiftNote = (room: string, note: string, incidents: readonly string[], withinMs: number, exercise: boolean): Sent =>
  order('keep-log', roomTarget(room), path(room, 'shift-notes'), { note, incidents, within_ms: withinMs, exercise });
/** Says that the next shift has read it. */
export const acknowledgeShiftNote = (it: ShiftNote, remark: string): Sent =>
  order('keep-log', shiftNoteTarget(it), `/api/shift-notes/${encodeURIComponent(it.id)}/acknowledge`, { expected_version: it.version, remark });
/** Writes into the room's log. */
export const logDuty = (room: string, text: string, exercise: boolean): Sent =>
  order('keep-log', logTarget(room), path(room, 'log'), { text, incident: null, exercise });
/** Writes what is right instead of an entry, which stays: of the same incident, played where that was. */
export const correctDuty = (room: string, text: string, { number, incident, exercise }: DutyEntry): Sent =>
  order('keep-log', logTarget(room), path(room, 'log'), { text, incident: incident === '' ? null : incident, exercise, corrects: number });
