import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { en } from './en';
import { vi } from './vi';

type Words = { readonly [key: string]: unknown };
const isGroup = (value: unknown): value is Words => typeof value === 'object' && value !== null;

/** All keys of a dictionary, "incident.status.opened". */
function keysOf(words: Words, path = ''): string[] {
  return Object.entries(words).flatMap(([key, value]) => (isGroup(value) ? keysOf(value, `${path}${key}.`) : [`${path}${key}`]));
}

const SOURCE = new URL('..', import.meta.url).pathname;
const sources = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(ts|svelte)$/.test(name) && !/\.test\.ts$|^(gen|i18n\/(?!format))/.test(name))
  .map((name) => readFileSync(`${SOURCE}/${name}`, 'utf8'));

/**
 * Paths of the dictionary that a source reads. Names given to a part of it ("const t = $derived(settings.t.alarm)",
 * "t: ModelsDict['finding']") are followed; a group that is looked up by a name not written there counts whole.
 */
function read(source: string): string[] {
  const roots = new Map([['settings.t', '']]);
  if (/const \{[^}]*\bt\b[^}]*\} = settings;/.test(source)) roots.set('t', '');
  const expand = (name: string, rest: string) => `${roots.get(name)}${rest}`.replace(/^\./, '');
  const chain = () => new RegExp(`(?<![\\w.])(${[...roots.keys()].map((root) => root.replace('.', '\\.')).join('|')})(?!\\w)((?:\\.\\w+|\\['[\\w-]+'\\])*)`, 'g');
  const plain = (rest: string) => rest.replace(/\['([\w-]+)'\]/g, '.$1');
  for (const [, name, of, key] of source.matchAll(/(\w+): (Dict|ModelsDict|DispatchDict)\['(\w+)'\]/g)) {
    roots.set(name!, `${of === 'Dict' ? '' : of === 'ModelsDict' ? '.models' : '.dispatch'}.${key}`);
  }
  let without = source.replace(/(\w+): (Dict|ModelsDict|DispatchDict)\['(\w+)'\]/g, '');
  // Twice, because a name may be given to a part of what has a name.
  for (let round = 0; round < 2; round += 1) {
    const given = new RegExp(`const (\\w+|\\{[^}]*\\}) = (?:\\$derived\\()?${chain().source}(?=\\)?;)`, 'g');
    without = without.replace(given, (_all, names: string, root: string, rest: string) => {
      const path = expand(root, plain(rest));
      for (const name of names.match(/\w+/g) ?? []) {
        roots.set(name, names.startsWith('{') ? `${path === '' ? '' : '.' + path}.${name}` : path === '' ? '' : `.${path}`);
      }
      return '';
    });
  }
  return [...without.matchAll(chain())].map(([, root, rest]) => expand(root!, plain(rest!))).filter((path) => path !== '');
}

test('both languages have the same keys', () => {
  expect(keysOf(en).sort()).toEqual(keysOf(vi).sort());
});

test('every key is used', () => {
  const paths = [...new Set(sources.flatMap(read))];
  const keys = keysOf(vi);
  const used = (key: string) => paths.some((path) => key === path || key.startsWith(`${path}.`) || path.startsWith(`${key}.`));
  expect(keys.filter((key) => !used(key))).toEqual([]);
});
