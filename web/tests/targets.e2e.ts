// What is pressed is large enough: 24 pixels or spaced so on every screen (WCAG 2.5.8), 44 on the pages of phones.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { test } from './anew';
import { LANGUAGES, SCREENS, tidy } from './screens';

const PHONES = ['phone', 'tell', 'follow'];
const THUMB_PX = 44;

test.afterEach(({ page }) => tidy(page));

/** What a thumb cannot hit, with its measures; a field's label is part of its target, and so is a link within a sentence of its line. */
function small(page: Page, least: number): Promise<string[]> {
  return page.evaluate((px) => {
    const targets = [...document.querySelectorAll<HTMLElement>('button, a[href], select, summary, input:not([type=file]), label.photo')];
    return targets.flatMap((target) => {
      const isChoice = target.matches('input[type=radio], input[type=checkbox]');
      const box = ((isChoice ? target.closest('label') : null) ?? target).getBoundingClientRect();
      if (box.width < 1 || getComputedStyle(target).visibility !== 'visible' || target.closest('.sr-only, p a, span a') !== null) return [];
      // Half a pixel is lost to rounding.
      return box.width < px - 0.5 || box.height < px - 0.5 ? [`${target.tagName} "${(target.textContent ?? '').trim().slice(0, 30)}" ${Math.round(box.width)} × ${Math.round(box.height)}`] : [];
    });
  }, least);
}

for (const [name, come] of Object.entries(SCREENS)) {
  for (const lang of LANGUAGES) {
    test(`every target on ${name} is large enough, ${lang}`, async ({ page }) => {
      await come(page, lang);
      const { violations } = await new AxeBuilder({ page }).withRules(['target-size']).analyze();
      expect(violations.flatMap(({ nodes }) => nodes.map(({ html }) => html.slice(0, 160)))).toEqual([]);
      if (!PHONES.includes(name)) return;
      for (const width of [320, 390]) {
        await page.setViewportSize({ width, height: 780 });
        expect(await small(page, THUMB_PX), `${width} pixels`).toEqual([]);
      }
    });
  }
}
