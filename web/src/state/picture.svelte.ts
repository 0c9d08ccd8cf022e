// The page's picture of the province: tables of domain records, replaced as a whole when something in them changes.
import type { AdminUnit, Change, District, Happening, Line, Stats, VideoState } from '../link/messages';
import type { Alarm } from '../nouns/alarm';
import type { Agent, Call, CallDesk } from '../nouns/call';
import type { Camera } from '../nouns/camera';
import type { Exercise } from '../nouns/exercise';
import type { Incident } from '../nouns/incident';
import type { Instruction } from '../nouns/instruction';
import { tallyId, type Model, type Tally } from '../nouns/model';
import type { ShiftNote, Room } from '../nouns/room';
import type { Sensor } from '../nouns/sensor';
import type { Unit } from '../nouns/unit';
import type { WaitingReport } from '../nouns/waiting';
import { clock } from './clock.svelte';

/** Silence from which data counts as old, milliseconds. */
export const STALE_MS = 5_000;
/** Happenings kept for timelines; the oldest are dropped, the server has them all. */
const HAPPENINGS_MAX = 2_000;
/** Field groups follow group 0. */
export const COMMAND_GROUP = 0;

class Picture {
  incidents = $state.raw<ReadonlyMap<string, Incident>>(new Map());
  instructions = $state.raw<ReadonlyMap<string, Instruction>>(new Map());
  alarms = $state.raw<ReadonlyMap<string, Alarm>>(new Map());
  units = $state.raw<ReadonlyMap<string, Unit>>(new Map());
  sensors = $state.raw<ReadonlyMap<string, Sensor>>(new Map());
  cameras = $state.raw<ReadonlyMap<string, Camera>>(new Map());
  models = $state.raw<ReadonlyMap<string, Model>>(new Map());
  tallies = $state.raw<ReadonlyMap<string, Tally>>(new Map());
  districts = $state.raw<ReadonlyMap<string, District>>(new Map());
  adminUnits = $state.raw<ReadonlyMap<string, AdminUnit>>(new Map());
  calls = $state.raw<ReadonlyMap<string, Call>>(new Map());
  agents = $state.raw<ReadonlyMap<string, Agent>>(new Map());
  callDesk = $state.raw<CallDesk | undefined>(undefined);
  exercises = $state.raw<ReadonlyMap<string, Exercise>>(new Map());
  rooms = $state.raw<ReadonlyMap<string, Room>>(new Map());
  shiftNotes = $state.raw<ReadonlyMap<string, ShiftNote>>(new Map());
  waitingReports = $state.raw<ReadonlyMap<string, WaitingReport>>(new Map());
  happenings = $state.raw<readonly Happening[]>([]);
  videos = $state.raw<ReadonlyMap<number, VideoState>>(new Map());
  line = $state.raw<Line | undefined>(undefined);
  stats: Stats | undefined;

  /** Milliseconds since the node was last heard. */
  readonly silenceMs = $derived(
    this.line === undefined || this.line.heardAtMs === 0 ? 0 : Math.max(0, clock.localMs - this.line.heardAtMs),
  );
  readonly loaded = $derived(this.line?.groupsComplete.some((complete) => complete) ?? false);
  /** Age of people's data: incidents and units (group 0). */
  readonly commandAgeMs = $derived(
    this.silenceMs + Math.max(this.line?.quorumAgeMs ?? 0, this.line?.leaderAgeMs[COMMAND_GROUP] ?? 0),
  );
  /** Age of devices' data: the oldest of the field groups. */
  readonly fieldAgeMs = $derived(this.silenceMs + Math.max(0, ...(this.line?.leaderAgeMs.slice(COMMAND_GROUP + 1) ?? [])));

  apply(change: Change): void {
    const removed = new Map<string, string[]>();
    for (const gone of change.removed) {
      const slash = gone.indexOf('/');
      const noun = gone.slice(0, slash);
      removed.set(noun, [...(removed.get(noun) ?? []), gone.slice(slash + 1)]);
    }
    this.incidents = merged(this.incidents, change.incidents, removed.get('incident'), (record) => record.id);
    this.instructions = merged(this.instructions, change.instructions, removed.get('instruction'), (record) => record.id);
    this.alarms = merged(this.alarms, change.alarms, removed.get('alarm'), (record) => record.id);
    this.units = merged(this.units, change.units, removed.get('unit'), (record) => record.id);
    this.sensors = merged(this.sensors, change.sensors, removed.get('sensor'), (record) => record.id);
    this.cameras = merged(this.cameras, change.cameras, removed.get('camera'), (record) => record.id);
    this.models = merged(this.models, change.models, removed.get('model'), (record) => record.name);
    this.tallies = merged(this.tallies, change.tallies, removed.get('tally'), tallyId);
    this.districts = merged(this.districts, change.districts, removed.get('district'), (record) => record.id);
    this.adminUnits = merged(this.adminUnits, change.adminUnits, removed.get('admin_unit'), (record) => record.code);
    this.calls = merged(this.calls, change.calls, removed.get('call'), (record) => record.id);
    this.agents = merged(this.agents, change.agents, removed.get('agent'), (record) => record.person);
    this.exercises = merged(this.exercises, change.exercises, removed.get('exercise'), (record) => record.id);
    this.rooms = merged(this.rooms, change.rooms, removed.get('room'), (record) => record.id);
    this.shiftNotes = merged(this.shiftNotes, change.shiftNotes, removed.get('shift_note'), (record) => record.id);
    this.waitingReports = merged(this.waitingReports, change.waitingReports, removed.get('report'), (record) => record.code);
    if (change.callDesk !== undefined) this.callDesk = change.callDesk;
    if (change.happenings.length > 0) {
      this.happenings = [...this.happenings, ...change.happenings].slice(-HAPPENINGS_MAX);
    }
  }

  applyLine(line: Line, stats: Stats): void {
    this.line = line;
    this.stats = stats;
    clock.offsetMs = line.clockOffsetMs;
  }

  applyVideo(state: VideoState): void {
    this.videos = new Map(this.videos).set(state.view, state);
  }

  dropVideo(view: number): void {
    const next = new Map(this.videos);
    next.delete(view);
    this.videos = next;
  }

  clear(): void {
    this.incidents = new Map();
    this.instructions = new Map();
    this.alarms = new Map();
    this.units = new Map();
    this.sensors = new Map();
    this.cameras = new Map();
    this.models = new Map();
    this.tallies = new Map();
    this.districts = new Map();
    this.adminUnits = new Map();
    this.calls = new Map();
    this.agents = new Map();
    this.callDesk = undefined;
    this.exercises = new Map();
    this.rooms = new Map();
    this.shiftNotes = new Map();
    this.waitingReports = new Map();
    this.happenings = [];
    this.videos = new Map();
  }

  /** What people call a commune; its code when the name is not known. */
  communeName(code: string): string {
    return this.adminUnits.get(code)?.name ?? code;
  }
}

/** The table with some records replaced and some gone; the same table when nothing changed. */
function merged<T>(
  table: ReadonlyMap<string, T>,
  records: readonly T[],
  gone: readonly string[] | undefined,
  id: (record: T) => string,
): ReadonlyMap<string, T> {
  if (records.length === 0 && gone === undefined) return table;
  const next = new Map(table);
  for (const key of gone ?? []) next.delete(key);
  for (const record of records) next.set(id(record), record);
  return next;
}

export const picture = new Picture();
