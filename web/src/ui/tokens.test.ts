// Contrast of all text in both themes (WCAG 2.2, 1.4.3 and 1.4.6). axe sees what a page shows on the day of its test; these are all pairs
// that the tokens can make, also those of a state that no test comes to.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

type Theme = ReadonlyMap<string, string>;
/** What is needed of any text, and of what the wall says in its own ink: it is read from the other end of a room. */
const [LEAST, WALL] = [4.5, 7];

const SOURCE = new URL('..', import.meta.url).pathname;
const css = readFileSync(`${SOURCE}/ui/tokens.css`, 'utf8');
const [ofLight = '', ofDark = ''] = css.split("[data-theme='dark']");
const tokensOf = (text: string): Theme => new Map([...text.matchAll(/--([\w-]+): (#[\da-f]{6});/g)].map(([, name, hex]) => [name!, hex!]));
const THEMES = { light: tokensOf(ofLight), dark: tokensOf(ofDark) };

const channels = (hex: string) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
/** As `color-mix(in srgb, a n%, b)` mixes. */
const mixed = (a: string, share: number, b: string) => `#${channels(a).map((value, at) => Math.round(share * value + (1 - share) * channels(b)[at]!).toString(16).padStart(2, '0')).join('')}`;
const luminance = (hex: string) => {
  const [r = 0, g = 0, b = 0] = channels(hex).map((value) => value / 255).map((share) => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((one, other) => one - other);
  return (high + 0.05) / (low + 0.05);
}

/** The colour of a token, or of what the banners mix for a level: "level 5" on "banner 5". */
function colourOf(theme: Theme, name: string): string {
  const token = (of: string) => {
    const hex = theme.get(of);
    if (hex === undefined) throw new Error(`no token --${of}`);
    return hex;
  };
  const [part, level] = name.split(' ');
  if (part === 'level') return mixed(token(`sev-${level}`), 0.82, token('ink'));
  if (part === 'banner') return mixed(token(`sev-${level}`), 0.13, token('panel'));
  return token(name);
}

const LEVELS = ['1', '2', '3', '4', '5'];
const times = (texts: readonly string[], grounds: readonly string[]) => texts.flatMap((text) => grounds.map((ground) => [text, ground] as const));
/** Text on its ground: what people read. */
const READ = [
  ...times(['ink', 'ink-2'], ['ground', 'panel', 'panel-raised', 'control', 'sev-4-soft', 'sev-5-soft', 'stale-soft', ...LEVELS.map((level) => `banner ${level}`)]),
  ...times(['ink'], ['control-hover']),
  ...times(['panel'], ['ink', 'ink-2', 'stale']),
];
/** Text that says by its colour as well what its shape, number or word says, and what waits for somebody to write or may not be pressed. */
const MARKED = [
  ...times(['ink-3'], ['ground', 'panel', 'panel-raised', 'control']),
  ...times([...LEVELS.map((level) => `sev-${level}`), 'good', 'stale', 'exercise', 'focus'], ['panel', 'panel-raised']),
  ...times(['sev-4'], ['sev-4-soft']), ...times(['sev-5'], ['sev-5-soft']), ...times(['stale'], ['stale-soft']),
  ...LEVELS.flatMap((level) => [['sev-ink', `sev-${level}`], [`level ${level}`, `banner ${level}`]] as const),
  ...times(['map-label', 'map-label-2'], ['map-halo']),
];
/** Those of the second list that do not reach what the first must: whoever changes a token sees here what it costs. */
const BELOW_WALL = {
  light: [
    'ink-3 on ground', 'ink-3 on panel', 'ink-3 on panel-raised', 'ink-3 on control', 'sev-1 on panel', 'sev-1 on panel-raised',
    'sev-2 on panel', 'sev-2 on panel-raised', 'sev-3 on panel', 'sev-3 on panel-raised', 'sev-4 on panel', 'sev-4 on panel-raised',
    'sev-5 on panel', 'sev-5 on panel-raised', 'good on panel', 'good on panel-raised', 'exercise on panel', 'exercise on panel-raised',
    'focus on panel', 'focus on panel-raised', 'sev-4 on sev-4-soft', 'sev-5 on sev-5-soft', 'stale on stale-soft',
    'level 1 on banner 1', 'sev-ink on sev-2', 'level 2 on banner 2', 'sev-ink on sev-3', 'level 3 on banner 3', 'sev-ink on sev-4',
    'level 4 on banner 4', 'sev-ink on sev-5', 'level 5 on banner 5', 'map-label-2 on map-halo',
  ],
  dark: [
    'ink-3 on ground', 'ink-3 on panel', 'ink-3 on panel-raised', 'ink-3 on control', 'sev-1 on panel-raised', 'sev-2 on panel-raised',
    'sev-5 on panel', 'sev-5 on panel-raised', 'good on panel-raised', 'sev-5 on sev-5-soft', 'level 1 on banner 1',
    'level 2 on banner 2', 'sev-ink on sev-5', 'level 5 on banner 5', 'map-label-2 on map-halo',
  ],
};

const below = (theme: Theme, pairs: readonly (readonly [string, string])[], bound: number) =>
  pairs.filter(([text, ground]) => contrast(colourOf(theme, text), colourOf(theme, ground)) < bound).map(([text, ground]) => `${text} on ${ground}`);

test('contrast is what WCAG says it is', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
  expect(mixed('#ff0000', 0.5, '#0000ff')).toBe('#800080');
});

for (const name of ['light', 'dark'] as const) {
  const theme = THEMES[name];

  test(`every text has 4.5 to 1, and what the wall says has 7 to 1, ${name}`, () => {
    expect(below(theme, [...READ, ...MARKED], LEAST)).toEqual([]);
    expect(below(theme, READ, WALL)).toEqual([]);
  });

  test(`which marks have less than 7 to 1 is known, ${name}`, () => {
    expect(below(theme, MARKED, WALL)).toEqual(BELOW_WALL[name]);
  });
}

/** How far a colour is on the side of red, orange and yellow: red above blue, of 255. */
const warmth = (hex: string) => {
  const [red = 0, , blue = 0] = channels(hex);
  return red - blue;
};
/** No more than this is grey, or a road on a map; no less than that is seen as red, orange or yellow. */
const [GREY, WARM] = [64, 100];

for (const [name, theme] of Object.entries(THEMES)) {
  test(`red, orange and yellow are those of the three levels that call for somebody, and of nothing that is normal, ${name}`, () => {
    const calls = [...theme].filter(([token]) => /^sev-[345]$/.test(token));
    expect(calls.filter(([, hex]) => warmth(hex) < WARM)).toEqual([]);
    expect(calls).toHaveLength(3);
    expect([...theme].filter(([token, hex]) => !token.startsWith('sev-') && warmth(hex) > GREY)).toEqual([]);
  });
}

test('every token that colours a text is held to it', () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(svelte|css)$/.test(file));
  const used = new Set(files.flatMap((file) => [...readFileSync(`${SOURCE}/${file}`, 'utf8').matchAll(/(?<![\w-])color: var\(--([\w-]+)\)/g)].map(([, token]) => token!)));
  // A level's own colour, by whichever level a row has.
  used.delete('c');
  const held = new Set([...READ, ...MARKED].map(([text]) => text));
  expect([...used].filter((token) => !held.has(token))).toEqual([]);
});
