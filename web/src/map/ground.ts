// What a map shows where no incident says where to look.
import type { MapFiles } from '../link/assets';
import type { District } from '../link/messages';
import { boundsOf } from '../nouns/sketch';
import type { Bounds } from './things';

/** The districts' communes; of no district the whole province. */
export function groundOf(files: MapFiles, districts: readonly District[]): Bounds {
  const codes = new Set(districts.flatMap(({ adminUnits }) => adminUnits));
  const [west, south, east, north] = boundsOf(files.communes.features.filter(({ properties: p }) => codes.has(String(p?.['code'])))) ?? files.meta.bounds;
  return [west, south, east, north];
}

/** The land around the province, as shapes: what is left is sea. */
export const landBeside = ({ neighbours }: MapFiles): GeoJSON.Feature[] => neighbours.features.filter(({ properties: p }) => p?.['kind'] === 'land');
