import { expect, test } from 'vitest';
import { EMPTY_DRAFT, lackOf, letterOf, newKey, REPORT_LINE_MAX, REPORT_TEXT_MAX, type Draft } from '../nouns/report';
import { Letters, SENT_MAX, type LetterStore } from './letters';

function store(kept = ''): LetterStore & { kept: string } {
  return {
    kept,
    getItem() {
      return this.kept === '' ? null : this.kept;
    },
    setItem(_key, value) {
      this.kept = value;
    },
  };
}
const draft: Draft = { ...EMPTY_DRAFT, text: ' Nước lên ', adminUnit: '05482', latitude: 21.5925, longitude: 105.84, contact: '0905' };
const letter = letterOf(draft, 'k'.repeat(32), 'vi');

test('what is written, what waits and what was sent survive a reload', () => {
  const machine = store();
  const letters = new Letters(machine);
  letters.keepDraft(draft);
  expect(new Letters(machine).draft).toEqual(draft);
  letters.post(letter);
  expect(new Letters(machine).waiting).toEqual(letter);
  letters.received('7K3FQ-9XM2A-BCDEH', 5);
  const reloaded = new Letters(machine);
  expect(reloaded.waiting).toBeUndefined();
  expect(reloaded.draft).toEqual(EMPTY_DRAFT);
  expect(reloaded.sent).toEqual([{ code: '7K3FQ-9XM2A-BCDEH', title: 'Nước lên', atMs: 5 }]);
});

test('what the centre refuses is a draft again, and nothing waits', () => {
  const machine = store();
  const letters = new Letters(machine);
  letters.keepDraft(draft);
  letters.post(letter);
  letters.refused();
  expect(new Letters(machine).waiting).toBeUndefined();
  expect(new Letters(machine).draft.text).toBe(draft.text);
});

test('the codes are bounded, each once, and can be forgotten', () => {
  const letters = new Letters(store());
  for (let n = 0; n < SENT_MAX + 5; n += 1) letters.received(`C${n}`, n);
  letters.received('C14', 99);
  expect(letters.sent.length).toBe(SENT_MAX);
  expect(letters.sent.filter(({ code }) => code === 'C14').length).toBe(1);
  letters.forget();
  expect(letters.sent).toEqual([]);
});

test('a machine that keeps nothing, or something else, does no harm', () => {
  const letters = new Letters({ getItem: () => null, setItem: () => { throw new Error('full'); } });
  letters.keepDraft(draft);
  expect(letters.isKept).toBe(false);
  expect(letters.draft).toEqual(draft);
  for (const rubbish of ['', '{', 'null', '[]', '7', '{"draft":7,"waiting":{"key":1},"sent":{}}', '{"sent":[null,{"code":1}],"draft":{"kind":"bomb","latitude":"x"}}']) {
    const taken = new Letters(store(rubbish));
    expect([taken.draft, taken.waiting, taken.sent]).toEqual([EMPTY_DRAFT, undefined, []]);
  }
});

test('what lacks is named, in the order of the page', () => {
  expect(lackOf(EMPTY_DRAFT)).toBe('text');
  expect(lackOf({ ...EMPTY_DRAFT, text: 'x' })).toBe('commune');
  expect(lackOf(draft)).toBeUndefined();
});

test('a letter says where in whole steps, and nothing that was not told', () => {
  expect(letter).toEqual({
    key: 'k'.repeat(32), text: 'Nước lên', contact: '0905', language: 'vi',
    place: { admin_unit: '05482', address: '', latitude_e7: 215_925_000, longitude_e7: 1_058_400_000 },
  });
  const bare = letterOf({ ...EMPTY_DRAFT, text: 'x', adminUnit: 'u', latitude: 1 }, 'k', 'en');
  expect(bare).toEqual({ key: 'k', text: 'x', contact: '', language: 'en', place: { admin_unit: 'u', address: '' } });
});

test('the longest text and line are within the centre\'s bounds, in any script', () => {
  const bytes = (count: number) => new TextEncoder().encode('ộ'.repeat(count)).length;
  expect(bytes(REPORT_TEXT_MAX)).toBeLessThanOrEqual(4096);
  expect(bytes(REPORT_LINE_MAX)).toBeLessThanOrEqual(256);
});

test('a key is 128 bits of chance, within the centre\'s bounds', () => {
  const key = newKey((bytes) => crypto.getRandomValues(bytes));
  expect(key).toMatch(/^[0-9a-f]{32}$/);
  expect(newKey((bytes) => crypto.getRandomValues(bytes))).not.toBe(key);
});
