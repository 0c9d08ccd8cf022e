import { expect, test } from 'vitest';
import { draftOf, emptyDraft, isWritten } from '../nouns/draft';
import { memory } from './memory.fixture';
import { MachineDrafts } from './draft-store';
import { Drafts, DRAFTS_MAX } from './drafts';

const store = () => new MachineDrafts(undefined, memory());
const written = (call: string, text: string) => ({ ...emptyDraft(call), text });

test('what was written is there after the browser died', async () => {
  const local = memory();
  const place = { adminUnit: '05437', label: 'Phường Phan Đình Phùng', latitude: 21.59, longitude: 105.84, isRough: true };
  new Drafts(new MachineDrafts(undefined, local), 'khoa').keep({ ...written('C1', 'cháy nhà'), kind: 'fire', severity: 4, place, address: 'số 12' }, 1_000);
  const again = await new MachineDrafts(undefined, local).load(2_000);
  expect(new Drafts(again, 'khoa').of('C1')).toMatchObject({ text: 'cháy nhà', kind: 'fire', severity: 4, place, address: 'số 12', seq: 1_000 });
});

test('numbers grow even when the clock does not', () => {
  const drafts = new Drafts(store(), 'khoa');
  const first = drafts.keep(written('C1', 'a'), 1_000);
  const second = drafts.keep({ ...first, text: 'ab' }, 400);
  expect(second.seq).toBeGreaterThan(first.seq);
});

test('of what is here and what the centre has, the newer is taken, whichever it is', () => {
  const drafts = new Drafts(store(), 'khoa');
  drafts.keep(written('C1', 'here'), 1_000);
  expect(drafts.take({ ...written('C1', 'older'), seq: 900 }).text).toBe('here');
  expect(drafts.take({ ...written('C1', 'newer'), seq: 2_000 }).text).toBe('newer');
  expect(drafts.of('C1').text).toBe('newer');
});

test('each call has its own draft; the oldest leave at the bound, and what was saved is gone', () => {
  const drafts = new Drafts(store(), 'khoa');
  for (let n = 0; n <= DRAFTS_MAX; n += 1) drafts.keep(written(`C${n}`, 'x'), 1_000 + n);
  expect(isWritten(drafts.of('C0'))).toBe(false);
  expect(drafts.written()).toHaveLength(DRAFTS_MAX);
  drafts.drop(`C${DRAFTS_MAX}`);
  expect(drafts.written().map(({ call }) => call)).not.toContain(`C${DRAFTS_MAX}`);
});

test('whoever signs in next on this machine does not read it', () => {
  const machine = store();
  new Drafts(machine, 'khoa').keep(written('C1', 'a caller’s words'), 1);
  expect(new Drafts(machine, 'hoa').written()).toEqual([]);
});

test('a machine that keeps nothing says so, and what it kept and cannot be read is nothing', () => {
  const full = new Drafts(new MachineDrafts(undefined, { ...memory(), setItem: () => { throw new Error('full'); } }), 'khoa');
  full.keep(written('C1', 'x'), 1);
  expect(full.isKept).toBe(false);
  expect(full.of('C1').text).toBe('x');
  expect(draftOf({ severity: 9, place: { latitude: 'x' }, text: 5, kind: 'brand_new' }, 'C1')).toEqual({ ...emptyDraft('C1'), kind: 'other' });
});
