// What a form's rules suggested goes to the log with what the agent decided, taken or not.
import { expect } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { enterAt, fake } from './page';

test.beforeEach(async ({ page }) => {
  await fake(page, 'role?role=admin');
  await fake(page, 'calm');
});
test.afterEach(async ({ page }) => {
  for (const command of ['role?role=', 'calm']) await fake(page, command);
});

for (const [lang, words] of [
  ['vi', vi],
  ['en', en],
] as const) {
  for (const chosen of ['traffic', 'pollution'] as const) {
    test(`the log has what was suggested beside what was chosen, ${chosen}, ${lang}`, async ({ page }) => {
      const { agent, call, form } = words.console;
      const person = `goi-y-${lang}-${chosen}`;
      await enterAt(page, `/console?nomap=1&lang=${lang}`, person);
      await fake(page, `ring?person=${person}&number=0978000111`);
      const bar = page.getByRole('region', { name: call.heading, exact: true });
      await expect(bar).toContainText(call.incoming);
      await page.keyboard.press('F2');
      await expect(bar).toContainText(agent.state['on-call']);
      await page.keyboard.type('xe tai lat km 9 yen trach');
      await expect(page.getByRole('status', { name: form.suggested, exact: true })).toContainText(words.incident.kind.traffic);
      // One phrase alone says so, and the form says how little that is beside it.
      await expect(page.getByRole('status', { name: form.suggested, exact: true })).toContainText(`${form.sure.unsure}, ${form.byRules}`);
      await page.keyboard.press('F4');
      const kind = page.getByRole('combobox', { name: form.kind, exact: true });
      await expect(kind).toHaveValue('traffic');
      if (chosen !== 'traffic') await kind.selectOption(chosen);
      await expect(kind).toHaveValue(chosen);
      const saving = page.waitForRequest((request) => request.method() === 'POST' && /\/api\/calls\/[^/]+\/report$/.test(request.url()));
      await page.keyboard.press('F9');
      const body = (await saving).postDataJSON() as { kind: string; advice: { kind: string; severity: string } };
      expect(body.kind).toBe(chosen);
      expect(body.advice).toEqual({ kind: 'traffic', severity: 'high' });
    });
  }

  test(`so it has of a form without a call, ${lang}`, async ({ page }) => {
    const { form } = words.console;
    await enterAt(page, `/console?nomap=1&lang=${lang}`, `goi-y-${lang}`);
    await expect(page.getByText(words.console.call.none)).toBeVisible();
    await page.keyboard.type('xe tai lat km 9 yen trach');
    await expect(page.getByRole('status', { name: form.suggested, exact: true })).toContainText(words.incident.kind.traffic);
    await page.keyboard.press('F4');
    await expect(page.getByRole('combobox', { name: form.kind, exact: true })).toHaveValue('traffic');
    const saving = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/api/incidents'));
    await page.keyboard.press('F9');
    const body = (await saving).postDataJSON() as { kind: string; advice: object };
    expect([body.kind, body.advice]).toEqual(['traffic', { kind: 'traffic', severity: 'high' }]);
  });
}
