import { afterEach, beforeEach, expect, test, vi } from 'vitest';

interface Said {
  hello: string;
}
const VI: Said = { hello: 'chào' };
const EN: Said = { hello: 'hello' };
let kept: Map<string, string>;

beforeEach(() => {
  kept = new Map();
  vi.stubGlobal('localStorage', { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) });
});
afterEach(() => vi.unstubAllGlobals());

async function page(address: string, en: () => Promise<Said>) {
  const { Choices } = await import('./choices.svelte');
  const choices = new Choices<Said>();
  choices.say({ vi: VI, en });
  choices.load(new URLSearchParams(address));
  await choices.ready();
  return choices;
}

test('Vietnamese is there at once, and English is not read before somebody wants it', async () => {
  const en = vi.fn(async () => EN);
  const choices = await page('', en);
  expect([choices.t.hello, choices.language]).toEqual(['chào', 'vi']);
  expect(en).not.toHaveBeenCalled();
  await choices.turnLanguage();
  await choices.turnLanguage();
  await choices.turnLanguage();
  expect([choices.t.hello, choices.language]).toEqual(['hello', 'en']);
  expect(en).toHaveBeenCalledTimes(1);
  expect(kept.get('trongdong.settings')).toContain('"language":"en"');
});

test('a page that opens in English waits for its words', async () => {
  expect((await page('lang=en', async () => EN)).t.hello).toBe('hello');
});

test('words that cannot be had leave the page in the language that it speaks, and it says which', async () => {
  const none = () => Promise.reject(new Error('no line'));
  const opened = await page('lang=en', none);
  expect([opened.t.hello, opened.language]).toEqual(['chào', 'vi']);
  const turned = await page('', none);
  await turned.turnLanguage();
  expect([turned.t.hello, turned.language, kept.size]).toEqual(['chào', 'vi', 0]);
});
