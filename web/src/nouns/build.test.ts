import { expect, test } from 'vitest';
import { buildOf, IDLE_MS, isOther, isQuiet, namesOf, type Goings } from './build';

const html = (hash: string) => `<link rel="icon" href="/drum.svg" /><script type="module" crossorigin src="/assets/wall-${hash}.js"></script>
  <link rel="modulepreload" crossorigin href="/assets/parts-CLTbZVAi.js"><link rel="stylesheet" crossorigin href="/assets/wall-CCi0QLbI.css">`;
const own = new Set([...namesOf(html('aaaa')), '/assets/SketchMap-x.js']);

test('a page is of another build when what is served names a script or a style that it does not have', () => {
  expect(namesOf(html('aaaa'))).toEqual(['/assets/wall-aaaa.js', '/assets/parts-CLTbZVAi.js', '/assets/wall-CCi0QLbI.css']);
  expect(isOther(namesOf(html('aaaa')), own)).toBe(false);
  expect(isOther(namesOf(html('bbbb')), own)).toBe(true);
  expect(isOther(namesOf(html('aaaa').replace('CCi0QLbI', 'other')), own)).toBe(true);
  // A page of trouble, or one that is served from its sources, is no build.
  for (const none of ['', '502 Bad Gateway', '<script type="module" src="/src/wall.ts"></script>']) expect(isOther(namesOf(none), own)).toBe(false);
  expect(buildOf(['b', 'a'])).toBe(buildOf(['a', 'b']));
});

test('a screen is quiet only while nothing at all goes on', () => {
  const still: Goings = { idleMs: IDLE_MS, asks: false, writes: false, waits: false, alarmed: false };
  expect(isQuiet(still)).toBe(true);
  for (const more of [{ idleMs: IDLE_MS - 1 }, { asks: true }, { writes: true }, { waits: true }, { alarmed: true }]) expect(isQuiet({ ...still, ...more }), JSON.stringify(more)).toBe(false);
});
