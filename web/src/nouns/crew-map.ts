// The crew's map: what part of the land it shows, which way it is, and how long its scale is. Pure.
import { eastM, METRES_PER_DEGREE, northM, type Spot } from './place';
import type { Bounds } from './sketch';

/** The map never shows less than this on either side of its middle, metres: a street or two. */
const HALF_WIDTH_M_MIN = 700;
/** Room around the two points, as a share of what lies between them. */
const ROOM = 1.35;
/** Height of the map by its width. */
const HIGH = 0.75;

export const DIRECTIONS = ['n', 'ne', 'e', 'se', 's', 'sw', 'w', 'nw'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** Which way one lies from the other. */
export function directionOf(from: Spot, to: Spot): Direction {
  const clockwise = Math.atan2(eastM(from, to), northM(from, to));
  const eighth = Math.round((clockwise / (2 * Math.PI)) * DIRECTIONS.length);
  return DIRECTIONS[(eighth + DIRECTIONS.length) % DIRECTIONS.length] ?? 'n';
}

/** The part of the land that holds both with room around them; the surroundings of the one where the other is not known. */
export function frameOf(incident: Spot, own: Spot | undefined): Bounds {
  const other = own ?? incident;
  const middle = { latitude: (incident.latitude + other.latitude) / 2, longitude: (incident.longitude + other.longitude) / 2 };
  const wide = Math.abs(eastM(incident, other)) / 2;
  const high = Math.abs(northM(incident, other)) / 2;
  const halfWidthM = Math.max(HALF_WIDTH_M_MIN, wide * ROOM, (high * ROOM) / HIGH);
  const north = (halfWidthM * HIGH) / METRES_PER_DEGREE;
  const east = halfWidthM / (METRES_PER_DEGREE * Math.cos((middle.latitude * Math.PI) / 180));
  return [middle.longitude - east, middle.latitude - north, middle.longitude + east, middle.latitude + north];
}

/** Whether the two parts of the land share anything. */
export function meet([west, south, east, north]: Bounds, [otherWest, otherSouth, otherEast, otherNorth]: Bounds): boolean {
  return west <= otherEast && otherWest <= east && south <= otherNorth && otherSouth <= north;
}

/** A round length for the scale, metres: 1, 2 or 5 of some power of ten, at most a third of the map's width. */
export function scaleM([west, south, east, north]: Bounds): number {
  const third = eastM({ latitude: south, longitude: west }, { latitude: north, longitude: east }) / 3;
  const power = 10 ** Math.floor(Math.log10(third));
  return (third >= 5 * power ? 5 : third >= 2 * power ? 2 : 1) * power;
}

/** A length in degrees of latitude. */
export const degreesOf = (metres: number): number => metres / METRES_PER_DEGREE;
