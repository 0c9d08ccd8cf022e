import { expect, test } from 'vitest';
import { BACKOFF_MS_MAX, BACKOFF_MS_MIN, backoffMs } from './backoff';
import { closeSequence, openSequence, takeSequence, type SequenceStore } from './sequence';

function store(): SequenceStore {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}

test('the wait doubles its bound from the least to the most and stays there', () => {
  expect(backoffMs(0, 1)).toBe(BACKOFF_MS_MIN);
  expect(backoffMs(1, 1)).toBe(2 * BACKOFF_MS_MIN);
  expect(backoffMs(6, 1)).toBe(BACKOFF_MS_MAX);
  expect(backoffMs(10_000, 1)).toBe(BACKOFF_MS_MAX);
  expect(backoffMs(3, 0)).toBe(0);
});

test('two tabs of one session never take the same number', () => {
  const shared = store();
  openSequence(shared, 'hoa.1', 5);
  expect(takeSequence(shared, 'hoa.1')).toBe(5);
  openSequence(shared, 'hoa.1', 5);
  expect([takeSequence(shared, 'hoa.1'), takeSequence(shared, 'hoa.1')]).toEqual([6, 7]);
});

test('a number that the server has seen already is not taken again', () => {
  const shared = store();
  openSequence(shared, 'hoa.1', 5);
  openSequence(shared, 'hoa.1', 40);
  expect(takeSequence(shared, 'hoa.1')).toBe(40);
});

test('a new session starts at its own number', () => {
  const shared = store();
  openSequence(shared, 'hoa.1', 90);
  openSequence(shared, 'hoa.2', 1);
  expect(takeSequence(shared, 'hoa.2')).toBe(1);
  closeSequence(shared);
  expect(takeSequence(shared, 'hoa.3')).toBe(1);
});

test('a counter that was tampered with is replaced', () => {
  const shared = store();
  shared.setItem('trongdong.seq', '{"session":7');
  openSequence(shared, 'hoa.1', 3);
  expect(takeSequence(shared, 'hoa.1')).toBe(3);
});
