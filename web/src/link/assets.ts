// Files that ship with the screens: shapes of the map. A file that is not there is not an error.

/** A GeoJSON collection, as far as the map cares. */
export interface Features {
  type: 'FeatureCollection';
  features: GeoJSON.Feature[];
}

export interface MapMeta {
  name: string;
  name_en: string;
  /** West, south, east, north in degrees. */
  bounds: [number, number, number, number];
  approximate: boolean;
}

export interface MapFiles {
  meta: MapMeta;
  communes: Features;
  districts: Features;
  province: Features;
  neighbours: Features;
  places: Features;
  sea: Features;
  roads: Features;
  rivers: Features;
}

const NONE: Features = { type: 'FeatureCollection', features: [] };
const FOLDER = `${import.meta.env.BASE_URL}map/`;

async function json<T>(name: string, missing: T): Promise<T> {
  try {
    const response = await fetch(`${FOLDER}${name}`);
    // A server that answers unknown paths with its page would hand us HTML.
    if (!response.ok || response.headers.get('content-type')?.includes('html')) return missing;
    return (await response.json()) as T;
  } catch {
    return missing;
  }
}

/** The shapes of the communes alone, for pages that load no map; none where they are not there. */
export const loadCommunes = (): Promise<Features> => json('communes.geojson', NONE);

let loading: Promise<MapFiles> | undefined;

/** Loads all map files once. */
export function loadMapFiles(): Promise<MapFiles> {
  loading ??= (async () => {
    const [meta, communes, districts, province, neighbours, places, sea, roads, rivers] = await Promise.all([
      json<MapMeta>('meta.json', { name: '', name_en: '', bounds: [102.1, 8.2, 109.6, 23.4], approximate: true }),
      json('communes.geojson', NONE),
      json('districts.geojson', NONE),
      json('province.geojson', NONE),
      json('neighbours.geojson', NONE),
      json('places.geojson', NONE),
      json('sea.geojson', NONE),
      json('roads.geojson', NONE),
      json('rivers.geojson', NONE),
    ]);
    return { meta, communes, districts, province, neighbours, places, sea, roads, rivers };
  })();
  return loading;
}
