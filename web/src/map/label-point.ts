// Where the name of an area is written: the point deepest inside its largest ring.

/** Cells per side of the search grid: fine enough for a label, cheap enough for a hundred areas at start. */
const GRID = 24;

type Ring = GeoJSON.Position[];

/** The label point of a polygon or multipolygon; undefined for anything else. */
export function labelPoint(geometry: GeoJSON.Geometry): [number, number] | undefined {
  const polygons =
    geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.type === 'MultiPolygon' ? geometry.coordinates : [];
  let ring: Ring | undefined;
  for (const [outer] of polygons) {
    if (outer !== undefined && (ring === undefined || Math.abs(area(outer)) > Math.abs(area(ring)))) ring = outer;
  }
  return ring === undefined ? undefined : deepest(ring);
}

function area(ring: Ring): number {
  let sum = 0;
  for (let i = 0; i + 1 < ring.length; i += 1) {
    const [x1 = 0, y1 = 0] = ring[i] ?? [];
    const [x2 = 0, y2 = 0] = ring[i + 1] ?? [];
    sum += x1 * y2 - x2 * y1;
  }
  return sum / 2;
}

function deepest(ring: Ring): [number, number] | undefined {
  const xs = ring.map(([x = 0]) => x);
  const ys = ring.map(([, y = 0]) => y);
  const [west, east] = [Math.min(...xs), Math.max(...xs)];
  const [south, north] = [Math.min(...ys), Math.max(...ys)];
  let best: [number, number] | undefined;
  let depth = -1;
  for (let i = 1; i < GRID; i += 1) {
    for (let j = 1; j < GRID; j += 1) {
      const x = west + ((east - west) * i) / GRID;
      const y = south + ((north - south) * j) / GRID;
      if (!inside(ring, x, y)) continue;
      const distance = edgeDistance(ring, x, y);
      if (distance > depth) [depth, best] = [distance, [x, y]];
    }
  }
  return best;
}

function inside(ring: Ring, x: number, y: number): boolean {
  let within = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
    const [xi = 0, yi = 0] = ring[i] ?? [];
    const [xj = 0, yj = 0] = ring[j] ?? [];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within;
  }
  return within;
}

/** Squared distance to the nearest edge; names run east to west, so that direction counts less. */
function edgeDistance(ring: Ring, x: number, y: number): number {
  const WIDE = 0.6;
  let least = Infinity;
  for (let i = 0; i + 1 < ring.length; i += 1) {
    const [x1 = 0, y1 = 0] = ring[i] ?? [];
    const [x2 = 0, y2 = 0] = ring[i + 1] ?? [];
    const [dx, dy] = [(x2 - x1) * WIDE, y2 - y1];
    const [px, py] = [(x - x1) * WIDE, y - y1];
    const length = dx * dx + dy * dy;
    const along = length === 0 ? 0 : Math.max(0, Math.min(1, (px * dx + py * dy) / length));
    least = Math.min(least, (px - along * dx) ** 2 + (py - along * dy) ** 2);
  }
  return least;
}
