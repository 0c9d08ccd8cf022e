// Where a drawing of the land stands on a screen: the same middle and zoom level as the map of another screen that shows the same scene.
// The drawing keeps its shapes; only where it is laid and how large changes. Pure.
import type { Spot } from './place';
import type { MapLook } from './room';
import type { Bounds, Sketch } from './sketch';

/** CSS pixels of the way round the world at zoom level 0, as the map library has it. */
const WORLD_PX = 512;
export const ZOOM_MIN = 5;
export const ZOOM_MAX = 16;

/** Points of the drawing per degree of longitude. */
const perDegree = (sketch: Sketch) => sketch.pointOf(1, 0)[0] - sketch.pointOf(0, 0)[0];
const clamp = (zoom: number) => Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, zoom));

/** The look from which these bounds fill a screen of that many CSS pixels. */
export function lookAt([west, south, east, north]: Bounds, sketch: Sketch, widthPx: number, heightPx: number): MapLook {
  const [left, top] = sketch.pointOf(west, north);
  const [right, bottom] = sketch.pointOf(east, south);
  const scale = Math.min(Math.max(widthPx, 1) / Math.max(right - left, 1e-9), Math.max(heightPx, 1) / Math.max(bottom - top, 1e-9));
  const zoom = Math.log2((scale * perDegree(sketch) * 360) / WORLD_PX);
  return { latitude: (south + north) / 2, longitude: (west + east) / 2, zoom: clamp(zoom) };
}

/** A drawing as it is laid on a screen. */
export class SketchView {
  /** CSS pixels per point of the drawing. */
  readonly scale: number;
  private readonly left: number;
  private readonly top: number;

  constructor(private readonly sketch: Sketch, readonly look: MapLook, readonly widthPx: number, readonly heightPx: number) {
    this.scale = (WORLD_PX * 2 ** look.zoom) / 360 / perDegree(sketch);
    const [x, y] = sketch.pointOf(look.longitude, look.latitude);
    this.left = widthPx / 2 - x * this.scale;
    this.top = heightPx / 2 - y * this.scale;
  }

  /** For an SVG group of the drawing's own shapes. */
  get transform(): string {
    return `translate(${this.left} ${this.top}) scale(${this.scale})`;
  }

  /** CSS pixels of a place. */
  pointOf({ longitude, latitude }: Spot): [number, number] {
    const [x, y] = this.sketch.pointOf(longitude, latitude);
    return [this.left + x * this.scale, this.top + y * this.scale];
  }

  /** The place of a point. */
  placeOf(x: number, y: number): Spot {
    const [longitude, latitude] = this.sketch.placeOf((x - this.left) / this.scale, (y - this.top) / this.scale);
    return { longitude, latitude };
  }

  /** Whether a place lies on the screen. */
  shows(spot: Spot): boolean {
    const [x, y] = this.pointOf(spot);
    return x >= 0 && y >= 0 && x <= this.widthPx && y <= this.heightPx;
  }

  /** The look after the middle went by so many pixels and the zoom by so many levels. */
  moved(right: number, down: number, levels = 0): MapLook {
    return { ...this.placeOf(this.widthPx / 2 + right, this.heightPx / 2 + down), zoom: clamp(this.look.zoom + levels) };
  }
}
