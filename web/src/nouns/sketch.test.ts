import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { communeAt } from './commune';
import { boundsOf, Sketch, SKETCH_SIZE } from './sketch';

const { features } = JSON.parse(readFileSync(new URL('../../public/map/communes.geojson', import.meta.url), 'utf8')) as GeoJSON.FeatureCollection;

test('a point of the drawing is the place that was tapped', () => {
  const sketch = new Sketch(boundsOf(features)!);
  expect(Math.max(sketch.width, sketch.height)).toBeCloseTo(SKETCH_SIZE, 6);
  for (const { properties } of features) {
    const [longitude, latitude] = [Number(properties?.['label_lon']), Number(properties?.['label_lat'])];
    const [x, y] = sketch.pointOf(longitude, latitude);
    expect(x).toBeGreaterThan(0);
    expect(x).toBeLessThan(sketch.width);
    expect(y).toBeGreaterThan(0);
    expect(y).toBeLessThan(sketch.height);
    const [back, up] = sketch.placeOf(x, y);
    expect(back).toBeCloseTo(longitude, 9);
    expect(up).toBeCloseTo(latitude, 9);
    expect(communeAt(features, back, up)).toBe(properties?.['code']);
  }
});

test('north is up, and a shape is closed', () => {
  const square: GeoJSON.Polygon = { type: 'Polygon', coordinates: [[[105, 21], [106, 21], [106, 22], [105, 22], [105, 21]]] };
  const sketch = new Sketch(boundsOf([{ type: 'Feature', properties: {}, geometry: square }])!);
  expect(sketch.pointOf(105, 22)[1]).toBeLessThan(sketch.pointOf(105, 21)[1]);
  expect(sketch.pathOf(square)).toMatch(/^M[\d.]+ [\d.]+(L[\d.]+ [\d.]+){4}Z$/);
  expect(boundsOf([])).toBeUndefined();
});
