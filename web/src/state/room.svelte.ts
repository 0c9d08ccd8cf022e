// Which room this screen stands in, whom that room follows, and what its map shows: what is pushed is taken from here.
import type { Place } from '../nouns/place';
import { LAYERS, SCENE_INCIDENTS_MAX, type Layer, type MapLook } from '../nouns/room';
import type { Focus } from './desk.svelte';
import { picture } from './picture.svelte';

const KEY = 'trongdong.room';

class RoomDesk {
  /** Id of this screen's room; empty: none was chosen. Kept on this machine; ?room= overrides for a kiosk. */
  mine = $state('');
  /** Layers of the map that are on. */
  layers = $state.raw<readonly Layer[]>(LAYERS);
  /** Where this screen's map looks; undefined: it has none, or it is not there yet. */
  look: MapLook | undefined;
  /** Cameras that play on this screen now. */
  cameras: readonly string[] = [];
  /** Incidents that the next scene shall have beside the chosen one. */
  gathered = $state.raw<readonly string[]>([]);
  /** Where a scene wants the map to look; a new object each time. */
  wanted = $state.raw<MapLook | undefined>(undefined);
  /** A place that the scene points at. */
  pointed = $state.raw<Place | undefined>(undefined);
  /** What the scene opened, and said where to look for it: the map does not go to its middle by itself. */
  ledFocus: Focus | undefined;
  /** Whom this room followed last, to come back to. */
  last = $state('');

  readonly room = $derived(picture.rooms.get(this.mine));
  readonly leader = $derived(this.room === undefined || this.room.follows === '' ? undefined : picture.rooms.get(this.room.follows));
  readonly scene = $derived(this.leader?.scene);

  /** Reads what is kept, then what the address says. */
  load(query: URLSearchParams): void {
    this.mine = query.get('room') ?? localStorage.getItem(KEY) ?? '';
  }

  /** This screen stands in that room from now on. */
  choose(room: string): void {
    this.mine = room;
    this.last = '';
    localStorage.setItem(KEY, room);
  }

  /** Puts an incident into the next scene, or takes it out; at the bound no more is put. */
  gather(incident: string): void {
    const without = this.gathered.filter((id) => id !== incident);
    if (without.length === this.gathered.length && without.length < SCENE_INCIDENTS_MAX - 1) this.gathered = [...without, incident];
    else this.gathered = without;
  }

  /** Turns one layer of the map on or off. */
  turn(layer: Layer): void {
    this.layers = LAYERS.filter((known) => (known === layer) !== this.layers.includes(known));
  }
}

export const roomDesk = new RoomDesk();
