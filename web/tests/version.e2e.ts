// A node that serves a newer build than the page runs: the wall loads itself once and at a quiet moment, a desk is asked to.
import { expect, type Page } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { board, enter, fake } from './page';

const WORDS = { vi, en };
/** Longer than a screen has to be left alone. */
const IDLE_MS = 61_000;

/** From here on the node says that the page's script is another one; what it gives to load stays. Counts how often the page was loaded. */
async function upgraded(page: Page, path: string): Promise<() => number> {
  let loads = 0;
  await page.route(
    (url) => url.pathname === path,
    async (route) => {
      if (route.request().isNavigationRequest()) {
        loads += 1;
        return route.continue();
      }
      const response = await route.fetch();
      return route.fulfill({ response, body: (await response.text()).replace(/(\/assets\/[a-z]+)-[\w-]+\.js/, '$1-newer.js') });
    },
  );
  return () => loads;
}

test.afterEach(async ({ page }) => {
  for (const command of ['storm?n=0', 'seen?on=0']) await fake(page, command);
});

for (const lang of ['vi', 'en'] as const) {
  const t = WORDS[lang].parts.build;
  const note = (page: Page) => page.getByRole('status', { name: t.heading });

  test(`the wall waits for quiet, loads itself, and never twice for one build, ${lang}`, async ({ page }) => {
    await fake(page, 'seen?on=1');
    await page.clock.install();
    const loads = await upgraded(page, '/');
    await enter(page, `?nomap=1&lang=${lang}`);
    await expect(note(page)).toContainText(t.alone);
    expect(loads()).toBe(1);
    // Somebody is being asked something.
    await page.keyboard.press('Alt+n');
    await expect(page.getByRole('dialog')).toBeVisible();
    await page.clock.fastForward(IDLE_MS);
    await expect(page.getByRole('dialog')).toBeVisible();
    expect(loads()).toBe(1);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await page.clock.fastForward(IDLE_MS);
    await expect.poll(loads, { timeout: 30_000 }).toBe(2);
    // The node still names another build than it gave: that is said, and left to a person.
    await expect(note(page)).toContainText(t.desk);
    await page.clock.fastForward(IDLE_MS);
    await expect(note(page)).toContainText(t.desk);
    expect(loads()).toBe(2);
  });

  test(`a desk is told, and is warned of words that would be lost, ${lang}`, async ({ page }) => {
    const loads = await upgraded(page, '/dispatch');
    await board(page, `?lang=${lang}`);
    await expect(note(page)).toContainText(t.desk);
    await page.keyboard.press('Control+k');
    await page.keyboard.type('u cap');
    await note(page).getByRole('button', { name: t.load, exact: true }).click();
    await expect(note(page)).toContainText(t.words);
    expect(loads()).toBe(1);
    await note(page).getByRole('button', { name: t.anyway }).click();
    await expect.poll(loads).toBe(2);
  });
}

test('a node that serves the same build says nothing', async ({ page }) => {
  const asked = page.waitForResponse((response) => new URL(response.url()).pathname === '/' && response.request().resourceType() === 'fetch');
  await enter(page, '?nomap=1&lang=vi');
  await (await asked).finished();
  await expect(page.getByRole('status', { name: vi.parts.build.heading })).toHaveCount(0);
});
