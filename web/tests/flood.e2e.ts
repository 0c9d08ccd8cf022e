// A storm of alarms on the wall: gathered by cause, the worst apart, everything counted, and each to be seen on demand.
import { readFileSync } from 'node:fs';
import { expect } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { enter, fake, panel } from './page';

const WORDS = { vi, en };

test.afterEach(({ page }) => fake(page, 'storm?n=0'));

for (const [lang, says] of [
  ['vi', { panel: 'Cảnh báo', flood: 'DỒN DẬP', health: ['Đánh giá', 'Đánh giá cảnh báo', 'Chập chờn nhiều nhất', 'Lặp lại 4 lần', /Khẩn cấp.*vượt/], gathered: /Đã gom \d+ cảnh báo vào \d+ dòng/, each: 'Hiện từng cảnh báo', fold: 'Gom lại', incident: 'Sự cố I4815', count: /(\d+) cảnh báo/ }],
  ['en', { panel: 'Alarms', flood: 'FLOOD', health: ['Health', 'Health of the alarms', 'Chatter most', 'Came up 4 times', /Critical.*over/], gathered: /\d+ alarms are gathered in \d+ rows/, each: 'Show each alarm', fold: 'Gather', incident: 'Incident I4815', count: /(\d+) alarms/ }],
] as const) {
  test(`more alarms than one person can look at are gathered by cause, the worst apart, ${lang}`, async ({ page }) => {
    await page.setViewportSize({ width: 1920, height: 3200 });
    await enter(page, `?nomap=1&lang=${lang}`);
    const alarms = panel(page, new RegExp(`^${says.panel}$`));
    await expect(alarms.getByRole('listitem').first()).toBeVisible();
    await expect(alarms).not.toContainText(says.flood);
    await fake(page, 'storm?n=16');
    await expect(alarms).toContainText(says.flood);
    await expect(alarms).toContainText(says.gathered);
    // The worst has a row of its own, above all gathered ones.
    const rows = alarms.getByRole('listitem');
    const levels = async () => (await rows.locator('svg text').allTextContents()).map(Number);
    expect((await levels())[0]).toBe(5);
    const worst = rows.filter({ hasText: 'storm-0' });
    await expect(worst).toBeVisible();
    await expect(worst.getByRole('button', { expanded: false })).toHaveCount(0);
    // What is gathered says what it stands for, and shows it when asked.
    const group = rows.filter({ hasText: says.incident });
    const stands = Number(says.count.exec((await group.textContent()) ?? '')?.[1]);
    expect(stands).toBeGreaterThan(1);
    await expect(alarms).not.toContainText('storm-3:');
    const before = await rows.count();
    await group.getByRole('button', { expanded: false }).click();
    await expect(rows).toHaveCount(before + stands);
    await expect(alarms).toContainText('storm-3:');
    await group.getByRole('button', { expanded: true }).click();
    await expect(rows).toHaveCount(before);
    // Every alarm that waits is counted, whether its row is to be seen or not.
    await alarms.getByRole('button', { name: says.each }).click();
    await expect.poll(() => rows.count()).toBeGreaterThanOrEqual(16);
    await alarms.getByRole('button', { name: says.fold }).click();
    await expect(rows).toHaveCount(before);
    await fake(page, 'storm?n=0');
    await expect(alarms).not.toContainText(says.flood);
  });

  test(`a flood that is played is counted by itself and says so, ${lang}`, async ({ page }) => {
    const t = WORDS[lang];
    await enter(page, `?nomap=1&lang=${lang}`);
    const alarms = panel(page, new RegExp(`^${says.panel}$`));
    await expect(alarms.getByRole('listitem').first()).toBeVisible();
    await fake(page, 'storm?n=16&exercise=1');
    // Real ones stand in the list as well; they are not of it.
    const heading = alarms.locator('.flood p').first();
    await expect(heading).toHaveText(`${t.parts.flood.heading('16')} ${t.incident.exercise}`);
    await fake(page, 'storm?n=16');
    await expect(heading).toContainText(says.flood);
    await expect(heading).not.toContainText(t.incident.exercise);
  });

  test(`how well the alarms themselves are is said beside what should be, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    const [open, heading, worst, times, over] = says.health;
    const ask = panel(page, new RegExp(`^${says.panel}$`)).getByRole('button', { name: open, exact: true });
    await ask.click();
    const dialog = page.getByRole('dialog', { name: heading });
    await expect(dialog.getByRole('list', { name: worst }).getByRole('listitem').first()).toContainText(times);
    // More than one in twenty is critical, here.
    await expect(dialog.getByRole('row', { name: over })).toBeVisible();
    // The week by days, and as a file that can be handed in.
    const week = WORDS[lang].parts.health.week;
    await expect(dialog.getByRole('table', { name: week.heading, exact: true }).getByRole('row')).toHaveCount(8);
    const saved = page.waitForEvent('download');
    await dialog.getByRole('button', { name: week.csv }).click();
    const file = await saved;
    expect(file.suggestedFilename()).toMatch(/^alarms-\d{4}-\d{2}-\d{2}\.csv$/);
    const lines = readFileSync(await file.path(), 'utf8').split('\r\n');
    expect(lines[0]).toContain(`${week.day},1–3,4,5,${week.all}`);
    expect(lines).toHaveLength(12);
    await page.keyboard.press('Escape');
    await expect(dialog).toHaveCount(0);
    await expect(ask).toBeFocused();
  });
}
