import { expect, test } from 'vitest';
import { heldList } from './held';

interface Row {
  id: string;
  says: string;
}
const rows = (...ids: string[]): Row[] => ids.map((id) => ({ id, says: `${id} now` }));
const shown = (items: Row[], held?: string[]) => {
  const { rows, ...changed } = heldList(items, ({ id }) => id, held);
  return { keys: rows.map(({ key }) => key), says: rows.map(({ item }) => item?.says), ...changed };
};

test('nobody points at it: its own order, and nothing to let go of', () => {
  expect(shown(rows('b', 'a'))).toEqual({ keys: ['b', 'a'], says: ['b now', 'a now'], fresh: 0, moved: 0, gone: 0 });
});

test('what comes stands below, however pressing, and is counted', () => {
  expect(shown(rows('new', 'a', 'b'), ['a', 'b'])).toEqual({ keys: ['a', 'b', 'new'], says: ['a now', 'b now', 'new now'], fresh: 1, moved: 0, gone: 0 });
});

test('what leaves leaves its place empty, so that nothing moves up under the cursor', () => {
  expect(shown(rows('b', 'c'), ['a', 'b', 'c'])).toEqual({ keys: ['a', 'b', 'c'], says: [undefined, 'b now', 'c now'], fresh: 0, moved: 0, gone: 1 });
});

test('what would stand elsewhere stays and is counted, and says what is true now', () => {
  expect(shown(rows('c', 'a', 'b'), ['a', 'b', 'c'])).toMatchObject({ keys: ['a', 'b', 'c'], moved: 3 });
  expect(shown(rows('b', 'a', 'c'), ['a', 'b', 'c'])).toMatchObject({ says: ['a now', 'b now', 'c now'], moved: 2 });
});

test('no place that was there ever holds another row, whatever comes, leaves and moves', () => {
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 200; round += 1) {
    const held = Array.from({ length: random(6) }, (_, at) => `r${at}`);
    const items = [...held, 'n1', 'n2'].filter(() => random(3) > 0).sort(() => random(3) - 1);
    const { keys, fresh, gone } = shown(rows(...items), held);
    expect(keys.slice(0, held.length)).toEqual(held);
    expect(keys.filter((key) => items.includes(key)).sort()).toEqual([...items].sort());
    expect(fresh + held.length - gone).toBe(items.length);
  }
});
