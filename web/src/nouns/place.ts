/** A place on the map, in degrees (WGS 84). */
export interface Place {
  latitude: number;
  longitude: number;
  /** Code of the commune that the place lies in. */
  adminUnit: string;
  address: string;
}

/** Degrees per unit of the wire's e7 integers. */
const DEGREES_PER_E7 = 1e-7;

/** Metres in one degree of latitude, good to 0.5 % anywhere. */
const METRES_PER_DEGREE = 111_320;

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

/** Distance in metres on the local plane (equirectangular), exact enough within a province. */
export function distanceM(a: Place, b: Place): number {
  const north = (a.latitude - b.latitude) * METRES_PER_DEGREE;
  const middle = ((a.latitude + b.latitude) / 2) * (Math.PI / 180);
  const east = (a.longitude - b.longitude) * METRES_PER_DEGREE * Math.cos(middle);
  return Math.hypot(north, east);
}
