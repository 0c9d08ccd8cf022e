import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { enter, file, turnTo } from './page';

test('a warning is written by one person, refused to its author, and published by another', async ({ page, browser }) => {
  await enter(page);
  await turnTo(page, 'I4820');
  const card = file(page, 'I4820').locator('details.warnings');
  await card.locator('summary').click();
  await card.getByRole('button', { name: 'Soạn cảnh báo' }).click();
  await card.getByLabel('Cơ quan phát', { exact: true }).fill('Trung tâm điều hành');
  const send = card.getByRole('button', { name: 'Gửi duyệt' });
  await expect(send).toHaveAttribute('aria-disabled', 'true');
  for (const language of ['Tiếng Việt', 'Tiếng Anh']) {
    const words = card.getByRole('group', { name: language });
    for (const field of ['Sự kiện', 'Tiêu đề', 'Diễn biến', 'Hướng dẫn']) await words.getByLabel(field).fill(`${field} ${language}`);
  }
  const { violations } = await new AxeBuilder({ page }).include('details.warnings').analyze();
  expect(violations).toEqual([]);
  await send.click();
  const line = card.getByRole('listitem').first();
  await expect(line).toContainText('Chờ người thứ hai duyệt');
  await line.getByRole('button', { name: 'Duyệt và phát' }).click();
  await expect(line).toContainText('Bị từ chối');

  const other = await (await browser.newContext()).newPage();
  await enter(other, '?nomap=1&lang=en', 'an');
  await other.getByRole('region', { name: 'Incident queue' }).getByRole('listitem').filter({ hasText: 'I4820' }).getByRole('button').first().click();
  const seen = file(other, 'I4820').locator('details.warnings').getByRole('listitem').first();
  await expect(seen).toContainText('Waits for a second person');
  await seen.getByRole('button', { name: 'Approve and publish' }).click();
  await expect(seen).toContainText('an approved it');
  await other.context().close();
});

test('the file says whose the incident is, and an offer lacks nothing before it is sent', async ({ page }) => {
  await enter(page);
  await turnTo(page, 'I4820');
  const card = file(page, 'I4820').locator('details.handovers');
  await expect(card.locator('summary')).toContainText('Trung tâm này chỉ huy');
  await card.locator('summary').click();
  await card.getByRole('button', { name: 'Bàn giao…' }).click();
  await card.getByLabel('Giao cho').selectOption({ label: 'Cấp cứu 115' });
  await card.getByLabel('Vì sao, cần gì').fill('Cần xe cấp cứu');
  const send = card.getByRole('button', { name: 'Gửi bàn giao' });
  await expect(send).toHaveAttribute('aria-disabled', 'true');
  await card.getByLabel('Kênh thứ hai').fill('0234 115');
  await expect(send).toHaveAttribute('aria-disabled', 'false');
  const { violations } = await new AxeBuilder({ page }).include('details.handovers').analyze();
  expect(violations).toEqual([]);
});

for (const [language, words] of [
  ['vi', { ask: 'Bàn giao…', to: 'Giao cho', reason: 'Vì sao, cần gì', second: 'Kênh thứ hai', room: 'Trung tâm tỉnh' }],
  ['en', { ask: 'Hand over…', to: 'To', reason: 'Why, and what is needed', second: 'Second channel', room: 'Provincial centre' }],
] as const) {
  test(`an incident is offered to a room of our own (${language})`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${language}`);
    await page.getByRole('listitem').filter({ hasText: 'I4820' }).getByRole('button').first().click();
    const card = file(page, 'I4820').locator('details.handovers');
    await card.locator('summary').click();
    await card.getByRole('button', { name: words.ask }).click();
    await card.locator('label').filter({ hasText: words.to }).locator('select').first().selectOption({ label: words.room });
    await card.getByLabel(words.reason).fill('R');
    await card.getByLabel(words.second).fill('0280 100');
    await expect(card.locator('.form .acts button').first()).toHaveAttribute('aria-disabled', 'false');
  });
}
