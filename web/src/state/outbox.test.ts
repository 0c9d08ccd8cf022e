import { expect, test } from 'vitest';
import { crewOf, nextOf, type Crew } from '../nouns/crew';
import { commandOf, has, Outbox, statusNow, UNDO_MS, WAITING_MAX, type OutboxStore } from './outbox';

function memory(text = '[]'): OutboxStore & { text: string } {
  return {
    text,
    getItem() {
      return this.text;
    },
    setItem(_: string, kept: string) {
      this.text = kept;
    },
  };
}

const crewAt = (status: string, assignment: number, steps: string[], more: object = {}): Crew =>
  crewOf({
    unit: {
      id: 'boat-1', name: 'Xuồng 1', agency: 'PCTT', status,
      duty: { mayday: null, assignment: assignment === 0 ? null : { number: assignment, steps: steps.map((step) => ({ status: step })), offer_due_at_ms: 0, check_in_due_at_ms: 0, checked_in_at_ms: 0, check_in_level: 0, ...more } },
    },
    order: null, server_time_ms: 1_000, index: 7,
  });

const tap = (status: 'accepted' | 'en-route' | 'on-scene' | 'available', expected: 'offered' | 'accepted' | 'en-route' | 'on-scene', tappedAtMs: number) =>
  ({ kind: 'status', unit: 'boat-1', assignment: 3, status, expected, reason: '', tappedAtMs }) as const;

test('taps made without a network wait in order, with their own time, over a reload of the page', () => {
  const store = memory();
  const before = new Outbox(store);
  before.add(tap('accepted', 'offered', 1_000));
  before.add(tap('en-route', 'accepted', 2_000));
  const outbox = new Outbox(store);
  const first = outbox.next(60_000)!;
  expect(commandOf(first)).toEqual({
    path: '/api/units/boat-1/status',
    body: { status: 'accepted', expected_status: 'offered', assignment: 3, tapped_at_ms: 1_000, reason: '' },
  });
  // Until it is answered nothing else goes, and a reload sends it under the same number.
  outbox.number(first.id, 41, 'rin.9');
  expect(new Outbox(store).next(60_000)).toMatchObject({ id: first.id, seq: 41, session: 'rin.9' });
  outbox.received(first.id, 61_000);
  expect(outbox.next(60_000)).toMatchObject({ status: 'en-route', tappedAtMs: 2_000 });
});

test('what was refused says why, and does not hold up what comes after', () => {
  const outbox = new Outbox(memory());
  const first = outbox.add(tap('accepted', 'offered', 1_000))!;
  outbox.add(tap('en-route', 'accepted', 2_000));
  outbox.number(first.id, 1, 's');
  outbox.refused(first.id, 9_000, 'version_conflict', 'assignment 3 is over');
  expect(outbox.all()[0]).toMatchObject({ state: 'refused', code: 'version_conflict', answeredAtMs: 9_000 });
  expect(outbox.next(60_000)?.status).toBe('en-route');
});

test('a tap can be taken back for a moment, with what was tapped on top of it, and not once it was tried', () => {
  const outbox = new Outbox(memory());
  const first = outbox.add(tap('accepted', 'offered', 1_000))!;
  outbox.add(tap('en-route', 'accepted', 1_500));
  expect(outbox.next(1_000 + UNDO_MS - 1)).toBeUndefined();
  expect(outbox.next(1_000 + UNDO_MS)?.id).toBe(first.id);
  outbox.undo(first.id);
  expect(outbox.all()).toEqual([]);
  const again = outbox.add(tap('accepted', 'offered', 3_000))!;
  outbox.number(again.id, 5, 's');
  outbox.undo(again.id);
  expect(outbox.waiting()).toHaveLength(1);
});

test('mayday goes first, at once, and once', () => {
  const outbox = new Outbox(memory());
  outbox.add(tap('accepted', 'offered', 1_000));
  const mayday = { ...tap('available', 'offered', 1_001), kind: 'mayday' } as const;
  expect(outbox.add(mayday)).toBeDefined();
  expect(outbox.add(mayday)).toBeUndefined();
  const next = outbox.next(1_001)!;
  expect(commandOf(next)).toEqual({ path: '/api/units/boat-1/mayday', body: { tapped_at_ms: 1_001 } });
});

