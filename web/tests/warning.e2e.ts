import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { enter, file, turnTo } from './page';

const WORDS = { vi, en };

for (const lang of ['vi', 'en'] as const) {
  const words = WORDS[lang];
  const t = words.warning;
  const theirLang = lang === 'vi' ? 'en' : 'vi';
  const theirs = WORDS[theirLang].warning;
  // What one language published is in force, and the next is no first warning of that incident.
  const incident = lang === 'vi' ? 'I4820' : 'I4822';

  test(`a warning is written by one person, refused to its author, and published by another, ${lang}`, async ({ page, browser }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await turnTo(page, incident);
    const card = file(page, incident).locator('details.warnings');
    await card.locator('summary').click();
    await card.getByRole('button', { name: t.write }).click();
    await card.getByLabel(t.form.senderName, { exact: true }).fill('Trung tâm điều hành');
    const send = card.getByRole('button', { name: t.form.send });
    await expect(send).toHaveAttribute('aria-disabled', 'true');
    for (const language of [t.form.vi, t.form.en]) {
      const words = card.getByRole('group', { name: language });
      for (const field of [t.form.event, t.form.headline, t.form.description, t.form.instruction]) await words.getByLabel(field).fill(`${field} ${language}`);
    }
    const { violations } = await new AxeBuilder({ page }).include('details.warnings').analyze();
    expect(violations).toEqual([]);
    await send.click();
    const line = card.getByRole('listitem').last();
    await expect(line).toContainText(t.standing.draft);
    await line.getByRole('button', { name: t.approve }).click();
    await expect(line).toContainText(words.command.refused);

    const other = await (await browser.newContext()).newPage();
    await enter(other, `?nomap=1&lang=${theirLang}`, 'an');
    await turnTo(other, incident);
    const seen = file(other, incident).locator('details.warnings').getByRole('listitem').last();
    await expect(seen).toContainText(theirs.standing.draft);
    await seen.getByRole('button', { name: theirs.approve }).click();
    await expect(seen).toContainText(theirs.sent('an', '').trim());
    await other.context().close();
  });
}
