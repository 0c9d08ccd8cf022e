/** A point in degrees (WGS 84). */
export interface Spot {
  latitude: number;
  longitude: number;
}

/** A place on the map. */
export interface Place extends Spot {
  /** Code of the commune that the place lies in. */
  adminUnit: string;
  address: string;
}

/** Degrees per unit of the wire's e7 integers. */
const DEGREES_PER_E7 = 1e-7;

/** Metres in one degree of latitude, good to 0.5 % anywhere. */
export const METRES_PER_DEGREE = 111_320;

/** The domain place of a wire place; nothing known stays nothing. */
export function placeOf(
  wire: { latitudeE7: number; longitudeE7: number; adminUnit: string; address: string } | undefined,
): Place | undefined {
  if (wire === undefined || (wire.latitudeE7 === 0 && wire.longitudeE7 === 0)) return undefined;
  return {
    latitude: wire.latitudeE7 * DEGREES_PER_E7,
    longitude: wire.longitudeE7 * DEGREES_PER_E7,
    adminUnit: wire.adminUnit,
    address: wire.address,
  };
}

/** How far east of one the other lies, on the local plane (equirectangular), exact enough within a province. */
export function eastM(from: Spot, to: Spot): number {
  const middle = ((from.latitude + to.latitude) / 2) * (Math.PI / 180);
  return (to.longitude - from.longitude) * METRES_PER_DEGREE * Math.cos(middle);
}

/** How far north. */
export function northM(from: Spot, to: Spot): number {
  return (to.latitude - from.latitude) * METRES_PER_DEGREE;
}

/** As the crow flies. */
export function distanceM(a: Spot, b: Spot): number {
  return Math.hypot(eastM(a, b), northM(a, b));
}
