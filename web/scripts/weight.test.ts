import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { filesOf, type Files } from './graph';
import { tooHeavy, weigh } from './weight';

/** Bytes that do not compress. */
const noise = (bytes: number) => randomBytes(bytes);
const files: Files = {
  'page.js': { type: 'chunk', fileName: 'page.js', isEntry: true, facadeModuleId: '/src/page.html', code: 'let page;', imports: ['shared.js'], dynamicImports: ['later.js'], viteMetadata: { importedCss: new Set(['page.css']) } },
  'shared.js': { type: 'chunk', fileName: 'shared.js', code: 'let shared;', imports: ['page.js'] },
  'later.js': { type: 'chunk', fileName: 'later.js', code: noise(4_096).toString('hex'), viteMetadata: { importedCss: new Set(['later.css']) } },
  'page.css': { type: 'asset', fileName: 'page.css', source: noise(2_048) },
  'later.css': { type: 'asset', fileName: 'later.css', source: '' },
};

test('a page weighs what it needs at once, with its styles, and not what comes later', () => {
  expect(filesOf(files, 'page.html')).toEqual(['page.js', 'shared.js', 'page.css']);
  expect(filesOf(files, 'page.html', true).sort()).toEqual(['later.css', 'later.js', 'page.css', 'page.js', 'shared.js']);
  const [first, ...rest] = weigh(files, 'page.html');
  expect(first?.name).toBe('page.css');
  expect(first?.bytes).toBeGreaterThanOrEqual(2_048);
  expect(rest.every(({ bytes }) => bytes < 64)).toBe(true);
});

test('a page over its bound is named with what makes it heavy; one within is not', () => {
  expect(tooHeavy(files, { page: 'page.html', kib: 3, files: 3 })).toBeUndefined();
  expect(tooHeavy(files, { page: 'page.html', kib: 2, files: 3 })).toMatch(/page\.html needs 2\.\d KiB in 3 files[^]*2\.0 KiB page\.css/);
  expect(tooHeavy(files, { page: 'page.html', kib: 3, files: 2 })).toMatch(/in 3 files/);
});

test('a page that is not built is an error that names it', () => {
  expect(() => filesOf(files, 'other.html')).toThrow(/other\.html/);
});
