// Communes as the map files have them: where a point lies, and where a commune's name stands.

/** One commune, with the place of its name on the map in degrees. */
export interface Commune {
  code: string;
  name: string;
  nameEn: string;
  longitude: number;
  latitude: number;
}

type Ring = readonly GeoJSON.Position[];

/** Communes of a collection of map shapes, in the order of their Vietnamese names. */
export function communesOf(features: readonly GeoJSON.Feature[]): Commune[] {
  const order = new Intl.Collator('vi');
  return features
    .map(({ properties: p }) => ({
      code: String(p?.['code'] ?? ''),
      name: String(p?.['name'] ?? ''),
      nameEn: String(p?.['name_en'] ?? p?.['name'] ?? ''),
      longitude: Number(p?.['label_lon']),
      latitude: Number(p?.['label_lat']),
    }))
    .filter(({ code, longitude, latitude }) => code !== '' && Number.isFinite(longitude) && Number.isFinite(latitude))
    .sort((a, b) => order.compare(a.name, b.name));
}

/** Code of the commune that the point lies in; undefined outside of all. */
export function communeAt(features: readonly GeoJSON.Feature[], longitude: number, latitude: number): string | undefined {
  return features.find(({ geometry }) => polygonsOf(geometry).some((rings) => isWithin(rings, longitude, latitude)))
    ?.properties?.['code'] as string | undefined;
}

function polygonsOf(geometry: GeoJSON.Geometry): readonly (readonly Ring[])[] {
  if (geometry.type === 'Polygon') return [geometry.coordinates];
  return geometry.type === 'MultiPolygon' ? geometry.coordinates : [];
}

/** Even-odd rule over all rings, so that a hole is outside. */
function isWithin(rings: readonly Ring[], x: number, y: number): boolean {
  let within = false;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
      const [xi = 0, yi = 0] = ring[i] ?? [];
      const [xj = 0, yj = 0] = ring[j] ?? [];
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within;
    }
  }
  return within;
}
