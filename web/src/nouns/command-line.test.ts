import { expect, test } from 'vitest';
import { complete, fitting, VERBS, verbWord, type Choice, type Verb } from './command-line';

const KINDS: Choice[] = [
  { value: 'fire', label: 'Cháy', also: 'fire' },
  { value: 'flood', label: 'Ngập lụt', also: 'flood' },
  { value: 'traffic', label: 'Giao thông', also: 'traffic' },
];
const LINES: Choice[] = [{ value: '115', label: '115', also: 'cấp cứu' }];
const choices = (verb: Verb, typed: string) => (verb === 'kind' ? fitting(KINDS, typed) : verb === 'transfer' ? fitting(LINES, typed) : []);
const lines = (typed: string) => complete(typed, choices, 'vi').map(({ line }) => line);
const first = (typed: string) => complete(typed, choices, 'vi')[0];

test('an empty line shows all that can be ordered', () => {
  expect(complete('', choices, 'vi')).toHaveLength(VERBS.length);
  expect(complete('/', choices, 'en').map(({ line }) => line.trim())).toContain('dispatch');
});

test('verbs by their beginning, in both languages, with marks or without', () => {
  for (const typed of ['chu', 'chuyển', 'CHUYEN', 'trans', 't', '/t']) expect(first(typed)?.verb, typed).toBe('transfer');
  expect(first('san')?.verb).toBe('ready');
  expect(first('sẵn sàng')).toMatchObject({ verb: 'ready', isWhole: true });
  // A short word is meant exactly; what only begins with it comes after.
  expect(complete('k', choices, 'vi').map(({ verb }) => verb)).toEqual(['kind', 'end']);
});

test('a verb that needs something is not whole without it', () => {
  expect(first('loai')).toMatchObject({ line: 'loại ', isWhole: false });
  expect(lines('loai ')).toEqual(['loai Cháy', 'loai Ngập lụt', 'loai Giao thông']);
  expect(first('k ngap')).toMatchObject({ verb: 'kind', choice: { value: 'flood' }, isWhole: true, line: 'k Ngập lụt' });
  expect(first('kind fire')).toMatchObject({ choice: { value: 'fire' } });
  expect(complete('k zzz', choices, 'vi')).toEqual([]);
});

test('what may be text is taken as it stands, behind what is known', () => {
  expect(complete('chuyen 0912345678', choices, 'vi')).toMatchObject([{ verb: 'transfer', choice: { value: '0912345678' } }]);
  expect(first('chuyen cap cuu')?.choice?.value).toBe('115');
  expect(first('nghỉ ăn trưa')).toMatchObject({ verb: 'break', choice: { value: 'ăn trưa' } });
  expect(first('nghi ')).toMatchObject({ verb: 'break', choice: undefined });
});

test('a verb that takes nothing takes nothing', () => {
  expect(complete('lưu ', choices, 'vi')).toMatchObject([{ verb: 'save', isWhole: true }]);
  expect(complete('lưu gì đó', choices, 'vi')).toEqual([]);
});

test('each verb is reached by its own word', () => {
  for (const verb of VERBS) for (const language of ['vi', 'en'] as const) expect(first(verbWord(verb, language))?.verb, verbWord(verb, language)).toBe(verb);
});
