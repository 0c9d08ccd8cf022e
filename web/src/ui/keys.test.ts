import { expect, test } from 'vitest';
import { enParts } from '../i18n/parts.en';
import { viParts } from '../i18n/parts.vi';
import { nameOf } from './keys';

const press = { altKey: false, ctrlKey: false, metaKey: false, shiftKey: false };

test('one function key does the same on every screen that has it', () => {
  for (const { keys } of [viParts, enParts]) {
    const meanings = new Map<string, Set<string>>();
    for (const [key, does] of Object.values(keys.own).flat()) {
      // What a key does everywhere stands before the colon, what that is on this screen after it.
      if (/F\d+$/.test(key)) meanings.set(key, (meanings.get(key) ?? new Set()).add(does.split(':')[0]!));
    }
    expect([...meanings].filter(([, said]) => said.size > 1)).toEqual([]);
    const shared = (key: string) => Object.values(keys.own).filter((rows) => rows.some(([one]) => one === key)).length;
    expect(['F1', 'F2', 'F4', 'F9'].map(shared)).toEqual([3, 3, 2, 3]);
  }
});

test('a key is named as the lists name it, a letter by its place', () => {
  expect(nameOf({ ...press, key: 'F2', code: 'F2' })).toBe('F2');
  expect(nameOf({ ...press, shiftKey: true, key: 'F2', code: 'F2' })).toBe('Shift+F2');
  expect(nameOf({ ...press, altKey: true, key: 'F4', code: 'F4' })).toBe('Alt+F4');
  expect(nameOf({ ...press, altKey: true, key: 'ñ', code: 'KeyN' })).toBe('Alt+N');
});
