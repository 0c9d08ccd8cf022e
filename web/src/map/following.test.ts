import { expect, test } from 'vitest';
import type { Place } from '../nouns/place';
import type { Focus } from '../state/desk.svelte';
import { Following } from './following.svelte';

const place: Place = { latitude: 21.6, longitude: 105.8, adminUnit: '', address: '' };
const hand = { latitude: 22, longitude: 106, zoom: 10 };
const chosen = (id: string): Focus => ({ noun: 'incident', id });

test('a map follows the open incidents, goes to what is chosen, and follows again', () => {
  const view = new Following();
  expect(view.next(undefined, undefined)).toEqual({ to: 'incidents' });
  expect(view.next(chosen('I1'), place)).toEqual({ to: 'place', place });
  expect(view.next(undefined, undefined)).toEqual({ to: 'incidents' });
});

test('a view that a hand has locked stays, and is come back to after a choice', () => {
  const view = new Following();
  view.lock();
  view.look = hand;
  expect(view.next(undefined, undefined)).toBeUndefined();
  expect(view.next(chosen('I1'), place)).toEqual({ to: 'place', place });
  view.look = { ...place, zoom: 11 };
  // From one row to the next: what is come back to is the view before the first.
  expect(view.next(chosen('I2'), place)).toEqual({ to: 'place', place });
  expect(view.next(undefined, undefined)).toEqual({ to: 'look', look: hand });
  expect(view.next(undefined, undefined)).toBeUndefined();
});

test('what is chosen is gone to once: a hand that moves on from it is not taken back', () => {
  const view = new Following();
  const focus = chosen('I1');
  expect(view.next(focus, place)).toEqual({ to: 'place', place });
  view.lock();
  // The set of open incidents changed.
  expect(view.next(focus, place)).toBeUndefined();
  expect(view.next(undefined, undefined)).toBeUndefined();
  view.follow();
  expect(view.next(undefined, undefined)).toEqual({ to: 'incidents' });
});

test('what has no place yet is gone to when it has one', () => {
  const view = new Following();
  const focus = chosen('I1');
  expect(view.next(focus, undefined)).toEqual({ to: 'incidents' });
  expect(view.next(focus, place)).toEqual({ to: 'place', place });
});
