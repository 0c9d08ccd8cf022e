// Names of places for the forms: today's from the map's files, those of before from the hierarchy that comes over the line.
import { loadMapFiles, type MapFiles } from '../link/assets';
import { communesOf } from '../nouns/commune';
import { Gazetteer } from '../nouns/gazetteer';
import { picture } from './picture.svelte';

class Places {
  private files = $state.raw<MapFiles | undefined>(undefined);
  readonly shapes = $derived(this.files?.communes.features ?? []);
  readonly gazetteer = $derived(new Gazetteer(communesOf(this.shapes), picture.adminUnits.values(), this.files?.places.features ?? [], this.shapes));

  /** Loads the map's files, once. */
  load(): void {
    void loadMapFiles().then((files) => (this.files = files));
  }
}

export const places = new Places();
