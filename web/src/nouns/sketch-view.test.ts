import { expect, test } from 'vitest';
import { Sketch, type Bounds } from './sketch';
import { lookAt, SketchView, ZOOM_MAX } from './sketch-view';

const PROVINCE: Bounds = [105.4, 21.3, 106.3, 22.8];
const sketch = new Sketch(PROVINCE);
const look = { latitude: 21.6, longitude: 105.85, zoom: 11 };
const view = new SketchView(sketch, look, 900, 600);

test('the middle of a look is the middle of the screen, and a point leads back to its place', () => {
  expect(view.pointOf(look).map(Math.round)).toEqual([450, 300]);
  const spot = { latitude: 21.62, longitude: 105.8 };
  const back = view.placeOf(...view.pointOf(spot));
  expect([back.latitude, back.longitude].map((degrees) => degrees.toFixed(6))).toEqual(['21.620000', '105.800000']);
  expect([view.shows(spot), view.shows({ latitude: 22.8, longitude: 105.8 })]).toEqual([true, false]);
});

test('a zoom level is that of the map library: twice as near with each, and 512 pixels round the world at 0', () => {
  const wide = (zoom: number) => {
    const of = new SketchView(sketch, { ...look, zoom }, 900, 600);
    return of.pointOf({ ...look, longitude: look.longitude + 0.1 })[0] - of.pointOf(look)[0];
  };
  expect(wide(11)).toBeCloseTo((512 * 2 ** 11 * 0.1) / 360, 3);
  expect(wide(12) / wide(11)).toBeCloseTo(2, 6);
});

test('bounds fill the screen, and nothing of them lies beyond it', () => {
  const whole = new SketchView(sketch, lookAt(PROVINCE, sketch, 900, 600), 900, 600);
  const [left, top] = whole.pointOf({ longitude: 105.4, latitude: 22.8 });
  const [right, bottom] = whole.pointOf({ longitude: 106.3, latitude: 21.3 });
  expect(top).toBeCloseTo(0);
  expect(bottom).toBeCloseTo(600);
  expect(left >= 0 && right <= 900).toBe(true);
  expect(lookAt([105, 21, 105, 21], sketch, 900, 600).zoom).toBe(ZOOM_MAX);
});

test('it goes by pixels, and not nearer than there is', () => {
  const moved = new SketchView(sketch, view.moved(90, -60), 900, 600);
  expect(moved.pointOf(look).map(Math.round)).toEqual([360, 360]);
  expect(view.moved(0, 0, 99).zoom).toBe(ZOOM_MAX);
});
