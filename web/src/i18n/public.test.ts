import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { publicEn } from './public.en';
import { publicVi } from './public.vi';

const SOURCE = new URL('..', import.meta.url).pathname;
const pages = ['shell/PublicPage.svelte', ...['tell', 'follow'].flatMap((folder) => readdirSync(`${SOURCE}/screens/${folder}`).map((name) => `screens/${folder}/${name}`))];
const sources = pages.map((name) => readFileSync(`${SOURCE}/${name}`, 'utf8')).join('\n');

test('every word of the public pages is used', () => {
  const keys = Object.values(publicVi).flatMap((group) => Object.keys(group));
  expect(keys.length).toBeGreaterThan(50);
  expect(keys.filter((key) => !new RegExp(`\\bt(ell)?\\.${key}\\b`).test(sources))).toEqual([]);
});

test('no sentence is left in the other language', () => {
  const sentences = (words: object): string[] => Object.values(words).flatMap((word) => (typeof word === 'string' ? [word] : typeof word === 'object' ? sentences(word as object) : []));
  const [vi, en] = [sentences(publicVi), sentences(publicEn)];
  expect(en.length).toBe(vi.length);
  expect(en.filter((sentence, at) => sentence === vi[at])).toEqual([]);
});