test('the picture of the centre settles a tap whose answer was lost, and only that of the same assignment', () => {
  const outbox = new Outbox(memory());
  const sent = outbox.add(tap('accepted', 'offered', 1_000))!;
  const crew = crewAt('accepted', 3, ['offered', 'accepted']);
  // Somebody said it by radio before this phone had tried: the phone still sends its own.
  expect(has(crew, sent)).toBe(false);
  outbox.number(sent.id, 4, 's');
  outbox.reconcile(crewAt('accepted', 4, ['offered', 'accepted']), 8_000);
  expect(outbox.waiting()).toHaveLength(1);
  outbox.reconcile(crew, 9_000);
  expect(outbox.all()[0]).toMatchObject({ state: 'received', answeredAtMs: 9_000 });
});

test('the crew goes on by its own taps while the centre has not heard of them', () => {
  const outbox = new Outbox(memory());
  const crew = crewAt('offered', 3, ['offered']);
  expect(statusNow(crew, outbox.waiting())).toBe('offered');
  outbox.add(tap('accepted', 'offered', 1_000));
  outbox.add(tap('en-route', 'accepted', 2_000));
  expect(statusNow(crew, outbox.waiting())).toBe('en-route');
  // A new order is not what was tapped for the old one.
  expect(statusNow(crewAt('offered', 4, ['offered']), outbox.waiting())).toBe('offered');
  expect(nextOf('en-route')).toEqual(['on-scene', 'staging', 'available']);
  // Whoever waits at the staging area goes in, or home, and not back on the way.
  expect(nextOf('staging')).toEqual(['on-scene', 'available']);
});

test('a tap that the centre has counts on until its picture shows it, also once this phone has heard nothing since', () => {
  const outbox = new Outbox(memory());
  const before = crewAt('offered', 3, ['offered']);
  const accepted = outbox.add(tap('accepted', 'offered', 1_000))!;
  outbox.number(accepted.id, 4, 's');
  outbox.received(accepted.id, 7_000);
  expect(statusNow(before, outbox.all())).toBe('accepted');
  // Once it is shown the centre's word counts, whatever that is by then.
  expect(statusNow(crewAt('on-scene', 3, ['offered', 'accepted', 'en-route', 'on-scene']), outbox.all())).toBe('on-scene');
  const done = outbox.add(tap('available', 'accepted', 8_000))!;
  outbox.number(done.id, 5, 's');
  outbox.received(done.id, 14_000);
  expect(statusNow(before, outbox.all())).toBe('available');
  expect(statusNow(crewAt('offered', 4, ['offered']), outbox.all())).toBe('offered');
  // What was refused never counts.
  outbox.refused(done.id, 15_000, 'version_conflict', '');
  outbox.refused(accepted.id, 15_000, 'version_conflict', '');
  expect(statusNow(before, outbox.all())).toBe('offered');
});

test('the bound refuses and keeps what waits; what is over leaves, the oldest first', () => {
  const store = memory();
  const outbox = new Outbox(store);
  for (let n = 0; n < WAITING_MAX; n += 1) expect(outbox.add(tap('accepted', 'offered', n))).toBeDefined();
  expect(outbox.add(tap('accepted', 'offered', 99))).toBeUndefined();
  for (const { id } of outbox.waiting()) outbox.received(id, 5);
  expect(outbox.all()).toHaveLength(20);
  expect(new Outbox(store).all()).toHaveLength(20);
});

test('what cannot be read is nothing', () => {
  for (const text of ['', '{', 'null', '7', '[1, null, {"id": "x"}]']) expect(new Outbox(memory(text)).all()).toEqual([]);
});

test('photos go in their order once no word waits, and taking a word back leaves them', () => {
  const outbox = new Outbox(memory());
  const photo = (at: number, kept: number) => outbox.add({ ...tap('on-scene', 'on-scene', at), kind: 'photo', incident: 'I7', photo: kept })!;
  const first = photo(1_000, 11);
  const second = photo(2_000, 12);
  const word = outbox.add(tap('en-route', 'accepted', 3_000))!;
  expect(outbox.next(60_000)?.id).toBe(word.id);
  // A word that can still be taken back holds photos up for that moment.
  expect(outbox.next(3_000)).toBeUndefined();
  outbox.undo(word.id);
  expect(outbox.waiting().map(({ photo: kept }) => kept)).toEqual([11, 12]);
  expect(outbox.next(60_000)?.id).toBe(first.id);
  expect(commandOf(first)).toMatchObject({ path: '/api/files?incident=I7&taken_at_ms=1000&note=' });
  outbox.received(first.id, 61_000);
  expect(outbox.next(60_000)?.id).toBe(second.id);
  // What the centre shows of a crew says nothing of a photo.
  outbox.reconcile(crewAt('on_scene', 3, ['on_scene']), 62_000);
  expect(outbox.waiting().map(({ id }) => id)).toEqual([second.id]);
  outbox.undo(second.id);
  expect(outbox.waiting()).toEqual([]);
});
