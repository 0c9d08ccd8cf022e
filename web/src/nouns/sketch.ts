// A flat drawing of communes: degrees to points of a square drawing and back. Good for a province, where the earth is flat enough. Pure.

/** West, south, east, north in degrees. */
export type Bounds = readonly [number, number, number, number];

/** Points along the longer side. */
export const SKETCH_SIZE = 1_000;
/** Room around what is shown, as a share of it. */
const MARGIN = 0.06;

function positionsOf(geometry: GeoJSON.Geometry): GeoJSON.Position[] {
  if (geometry.type === 'Polygon') return geometry.coordinates.flat();
  return geometry.type === 'MultiPolygon' ? geometry.coordinates.flat(2) : [];
}

/** What the shapes reach over; undefined for none. */
export function boundsOf(features: readonly GeoJSON.Feature[]): Bounds | undefined {
  let bounds: [number, number, number, number] | undefined;
  for (const { geometry } of features) {
    for (const [x = 0, y = 0] of positionsOf(geometry)) {
      bounds ??= [x, y, x, y];
      bounds = [Math.min(bounds[0], x), Math.min(bounds[1], y), Math.max(bounds[2], x), Math.max(bounds[3], y)];
    }
  }
  return bounds;
}

/** A drawing of what lies within the bounds. A degree of longitude is as wide as it is at their middle. */
export class Sketch {
  readonly width: number;
  readonly height: number;
  private readonly west: number;
  private readonly north: number;
  private readonly perLongitude: number;
  private readonly perLatitude: number;

  constructor([west, south, east, north]: Bounds) {
    const narrow = Math.cos((((south + north) / 2) * Math.PI) / 180);
    const [wide, high] = [Math.max(east - west, 1e-6) * narrow, Math.max(north - south, 1e-6)];
    const margin = Math.max(wide, high) * MARGIN;
    this.perLatitude = SKETCH_SIZE / (Math.max(wide, high) + 2 * margin);
    this.perLongitude = this.perLatitude * narrow;
    this.west = west - margin / narrow;
    this.north = north + margin;
    this.width = (wide + 2 * margin) * this.perLatitude;
    this.height = (high + 2 * margin) * this.perLatitude;
  }

  /** Points of a place in degrees. */
  pointOf(longitude: number, latitude: number): [number, number] {
    return [(longitude - this.west) * this.perLongitude, (this.north - latitude) * this.perLatitude];
  }

  /** The place of a point, in degrees: longitude, latitude. */
  placeOf(x: number, y: number): [number, number] {
    return [this.west + x / this.perLongitude, this.north - y / this.perLatitude];
  }

  /** The shape as an SVG path. */
  pathOf(geometry: GeoJSON.Geometry): string {
    const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.type === 'MultiPolygon' ? geometry.coordinates : [];
    const ring = (positions: GeoJSON.Position[]) => {
      const points = positions.map(([x = 0, y = 0]) => this.pointOf(x, y).map((value) => value.toFixed(1)).join(' '));
      return `M${points.join('L')}Z`;
    };
    return polygons.flat().map(ring).join('');
  }
}
