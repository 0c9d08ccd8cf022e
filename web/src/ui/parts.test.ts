import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

// What is scoped to a component is checked when it is compiled; what is shared is checked here.
const SOURCE = new URL('..', import.meta.url).pathname;
const read = (name: string) => readFileSync(`${SOURCE}/${name}`, 'utf8');
const sources = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(ts|svelte|css)$/.test(name) && !/^gen|\.test\.ts$/.test(name))
  .map(read)
  .join('\n');

test('every shared class is worn by something', () => {
  const classes = new Set([...read('ui/parts.css').matchAll(/\.([a-z][\w-]*)(?=[\s.:,{])/g)].map(([, name]) => name!));
  const worn = (name: string) => new RegExp(`class="[^"]*(?<![\\w-])${name}(?![\\w-])[^"]*"|class:${name}(?![\\w-])`).test(sources);
  expect(classes.size).toBeGreaterThan(10);
  expect([...classes].filter((name) => !worn(name))).toEqual([]);
});

test('every token has a use, and the themes have the same colours', () => {
  const tokens = read('ui/tokens.css');
  const declared = [...tokens.matchAll(/--([\w-]+):/g)].map(([, name]) => name!);
  // Levels are looked up by their number, colours of the map by their name.
  const used = (name: string) => /^sev-[1-5]$/.test(name) || new RegExp(`var\\(--${name}\\)|'${name}'`).test(sources);
  expect(declared.filter((name) => !used(name))).toEqual([]);
  const [light = '', dark = ''] = tokens.split("[data-theme='dark']");
  const colours = (theme: string) => [...theme.matchAll(/--([\w-]+): #/g)].map(([, name]) => name!).sort();
  expect(colours(light)).toEqual(colours(dark));
});

test('what blinks is a symbol, once a second at most, and rests for who wants no motion; nothing else moves without end', () => {
  const css = read('ui/parts.css');
  const [, seconds] = /\.blink \{\s*animation: blink ([\d.]+)s/.exec(css) ?? [];
  expect(Number(seconds)).toBeGreaterThanOrEqual(1);
  expect(css).toMatch(/@media \(prefers-reduced-motion: reduce\) \{\s*\.blink \{\s*animation: none;/);
  const wearers = [...sources.matchAll(/<(\w+)\s(?:[^<>]*\s)?(?:class:blink(?![\w-])|class="(?:[^"]*\s)?blink(?:\s[^"]*)?")/g)].map(([, tag]) => tag);
  expect(wearers.length).toBeGreaterThan(1);
  expect(new Set(wearers)).toEqual(new Set(['svg']));
  expect(sources.match(/animation:[^;]*\binfinite\b/g)).toEqual([expect.stringContaining('blink')]);
});
