import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { en } from './en';
import { enPhone } from './phone.en';
import { viPhone } from './phone.vi';
import { vi } from './vi';

const SOURCE = new URL('..', import.meta.url).pathname;
const ENDS = ['', '.ts', '.svelte', '.svelte.ts'];

/** Files that come with one, whether at once or later; what is imported for its types alone does not. */
function comesWith(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  const imports = /(?:^|\s)(?:import|export)\s(?!type\s)(?:[^'";]*?\sfrom\s)?'(\.[^']+)'|[^f]\simport\('(\.[^']+)'\)/g;
  for (const [, now, later] of readFileSync(file, 'utf8').matchAll(imports)) {
    const path = resolve(dirname(file), now ?? later ?? '');
    const end = ENDS.find((end) => existsSync(path + end) && /\.\w+$/.test(path + end));
    if (end !== undefined) comesWith(path + end, found);
  }
  return found;
}

test('a phone reads its own words, of both languages, and never those of the rooms', () => {
  const files = [...comesWith(`${SOURCE}unit.ts`)].map((file) => file.slice(SOURCE.length));
  expect(files).toEqual(expect.arrayContaining(['screens/unit/Crew.svelte', 'screens/unit/CrewMap.svelte', 'ui/PhotoStrip.svelte', 'i18n/phone.vi.ts', 'i18n/phone.en.ts']));
  expect(files.filter((file) => /^(i18n\/(vi|en)\.ts|state\/(settings|picture)\.svelte\.ts|gen\/.*\/incident_pb\.ts)$/.test(file))).toEqual([]);
});

test('what a phone says, the rooms say in the same words', () => {
  expect(vi.dispatch.crew).toBe(viPhone.dispatch.crew);
  expect(vi.incident.event).toBe(viPhone.incident.event);
  expect(en.login).toBe(enPhone.login);
  expect(en.incident.heading).not.toBe('');
});
