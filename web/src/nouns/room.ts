// Command rooms: what one shows to those who follow it, what a shift leaves to the next, and a room's log.
import { placeOf, type Place } from './place';
import type { ShiftNote as ShiftNoteWire, Room as RoomWire, Scene as SceneWire } from '../gen/trongdong/v1/room_pb';

/** Layers of the map that a scene can turn on and off. */
export const LAYERS = ['units', 'sensors', 'cameras'] as const;
export type Layer = (typeof LAYERS)[number];

/** Incidents of one scene, as the cluster bounds it. */
export const SCENE_INCIDENTS_MAX = 16;

/** Where a map looks: degrees (WGS 84) and zoom level. */
export interface MapLook {
  latitude: number;
  longitude: number;
  zoom: number;
}

/** What a room shows to those who follow it. */
export interface Scene {
  title: string;
  layers: Layer[];
  incidents: string[];
  cameras: string[];
  look: MapLook | undefined;
  /** A place that is pointed at; undefined: the incident says where. */
  place: Place | undefined;
  pushedAtMs: number;
  pushedBy: string;
  exercise: boolean;
}

export interface Room {
  id: string;
  name: string;
  nameEn: string;
  /** Code of the place that it is of; empty: the province's. */
  adminUnit: string;
  scene: Scene | undefined;
  /** The room whose scene it shows; empty: none. */
  follows: string;
  followedBy: string;
}

/** What one shift left to the next. */
export interface ShiftNote {
  id: string;
  room: string;
  note: string;
  incidents: string[];
  writtenAtMs: number;
  writtenBy: string;
  dueAtMs: number;
  /** 0: nobody let it wait for too long. */
  lateAtMs: number;
  told: string[];
  /** 0: nobody has. */
  acknowledgedAtMs: number;
  acknowledgedBy: string;
  remark: string;
  exercise: boolean;
  version: number;
}

/** One entry of a room's log. */
export interface DutyEntry {
  number: number;
  text: string;
  incident: string;
  /** 0: none. */
  corrects: number;
  atMs: number;
  by: string;
  exercise: boolean;
}

const DEGREES_PER_E7 = 1e-7;
const CENTI = 100;

function sceneOf(wire: SceneWire | undefined): Scene | undefined {
  if (wire === undefined) return undefined;
  const { title, incidents, cameras, view, pushedBy, exercise } = wire;
  return {
    title,
    layers: LAYERS.filter((layer) => wire.layers.includes(layer)),
    incidents: [...incidents],
    cameras: [...cameras],
    look: view && { latitude: view.latitudeE7 * DEGREES_PER_E7, longitude: view.longitudeE7 * DEGREES_PER_E7, zoom: view.zoomCenti / CENTI },
    place: placeOf(wire.place),
    pushedAtMs: Number(wire.pushedAtMs),
    pushedBy,
    exercise,
  };
}

/** The domain room of a wire room. */
export function roomOf(wire: RoomWire): Room {
  const { id, name, nameEn, adminUnit, follows, followedBy } = wire;
  return { id, name, nameEn, adminUnit, scene: sceneOf(wire.scene), follows, followedBy };
}

/** The domain hand-over of a wire hand-over. */
export function shiftNoteOf(wire: ShiftNoteWire): ShiftNote {
  const { id, room, note, writtenBy, acknowledgedBy, remark, exercise } = wire;
  return {
    id,
    room,
    note,
    incidents: [...wire.incidents],
    writtenAtMs: Number(wire.writtenAtMs),
    writtenBy,
    dueAtMs: Number(wire.dueAtMs),
    lateAtMs: Number(wire.lateAtMs),
    told: [...wire.told],
    acknowledgedAtMs: Number(wire.acknowledgedAtMs),
    acknowledgedBy,
    remark,
    exercise,
    version: Number(wire.version),
  };
}

/** Those of a room: what waits for somebody first, the longest waiting on top; then the newest. */
export function shiftNotesOf(room: string, all: Iterable<ShiftNote>): ShiftNote[] {
  const waits = (it: ShiftNote) => it.acknowledgedAtMs === 0;
  return [...all]
    .filter((it) => it.room === room)
    .sort((a, b) => Number(waits(b)) - Number(waits(a)) || (waits(a) ? a.dueAtMs - b.dueAtMs : b.writtenAtMs - a.writtenAtMs));
}

/** How a hand-over stands at that time. */
export function shiftNoteState(it: ShiftNote, nowMs: number): 'acknowledged' | 'late' | 'waiting' {
  if (it.acknowledgedAtMs > 0) return 'acknowledged';
  return it.lateAtMs > 0 || nowMs > it.dueAtMs ? 'late' : 'waiting';
}

/** What a room says of a scene: when and by whom it was pushed, the cluster says. */
export type Pushed = Omit<Scene, 'pushedAtMs' | 'pushedBy'>;

/** A scene as the server reads it. */
export function sceneToWire(scene: Pushed): object {
  const { look, place, ...rest } = scene;
  const e7 = (degrees: number) => Math.round(degrees / DEGREES_PER_E7);
  const view = look && { latitude_e7: e7(look.latitude), longitude_e7: e7(look.longitude), zoom_centi: Math.round(look.zoom * CENTI) };
  const at = place && { latitude_e7: e7(place.latitude), longitude_e7: e7(place.longitude), admin_unit: place.adminUnit, address: place.address };
  return { ...rest, view: view ?? null, place: at ?? null };
}

/** By which entry each was corrected last, of those that are known. */
export function correctionsOf(entries: Iterable<DutyEntry>): ReadonlyMap<number, number> {
  const last = new Map<number, number>();
  for (const { number, corrects } of entries) {
    if (corrects > 0 && number > (last.get(corrects) ?? 0)) last.set(corrects, number);
  }
  return last;
}

/** Entries of a log as the server writes them. */
export function entriesOf(answer: unknown): { items: DutyEntry[]; truncated: boolean } {
  type Raw = { number: number; text: string; incident: string | null; corrects: number; at_ms: number; by: string | null; exercise: boolean };
  const { items, truncated } = answer as { items: Raw[]; truncated: boolean };
  return {
    items: items.map(({ number, text, incident, corrects, at_ms, by, exercise }) => ({ number, text, incident: incident ?? '', corrects, atMs: at_ms, by: by ?? '', exercise })),
    truncated,
  };
}
