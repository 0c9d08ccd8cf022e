import { expect, test } from 'vitest';
import { emptyDraft } from '../nouns/draft';
import { AGE_MS_MAX, MachineDrafts, ROWS_MAX, type Disk } from './draft-store';
import { memory } from './memory.fixture';

const written = (call: string, text: string, seq: number) => ({ ...emptyDraft(call), text, seq });
const NOW_MS = 5_000;

/** A disk that answers when it is told to. */
function diskOf(kept = new Map<string, string>()) {
  const waiting: (() => void)[] = [];
  const disk: Disk = {
    texts: () => Promise.resolve([...kept.values()]),
    write: (key, text) =>
      new Promise((resolve) => {
        waiting.push(() => {
          if (text === undefined) kept.delete(key);
          else kept.set(key, text);
          resolve(true);
        });
      }),
  };
  /** Answers all that is asked, and what is asked because of that. */
  const settle = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      next();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { disk, kept, waiting, settle };
}

test('each change goes to the disk, and until it is there it stands where a page that dies leaves it', async () => {
  const { disk, kept, waiting, settle } = diskOf();
  const local = memory();
  const drafts = await new MachineDrafts(disk, local).load(NOW_MS);
  drafts.put('khoa', written('C1', 'c', 1));
  drafts.put('khoa', written('C1', 'ch', 2));
  drafts.put('khoa', written('C1', 'chá', 3));
  expect(kept.size).toBe(0);
  expect(waiting).toHaveLength(1);
  // The page dies here: what the next one finds has all of it.
  const found = await new MachineDrafts(diskOf().disk, memory(new Map(local.kept))).load(NOW_MS);
  expect(found.of('khoa')).toMatchObject([{ call: 'C1', text: 'chá' }]);
  await settle();
  expect(local.kept.size).toBe(0);
  expect((await new MachineDrafts(diskOf(kept).disk, memory()).load(NOW_MS)).of('khoa')).toMatchObject([{ text: 'chá' }]);
  expect(drafts.isKept).toBe(true);
});

test('what was saved leaves the disk too, also when the page dies before the disk was told', async () => {
  const first = diskOf();
  const local = memory();
  const drafts = await new MachineDrafts(first.disk, local).load(NOW_MS);
  drafts.put('khoa', written('C1', 'cháy', 1));
  await first.settle();
  drafts.drop('khoa', 'C1');
  expect(first.kept.size).toBe(1);
  const second = diskOf(first.kept);
  const again = await new MachineDrafts(second.disk, local).load(NOW_MS);
  expect(again.of('khoa')).toEqual([]);
  await second.settle();
  expect(second.kept.size).toBe(0);
  expect(local.kept.size).toBe(0);
});

test('what an earlier version kept in localStorage moves to the disk once, and what is newer there stays', async () => {
  const { disk, kept, settle } = diskOf();
  const local = memory();
  local.setItem('trongdong.console', JSON.stringify({ person: 'khoa', drafts: [written('C1', 'cũ', 7), written('', 'không có cuộc gọi', 8)] }));
  const drafts = await new MachineDrafts(disk, local).load(NOW_MS);
  expect(drafts.of('khoa').map(({ text }) => text).sort()).toEqual(['cũ', 'không có cuộc gọi']);
  expect(local.getItem('trongdong.console')).toBeNull();
  await settle();
  expect([kept.size, local.kept.size]).toEqual([2, 0]);
  drafts.put('khoa', written('C1', 'mới', 9));
  await settle();
  local.setItem('trongdong.console', JSON.stringify({ person: 'khoa', drafts: [written('C1', 'cũ', 7)] }));
  const again = await new MachineDrafts(disk, local).load(NOW_MS);
  expect(again.of('khoa').find(({ call }) => call === 'C1')?.text).toBe('mới');
  expect(local.kept.size).toBe(0);
});

test('a browser without IndexedDB keeps in localStorage, and one that refuses both says so', async () => {
  const local = memory();
  const drafts = await new MachineDrafts(undefined, local).load(NOW_MS);
  drafts.put('khoa', written('C1', 'x', 1));
  expect(drafts.isKept).toBe(true);
  expect((await new MachineDrafts(undefined, local).load(NOW_MS)).of('khoa')).toMatchObject([{ text: 'x' }]);
  drafts.drop('khoa', 'C1');
  expect(local.kept.size).toBe(0);
  const none = await new MachineDrafts(undefined, undefined).load(NOW_MS);
  none.put('khoa', written('C1', 'x', 1));
  expect(none.isKept).toBe(false);
  // A disk that takes nothing any more is made up for by localStorage; one without either is said.
  for (const [rest, isKept] of [[memory(), true], [undefined, false]] as const) {
    const full = new MachineDrafts({ texts: () => Promise.resolve([]), write: () => Promise.resolve(false) }, rest);
    full.put('khoa', written('C1', 'x', 1));
    await new Promise((resolve) => setImmediate(resolve));
    expect(full.isKept).toBe(isKept);
  }
});

test('what another tab writes is known here, and never made older', async () => {
  const channel = { postMessage: () => {}, onmessage: null as ((event: MessageEvent) => void) | null };
  const drafts = new MachineDrafts(undefined, memory(), channel);
  let told = 0;
  drafts.watch(() => (told += 1));
  const hear = (text: string) => channel.onmessage?.({ data: ['trongdong.draft/khoa/C1', text] } as MessageEvent);
  hear(JSON.stringify({ person: 'khoa', draft: written('C1', 'mới', 5) }));
  hear(JSON.stringify({ person: 'khoa', draft: written('C1', 'cũ', 4) }));
  expect(drafts.of('khoa')).toMatchObject([{ text: 'mới' }]);
  hear('');
  expect(drafts.of('khoa')).toEqual([]);
  expect(told).toBe(3);
});

test('drafts are bounded by number and age, over all who work here', async () => {
  const drafts = await new MachineDrafts(undefined, memory()).load(NOW_MS);
  for (let n = 0; n <= ROWS_MAX; n += 1) drafts.put(`p${n % 7}`, written(`C${n}`, 'x', 1_000 + n));
  const all = [0, 1, 2, 3, 4, 5, 6].flatMap((n) => drafts.of(`p${n}`));
  expect(all).toHaveLength(ROWS_MAX);
  expect(all.map(({ call }) => call)).not.toContain('C0');
  const local = memory();
  new MachineDrafts(undefined, local).put('khoa', written('C1', 'x', 1));
  expect((await new MachineDrafts(undefined, local).load(AGE_MS_MAX + 2)).of('khoa')).toEqual([]);
});
