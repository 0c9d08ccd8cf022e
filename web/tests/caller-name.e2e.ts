// Who calls is asked once: the name that they say is kept with their number, and stands in the pop of the next call.
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
  for (const command of ['role?role=', 'hold?ms=0', 'calm']) await fake(page, command);
});

for (const [lang, { console: t }, last] of [
  ['vi', vi, '11'],
  ['en', en, '22'],
] as const) {
  test(`the name that a caller says stands in the pop of the next call, ${lang}`, async ({ page }) => {
    // A test that is played again meets a number that has no name yet.
    const [person, number] = [`ten-${lang}`, `09770001${last}${test.info().retry}`];
    await enterAt(page, `/console?nomap=1&lang=${lang}`, person);
    await fake(page, `ring?person=${person}&number=${number}`);
    const card = page.getByRole('group', { name: t.caller.heading, exact: true });
    const field = card.getByRole('textbox', { name: t.caller.name, exact: true });
    await expect(field).toHaveValue('');
    await expect(card.getByTestId('name')).toHaveCount(0);
    const bar = page.getByRole('region', { name: t.call.heading, exact: true });
    await page.keyboard.press('F2');
    await expect(bar).toContainText(t.agent.state['on-call']);
    await field.fill(' Bà Tư ');
    await fake(page, 'hold?ms=1500');
    await field.press('Enter');
    // Nothing is shown as kept before the log has it.
    await expect(card.getByRole('status')).not.toBeEmpty();
    await expect(card.getByTestId('name')).toHaveCount(0);
    await expect(card.getByTestId('name')).toHaveText('Bà Tư');
    // What is typed next is what they tell.
    await expect(field).not.toBeFocused();
    await fake(page, 'hold?ms=0');
    await over();

    await fake(page, `ring?person=${person}&number=${number}`);
    await expect(bar).toContainText(t.call.incoming);
    await expect(card.getByTestId('name')).toHaveText('Bà Tư');
    await expect(field).toHaveValue('Bà Tư');
    // Somebody else's number has no name.
    await page.keyboard.press('F2');
    await expect(bar).toContainText(t.agent.state['on-call']);
    await over();
    await fake(page, `ring?person=${person}&number=09770002${last}`);
    await expect(bar).toContainText(t.call.incoming);
    await expect(field).toHaveValue('');
    await expect(card.getByTestId('name')).toHaveCount(0);

    /** They hang up, and the agent has written up. */
    async function over(): Promise<void> {
      await page.keyboard.press('F7');
      await expect(bar.locator('.state')).toContainText(t.agent.state['wrap-up']);
      await page.keyboard.press('F7');
      await expect(bar.locator('.state')).toContainText(t.agent.state.available);
    }
  });
}
