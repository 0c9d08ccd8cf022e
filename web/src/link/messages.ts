// What the feed worker and the page say to each other, in domain types: numbers and plain objects only.
import type { Alarm } from '../nouns/alarm';
import type { Agent, Call, CallDesk } from '../nouns/call';
import type { Camera, Health } from '../nouns/camera';
import type { Exercise } from '../nouns/exercise';
import type { DrillNow } from '../nouns/drill';
import type { Incident } from '../nouns/incident';
import type { Instruction } from '../nouns/instruction';
import type { LoadNotice } from '../nouns/load';
import type { Model, SilentModel, Tally } from '../nouns/model';
import type { ShiftNote, Room } from '../nouns/room';
import type { WaitingReport } from '../nouns/waiting';
import type { Sensor } from '../nouns/sensor';
import type { Unit } from '../nouns/unit';

/** How the line to the node stands. */
export type LineState = 'connecting' | 'live' | 'cut' | 'ended';

/** The line from a district centre's node to the province. */
export interface ProvinceLine {
  cut: boolean;
  /** Since the province was last heard. */
  ageMs: number;
  /** Commands kept at the node and not yet answered by the province, whoever entered them. */
  kept: number;
}

/** The line as the worker sees it. Times are Unix milliseconds of this machine's clock. */
export interface Line {
  state: LineState;
  node: number;
  origin: string;
  /** The last message of any kind; 0: none yet. */
  heardAtMs: number;
  /** Half the last round trip; undefined before the first. */
  delayMs: number | undefined;
  /** Add to this machine's clock to get the server's. */
  clockOffsetMs: number;
  /** Since the node last heard from a quorum, as it said in its last heartbeat. */
  quorumAgeMs: number;
  /** Since the node last heard from each group's leader, as in its last heartbeat. */
  leaderAgeMs: number[];
  /** Models in use that give no advice, as in its last heartbeat. */
  silentModels: SilentModel[];
  /** At a district centre's node: how its line to the province stood at the last heartbeat. */
  province: ProvinceLine | undefined;
  /** The drill that was not closed at the last heartbeat. */
  drill: DrillNow | undefined;
  /** Why the server said goodbye; empty: it did not. */
  byeCode: string;
  byeMessage: string;
  /** Groups whose picture is complete. */
  groupsComplete: boolean[];
}

/** A district room. */
export interface District {
  id: string;
  name: string;
  nameEn: string;
  adminUnits: string[];
  /** Its incidents are not as many as expected; undefined while they are. */
  load?: LoadNotice;
}

/** One commune, or whatever the hierarchy calls it. */
export interface AdminUnit {
  code: string;
  name: string;
  nameEn: string;
  parent: string;
  /** Names that people still use. */
  aliases: string[];
  /** It is no longer in force: its parent took it over. */
  isFormer: boolean;
}

/** Something that happened to an alarm, an incident or a unit in one, seen since this screen's snapshot. */
export interface Happening {
  /** Event kind in small letters: "incident_acknowledged". */
  kind: string;
  subject: string;
  by: string;
  note: string;
  atMs: number;
  /** What a unit did, where it is about one. */
  unit?: { id: string; status: string; statusAtMs: number };
}

/** A coalesced change of the picture. */
export interface Change {
  incidents: Incident[];
  instructions: Instruction[];
  alarms: Alarm[];
  units: Unit[];
  sensors: Sensor[];
  cameras: Camera[];
  models: Model[];
  tallies: Tally[];
  districts: District[];
  adminUnits: AdminUnit[];
  calls: Call[];
  agents: Agent[];
  /** Undefined: unchanged. */
  callDesk: CallDesk | undefined;
  exercises: Exercise[];
  rooms: Room[];
  shiftNotes: ShiftNote[];
  waitingReports: WaitingReport[];
  /** "noun/id" */
  removed: string[];
  happenings: Happening[];
}

/** For tests and for the service's own page. */
export interface Stats {
  gaps: number;
  doubles: number;
  resets: number;
  snapshots: number;
  applied: number;
  connects: number;
  node: number;
  origin: string;
  positions: (string | null)[];
}

export type ToFeed =
  | { kind: 'start'; origins: string[]; language: string; districts: string[]; why: string }
  | { kind: 'stop' }
  | { kind: 'nudge' }
  | { kind: 'watch'; camera: string; why: string }
  | { kind: 'unwatch'; camera: string }
  | { kind: 'digest'; request: number };

export type FromFeed =
  | { kind: 'change'; change: Change }
  | { kind: 'line'; line: Line; stats: Stats }
  | { kind: 'digest'; request: number; text: string };

export type ToVideo =
  | { kind: 'open'; view: number; camera: string; canvas: OffscreenCanvas }
  | { kind: 'ask'; view: number }
  | { kind: 'rest'; view: number }
  | { kind: 'close'; view: number }
  | { kind: 'feed'; port: MessagePort };

/** From the feed worker to the video worker, over their own channel so that pictures never pass the page. */
export type FeedToVideo =
  | { kind: 'frame'; camera: string; timestampUs: number; key: boolean; data: Uint8Array }
  | { kind: 'status'; camera: string; health: Health; codec: string; message: string };

/** What a video tile shows beside the picture. */
export interface VideoState {
  view: number;
  health: Health;
  message: string;
  framesPerSecond: number;
  /** When the last frame was painted, Unix milliseconds; 0: never. */
  paintedAtMs: number;
  /** The picture's width divided by its height. */
  aspect: number;
}
export type FromVideo = { kind: 'video'; state: VideoState };
