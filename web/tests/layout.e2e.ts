// Nothing is cut, covered or out of sight from a phone of 320 pixels to a wall of 3840, on any screen, in either language.
import { expect, type Page } from '@playwright/test';
import { FAR_PX } from '../src/nouns/wall-scale';
import { test } from './anew';
import { enter, queue } from './page';
import { LANGUAGES, SCREENS, tidy } from './screens';

const SIZES = [[320, 720], [768, 1024], [1280, 800], [3840, 2160]] as const;

test.afterEach(({ page }) => tidy(page));

/** What does not fit, in words; tables of figures may scroll within their card (WCAG 1.4.10). */
function misfits(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const nameOf = (element: Element) => `${element.tagName.toLowerCase()}.${[...element.classList].filter((name) => !name.startsWith('svelte-')).join('.')} "${(element.textContent ?? '').trim().slice(0, 40)}"`;
    const root = document.documentElement;
    if (root.scrollWidth > innerWidth + 1) found.push(`the page is ${root.scrollWidth} wide`);
    const main = document.querySelector('main');
    if (main !== null && main.scrollWidth > main.clientWidth + 1) found.push(`its content is ${main.scrollWidth} wide in ${main.clientWidth}`);
    // What is clipped away whole is there for readers, or for who comes to it by the keyboard.
    const isShown = (element: Element) => {
      const { width, height } = element.getBoundingClientRect();
      return width >= 1 && height >= 1 && getComputedStyle(element).visibility === 'visible' && getComputedStyle(element).clipPath === 'none' && element.closest('.sr-only') === null;
    };
    // What an ellipsis shortens says so, and is whole in its file; drawings clip themselves.
    const isShortened = (element: Element) => {
      for (let at: Element | null = element; at !== null; at = at.parentElement) if (getComputedStyle(at).textOverflow === 'ellipsis') return true;
      return false;
    };
    for (const element of document.body.querySelectorAll<HTMLElement>('*')) {
      if (element instanceof SVGElement || element.closest('.card table') !== null || !isShown(element)) continue;
      const { left, right } = element.getBoundingClientRect();
      if ((right > innerWidth + 1 || left < -1) && element.closest('.card') === null && !isShortened(element)) found.push(`out of sight: ${nameOf(element)}`);
      const panel = element.parentElement?.closest('.panel');
      if (panel && right > panel.getBoundingClientRect().right + 1 && !isShortened(element)) found.push(`over its panel's edge: ${nameOf(element)}`);
      const { overflowX } = getComputedStyle(element);
      const clips = overflowX === 'hidden' || overflowX === 'clip';
      if (clips && element.matches('h1, h2, h3, button, a, label, .note') && element.scrollWidth > element.clientWidth + 1 && !isShortened(element)) found.push(`cut: ${nameOf(element)}`);
    }
    const parts = [...document.querySelectorAll('.panel, main .card, .banner, .strip, .page > header')].filter(isShown);
    for (const [at, one] of parts.entries()) {
      for (const other of parts.slice(at + 1)) {
        if (one.contains(other) || other.contains(one)) continue;
        const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
        const isOver = a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
        if (isOver) found.push(`one over the other: ${nameOf(one)} and ${nameOf(other)}`);
      }
    }
    return found.slice(0, 12);
  });
}

/** What is read from the farthest seat (DESIGN.md has the rule) and is smaller than that takes, or cut from above or below, in words. */
function tooSmall(page: Page): Promise<string[]> {
  return page.evaluate((leastPx) => {
    const found: string[] = [];
    const said = (element: Element) => `"${(element.textContent ?? '').trim().slice(0, 40)}"`;
    const isShown = (element: Element) => {
      const { width, height } = element.getBoundingClientRect();
      return width >= 1 && height >= 1 && getComputedStyle(element).visibility === 'visible' && element.closest('.sr-only') === null;
    };
    const parts = document.querySelectorAll('section.banner, .panel div.row, .panel .rest, .panel button.row .name > :first-child, .panel button.row .value, section.strip p, header time');
    if (parts.length < 10) found.push(`only ${parts.length} parts were found`);
    for (const element of [...parts].flatMap((part) => [part, ...part.querySelectorAll('*')])) {
      // Keys are for who sits at them; the unit of a figure stands with its sensor's name.
      if (element instanceof SVGElement || element.closest('kbd, .help, .value small') !== null || !isShown(element)) continue;
      const speaks = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && (node.textContent ?? '').trim() !== '');
      const px = Number.parseFloat(getComputedStyle(element).fontSize);
      if (speaks && px < leastPx - 0.01) found.push(`${px} pixels: ${said(element)}`);
    }
    for (const number of document.querySelectorAll('.panel div.row svg text, section.banner svg text')) {
      const height = number.closest('svg')?.getBoundingClientRect().height ?? 0;
      const px = (Number.parseFloat(getComputedStyle(number).fontSize) * height) / 24;
      if (px < leastPx) found.push(`${px} pixels: level ${said(number)}`);
    }
    for (const row of document.querySelectorAll('.panel ol > li, section.banner')) {
      if (isShown(row) && row.scrollHeight > row.clientHeight + 1) found.push(`cut: ${said(row)}`);
    }
    return found.slice(0, 12);
  }, FAR_PX);
}

for (const [name, come] of Object.entries(SCREENS)) {
  for (const lang of LANGUAGES) {
    test(`${name} fits from 320 to 3840 pixels, ${lang}`, async ({ page }) => {
      await come(page, lang);
      for (const [width, height] of SIZES) {
        await page.setViewportSize({ width, height });
        // Lists count anew what fits: until nothing is amiss, or it stays so.
        await expect.poll(() => misfits(page), { message: `${name}, ${width} pixels` }).toEqual([]);
      }
    });
  }
}

for (const lang of LANGUAGES) {
  test(`the wall is read from six metres on a screen of 3840 pixels without anybody asking for it, and as asked where somebody does, ${lang}`, async ({ page }) => {
    const titlePx = () => queue(page).getByRole('listitem').first().getByRole('button').first().evaluate((it) => Number.parseFloat(getComputedStyle(it).fontSize));
    await enter(page, `?nomap=1&lang=${lang}`);
    const deskPx = await titlePx();
    await page.setViewportSize({ width: 3840, height: 2160 });
    await expect.poll(titlePx).toBeGreaterThanOrEqual(57);
    await expect.poll(() => tooSmall(page)).toEqual([]);
    await expect.poll(() => misfits(page)).toEqual([]);
    // What does not fit is counted.
    const rows = queue(page).getByRole('listitem');
    const more = queue(page).getByRole('button', { name: /sự cố phía dưới|incidents below/ });
    const [shown, rest] = [await rows.count(), Number(/\d+/.exec((await more.textContent()) ?? '')?.[0])];
    expect(rest).toBeGreaterThan(0);
    await more.click();
    await expect(rows).toHaveCount(shown + rest);
    await queue(page).getByRole('button', { name: '▲' }).click();
    await page.setViewportSize({ width: 1920, height: 1080 });
    await expect.poll(titlePx).toBe(deskPx);
    await page.goto(`/?nomap=1&scale=2&lang=${lang}`);
    await page.setViewportSize({ width: 3840, height: 2160 });
    await expect.poll(titlePx).toBe(2 * deskPx);
  });
}
