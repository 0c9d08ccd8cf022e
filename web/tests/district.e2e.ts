// A district centre's node whose line to the province is cut: the screens say so, and what is entered is kept and then sent; in both
// languages.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { enter, fake, file, turnTo } from './page';

const WORDS = { vi, en };
const dialog = (page: Page) => page.getByRole('dialog');

test.afterEach(async ({ page }) => {
  await fake(page, 'district?off=1');
  await fake(page, 'quorum?age_ms=0');
});

for (const lang of ['vi', 'en'] as const) {
  const { command, incident: t, kept, line } = WORDS[lang];
  /** In the header: how many commands are kept, refused, or that all are sent. */
  const note = (page: Page) => page.getByRole('banner').getByRole('button', { name: new RegExp([kept.unsent(1), kept.rejected(1), kept.allSent].join('|')) });
  const course = (page: Page, id: string) => file(page, id).getByRole('list', { name: t.timeline });
  // What one language wrote stays in the course of the incident.
  const said = `Nước đã rút ở cầu (${lang})`;

  test(`a cut line is said with the age of the picture, in words of its own, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await fake(page, 'district?cut=1&age_ms=65000');
    await fake(page, 'quorum?age_ms=65000');
    const banner = page.getByRole('alert').filter({ hasText: line.provinceBanner });
    await expect(banner).toContainText(new RegExp(`${line.stale} 01:\\d\\d`));
    await expect(banner).toContainText(line.provinceDetail);
    await expect(page.getByText(line.districtNode)).toBeVisible();
    await fake(page, 'district?cut=0&age_ms=0');
    await fake(page, 'quorum?age_ms=0');
    await expect(page.getByText(line.provinceBanner)).toHaveCount(0);
  });

  test(`what is entered while it is cut is kept over a reload, said to be unsent, and sent once, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await fake(page, 'district?cut=1&age_ms=0');
    await turnTo(page, 'I4815');
    await file(page, 'I4815').getByLabel(t.note, { exact: true }).fill(said);
    await page.keyboard.press('Control+Enter');
    await expect(file(page, 'I4815')).toContainText(command.kept);
    await expect(note(page)).toContainText(kept.unsent(1));

    await page.reload();
    await expect(note(page)).toContainText(kept.unsent(1));
    await turnTo(page, 'I4815');
    await expect(file(page, 'I4815')).toContainText(command.kept);
    await note(page).click();
    await expect(dialog(page)).toContainText(kept.explained);
    await expect(dialog(page)).toContainText(kept.what['incidents/note']!);
    await expect(dialog(page)).toContainText(said);
    await expect(dialog(page)).toContainText(kept.state.waiting);
    const found = await new AxeBuilder({ page }).include('dialog').analyze();
    expect(found.violations).toEqual([]);
    // What is pressed over the list orders nothing behind it, and the list itself is left by Esc alone.
    await dialog(page).getByRole('heading').click();
    for (const key of ['F1', 'Alt+n', 'F9']) await page.keyboard.press(key);
    await expect(dialog(page)).toHaveCount(1);
    await page.keyboard.press('Escape');
    await expect(dialog(page)).toHaveCount(0);
    await expect(course(page, 'I4815').getByText(said)).toHaveCount(0);

    await fake(page, 'district?cut=0&age_ms=0');
    await expect(course(page, 'I4815').getByText(said)).toHaveCount(1);
    await expect(note(page)).toContainText(kept.allSent);
    await note(page).click();
    await expect(dialog(page)).toContainText(kept.state.committed);
  });

  test(`what the province refuses is said where it was entered, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await fake(page, 'district?cut=1&age_ms=0');
    await turnTo(page, 'I4809');
    await file(page, 'I4809').getByLabel(t.note, { exact: true }).fill('Đã xử lý nguồn khí');
    await file(page, 'I4809').getByRole('button', { name: t.resolve, exact: true }).click();
    await expect(file(page, 'I4809')).toContainText(command.kept);
    // Somebody at the province was first.
    await fake(page, 'elsewhere?id=I4809');
    await fake(page, 'district?cut=0&age_ms=0');
    await expect(file(page, 'I4809')).toContainText(`${command.refused}: ${command.refusals['version_conflict']}`);
    await expect(note(page)).toContainText(kept.rejected(1));
  });
}
