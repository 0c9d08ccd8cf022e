// A new order reaches a crew that does not look at its phone: it shakes, sounds once its sound was turned on, and says so in large words.
import { expect } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { crew } from './page';

declare global {
  interface Window {
    /** What the phone was told to shake, for this test. */
    __shakes: unknown[];
    /** Beats that it was told to sound. */
    __beats: number;
  }
}

// The order is played to the page; no worker stands between.
test.use({ serviceWorkers: 'block' });

const ORDER = {
  incident: 'I4999', kind: 'fire', severity: 'high', summary: 'Cháy nhà dân', exercise: false, place_is_mapped: true, others: [], tasks: [],
  place: { latitude_e7: 215_900_000, longitude_e7: 1_058_400_000, address: 'Số 8 Bến Oánh' },
};

for (const lang of ['vi', 'en'] as const) {
  test(`a new order shakes the phone and sounds, and only a new one, ${lang}`, async ({ page }) => {
    const words = { vi, en }[lang];
    await page.addInitScript(() => {
      window.__shakes = [];
      window.__beats = 0;
      const create = AudioContext.prototype.createOscillator;
      AudioContext.prototype.createOscillator = function (...args) {
        window.__beats += 1;
        return create.apply(this, args);
      };
      Object.defineProperty(navigator, 'vibrate', { value: (pattern: unknown) => window.__shakes.push(pattern) > 0 });
    });
    let isOffered = false;
    let told = 0;
    await page.route('**/api/crew', async (route) => {
      const response = await route.fetch();
      if (!response.ok()) return route.fulfill({ response });
      const body = (await response.json()) as { unit: object };
      told += 1;
      const assignment = { number: 99, steps: [{ status: 'offered' }], offer_due_at_ms: Date.now() + 60_000, checked_in_at_ms: 0, check_in_due_at_ms: 0, check_in_level: 0 };
      const unit = { ...body.unit, status: isOffered ? 'offered' : 'available', duty: { mayday: null, assignment: isOffered ? assignment : null } };
      return route.fulfill({ response, json: { ...body, unit, order: isOffered ? ORDER : null } });
    });
    await crew(page, `?lang=${lang}`);
    await expect(page.locator('main')).toContainText(words.dispatch.crew.noOrder);
    // At the start of a shift somebody turns the sound on, and hears it.
    const beats = () => page.evaluate(() => window.__beats);
    expect(await beats()).toBe(0);
    await page.getByRole('button', { name: words.settings.soundOff, exact: true }).click();
    await expect(page.getByRole('button', { name: words.settings.soundOn, exact: true })).toBeVisible();
    const heard = await beats();
    expect(heard).toBeGreaterThan(0);
    const before = told;
    await expect.poll(() => told, { timeout: 20_000 }).toBeGreaterThan(before);
    expect(await page.evaluate(() => window.__shakes)).toEqual([]);
    expect(await beats()).toBe(heard);
    isOffered = true;
    await expect(page.locator('main')).toContainText('Cháy nhà dân', { timeout: 20_000 });
    await expect(page.getByRole('button', { name: words.dispatch.crew.act.accepted, exact: true })).toBeVisible();
    await expect.poll(() => page.evaluate(() => window.__shakes)).toContainEqual([300, 150, 300]);
    await expect.poll(beats).toBeGreaterThan(heard);
  });
}
