// Times as people type them, in both languages and whatever the browser's own language is: what was understood is said with its weekday,
// what was not is said with its remedy, and goes nowhere.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Locator, type Page } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { dayText, minuteOf, timeText } from '../src/nouns/time-field';
import { test } from './anew';
import { enter, enterAt, fake, panel } from './page';

const HOUR_MS = 3_600_000;
const WORDS = { vi, en };
const TUESDAY = { vi: /^thứ ba, 07\/08\/2035, 16:00$/i, en: /^tuesday,? 07\/08\/2035, 16:00$/i };

/** An instruction that lacks nothing but its time. */
async function ask(page: Page, lang: 'vi' | 'en'): Promise<{ dialog: Locator; by: Locator }> {
  const t = WORDS[lang].deadline;
  await enter(page, `?nomap=1&lang=${lang}`);
  await page.getByRole('button', { name: t.giveFrom('').trim() }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(t.what).fill('Kiểm tra kè');
  await dialog.getByLabel(t.owner).fill('dung');
  await dialog.getByLabel(t.where).selectOption({ index: 1 });
  return { dialog, by: dialog.getByLabel(t.by, { exact: true }) };
}

/** Writes over what stands there, key by key. */
async function type(field: Locator, text: string): Promise<void> {
  await field.fill('');
  await field.pressSequentially(text);
}

/** By when it was sent. */
async function due(page: Page, dialog: Locator, send: string): Promise<number> {
  const asked = page.waitForRequest((request) => request.method() === 'POST' && new URL(request.url()).pathname === '/api/instructions');
  await dialog.getByRole('button', { name: send }).click();
  return ((await asked).postDataJSON() as { due_at_ms: number }).due_at_ms;
}

test.beforeEach(async ({ page }) => {
  await fake(page, 'clocks');
});
test.afterEach(async ({ page }) => {
  for (const command of ['role?role=', 'clocks']) await fake(page, command);
});

for (const lang of ['vi', 'en'] as const) {
  const { deadline: t, admin, parts } = WORDS[lang];
  const words = parts.timeField;

  test(`a day goes before its month, and is said with its weekday, ${lang}`, async ({ page }) => {
    const { dialog, by } = await ask(page, lang);
    await type(by, '7/8/2035 16h');
    await expect(by).toHaveAccessibleDescription(TUESDAY[lang]);
    await expect(by).toHaveValue('7/8/2035 16h');
    await page.keyboard.press('Tab');
    await expect(by).toHaveValue('07/08/2035 16:00');
    expect(await due(page, dialog, t.give)).toBe(Date.parse('2035-08-07T16:00:00+07:00'));
    await expect(dialog).toHaveCount(0);
  });

  test(`an hour alone is the next one, ${lang}`, async ({ page }) => {
    const { dialog, by } = await ask(page, lang);
    // Two hours away both ways: the minute that passes meanwhile changes nothing.
    const [later, earlier] = [minuteOf(Date.now() + 2 * HOUR_MS), minuteOf(Date.now() - 2 * HOUR_MS)];
    await type(by, timeText(later).slice(-5));
    await expect(by).toHaveAccessibleDescription(new RegExp(`${dayText(later)}, ${timeText(later).slice(-5)}$`));
    await type(by, timeText(earlier).slice(-5));
    await page.keyboard.press('Tab');
    await expect(by).toHaveValue(timeText(earlier + 24 * HOUR_MS));
    expect(await due(page, dialog, t.give)).toBe(earlier + 24 * HOUR_MS);
  });

  test(`what is no time is said so with its remedy, and is not sent, ${lang}`, async ({ page }) => {
    const { dialog, by } = await ask(page, lang);
    const orders: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST' && new URL(request.url()).pathname === '/api/instructions') orders.push(request.url());
    });
    await type(by, '12/25/2035 16:00');
    // Not while it is written.
    await expect(by).toHaveAttribute('aria-invalid', 'false');
    await page.keyboard.press('Enter');
    await expect(dialog.getByRole('alert')).toHaveText(words.unread(t.by));
    await expect(by).toHaveAttribute('aria-invalid', 'true');
    await expect(by).toHaveAccessibleDescription(words.fault.day('12/25/2035'));
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`)).toEqual([]);
    await type(by, '25/12/2035');
    // The field is left by the very press, which finds its button where it was.
    const place = await dialog.getByRole('button', { name: t.give }).boundingBox();
    await dialog.getByRole('button', { name: t.give }).click();
    await expect(by).toHaveAccessibleDescription(words.fault.noHour('25/12/2035'));
    expect(await dialog.getByRole('button', { name: t.give }).boundingBox()).toEqual(place);
    await expect(dialog.getByRole('alert')).toHaveText(words.unread(t.by));
    expect(orders).toEqual([]);
    await type(by, '25/12/2035 16:00');
    await expect(by).toHaveAttribute('aria-invalid', 'false');
    expect(await due(page, dialog, t.give)).toBe(Date.parse('2035-12-25T16:00:00+07:00'));
  });

  test(`the record is not searched from a time that is none, ${lang}`, async ({ page }) => {
    await fake(page, 'role?role=auditor');
    await enterAt(page, `/record.html?lang=${lang}`, 'kiem');
    const form = page.getByRole('form', { name: admin.record.filters });
    await form.getByLabel(admin.record.why, { exact: true }).fill('thanh tra');
    await type(form.getByLabel(admin.from, { exact: true }), '31/4/2026 00:00');
    await form.getByRole('button', { name: admin.record.find, exact: true }).click();
    await expect(form.getByRole('alert')).toHaveText(words.unread(admin.from));
    await expect(panel(page, admin.record.lines)).toHaveCount(0);
    await form.getByLabel(admin.from, { exact: true }).fill('');
    await form.getByRole('button', { name: admin.record.find, exact: true }).click();
    await expect(panel(page, admin.record.lines)).toBeVisible();
    await expect(form.getByRole('alert')).toHaveText('');
  });
}
