// The wall and a crew's phone stay lit while they are shown, and say so when the device refuses.
import { expect, type Page } from '@playwright/test';
import { test } from './anew';
import { crew, enter } from './page';

interface Lamp {
  asked: number;
  lit: number;
}

/** A device that counts who keeps it lit, or refuses. */
async function lamp(page: Page, refuses = false): Promise<() => Promise<Lamp>> {
  await page.addInitScript((no) => {
    const counted: Lamp = { asked: 0, lit: 0 };
    const request = async () => {
      counted.asked += 1;
      if (no) throw new DOMException('low battery', 'NotAllowedError');
      counted.lit += 1;
      const lock = {
        released: false,
        release: async () => {
          if (!lock.released) counted.lit -= 1;
          lock.released = true;
        },
      };
      // A page that is hidden loses it.
      document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && void lock.release());
      return lock;
    };
    Object.defineProperty(navigator, 'wakeLock', { value: { request } });
    Object.assign(window, { __lamp: counted });
  }, refuses);
  return () => page.evaluate(() => (window as unknown as { __lamp: Lamp }).__lamp);
}

/** Hides the page, or shows it again, as far as the page can tell. */
const turn = (page: Page, state: 'hidden' | 'visible') =>
  page.evaluate((to) => {
    Object.defineProperty(document, 'visibilityState', { value: to, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, state);

for (const [name, come] of [
  ['wall', (page: Page) => enter(page)],
  ['phone', (page: Page) => crew(page)],
] as const) {
  test(`the ${name} stays lit while it is shown, and no longer`, async ({ page }) => {
    const lit = await lamp(page);
    await come(page);
    await expect.poll(lit).toEqual({ asked: 1, lit: 1 });
    await turn(page, 'hidden');
    await expect.poll(lit).toEqual({ asked: 1, lit: 0 });
    await turn(page, 'visible');
    await expect.poll(lit).toEqual({ asked: 2, lit: 1 });
    await page.getByRole('button', { name: /^Kết thúc ca/ }).click();
    await expect(page.locator('input[name=person]')).toBeVisible();
    await expect.poll(lit).toEqual({ asked: 2, lit: 0 });
  });
}

for (const [lang, says] of [['vi', 'Màn hình có thể tự tắt'], ['en', 'The screen may go dark']] as const) {
  test(`a phone that may go dark says so, ${lang}`, async ({ page }) => {
    await lamp(page, true);
    await crew(page, `?lang=${lang}`);
    await expect(page.getByText(says)).toBeVisible();
  });
}
