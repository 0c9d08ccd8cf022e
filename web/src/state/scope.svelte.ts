// What this screen is about: the districts that the address names, else the district of the room whose wall it is, else the province.
import type { District } from '../link/messages';
import type { Room } from '../nouns/room';
import { districtOf, followedBy } from '../nouns/scope';
import { picture } from './picture.svelte';
import { settings } from './settings.svelte';

/** A district that nobody keeps: a line that is asked for it brings rooms and districts, and nothing that lies anywhere. */
const NO_DISTRICT = 'no-district';

class Scope {
  /** Districts that the line is asked for; none: all that the person may see. */
  districts: readonly string[] = [];
  /** Districts that the screen is about, whatever a scene brings beside them. It outlives a line that begins anew. */
  own = $state.raw<readonly District[]>([]);
  /** The room whose wall this is, where its district is what the screen is about. */
  room = $state.raw<Room>();
  private named = '';

  /** Before the line begins. Of a room it is not known yet whose it is: then nothing is asked for that would be shown and taken away again. */
  begin(room: string): void {
    this.named = room;
    this.own = [];
    this.room = undefined;
    const unknown = room === '' ? [] : [NO_DISTRICT];
    this.districts = settings.districts.length > 0 ? settings.districts : unknown;
  }

  /** Looks what the picture says by now; whether the line has to be asked for others. `isWhole`: rooms that are not there are nowhere. */
  settle(isWhole: boolean): boolean {
    const room = picture.rooms.get(this.named);
    if (picture.districts.size === 0 || (room === undefined && this.named !== '' && !isWhole)) return false;
    const said = settings.districts;
    const ofRoom = room && districtOf(room.adminUnit, picture);
    const isOwn = ofRoom !== undefined && (said.length === 0 || said.includes(ofRoom));
    const ids = said.length > 0 ? said : ofRoom === undefined ? [] : [ofRoom];
    const own = ids.flatMap((id) => picture.districts.get(id) ?? []);
    // The same is the same: a map that moves by this is left alone.
    if (own.length !== this.own.length || own.some((it, index) => it !== this.own[index])) this.own = own;
    this.room = isOwn ? room : undefined;
    if (said.length > 0 || this.named === '') return false;
    const wanted = followedBy(this.named, picture);
    if (wanted.join() === this.districts.join()) return false;
    this.districts = wanted;
    return true;
  }
}

export const scope = new Scope();
