// Cameras of a wall: a still each, with its age, whose line is let go again; those before an incident and the chosen one play; a
// sensitive one is asked for by nobody but a person.
import { expect, type Page } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { enter, fake, file, panel } from './page';

const WORDS = { vi, en };
const SENSITIVE = 'cam-10';
interface Lines {
  now: string[];
  asks: Record<string, number>;
}
const lines = async (page: Page) => (await (await fake(page, 'lines')).json()) as Lines;

/** How often the sensitive one was asked for by then: other tests do. */
let asked = 0;
test.beforeEach(async ({ page }) => {
  asked = (await lines(page)).asks[SENSITIVE] ?? 0;
});

for (const lang of ['vi', 'en'] as const) {
  const t = WORDS[lang].camera;

  test(`cameras of the wall show a still with its age, and play before an incident or when they are chosen, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    const cameras = panel(page, new RegExp(`^${t.heading}$`));
    const tiles = cameras.getByRole('button');
    const playing = cameras.locator('[data-mode=live]');
    // "ảnh 5 s trước": the words around the age.
    const [before = '', after = ''] = t.still('\n').split('\n');
    const still = tiles.filter({ hasText: new RegExp(`${before}\\d+ .+${after}`) });
    await expect(tiles).toHaveCount(6);
    await expect(playing).toHaveCount(2);
    await expect(playing.first()).toContainText(new RegExp(t.fps('[1-9]\\d*')), { timeout: 15_000 });
    // All others have a still, or say that there is no signal, and nobody's line is open but those that play.
    const others = await tiles.filter({ hasNot: page.locator('[data-mode=live]') }).count();
    const dark = tiles.filter({ hasText: t.noSignal });
    await expect(async () => {
      expect((await still.count()) + (await dark.count())).toBe(others);
    }).toPass({ timeout: 30_000 });
    await expect(still.first()).toBeVisible();
    const live = async () => (await playing.evaluateAll((all) => all.map((one) => one.closest('[data-id]')?.getAttribute('data-id') ?? ''))).sort();
    await expect.poll(async () => (await lines(page)).now).toEqual(await live());
    // A chosen one plays beside them, and is a still again when its file is closed.
    const id = (await still.first().getAttribute('data-id')) ?? '';
    await cameras.locator(`[data-id=${id}]`).click();
    await expect(file(page, id)).toBeVisible();
    await expect(cameras.locator(`[data-id=${id}] [data-mode=live]`)).toContainText(new RegExp(t.fps('[1-9]\\d*')), { timeout: 15_000 });
    await page.keyboard.press('Escape');
    await expect(cameras.locator(`[data-id=${id}] [data-mode=live]`)).toHaveCount(0);
    await expect(cameras.locator(`[data-id=${id}]`)).toContainText(new RegExp(`${before}\\d+ .+${after}`));
    await expect.poll(async () => (await lines(page)).now).toEqual(await live());
    expect((await lines(page)).asks[SENSITIVE] ?? 0).toBe(asked);
  });
}
