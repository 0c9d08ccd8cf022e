// A district centre's node whose line to the province is cut: the screens say so, and what is entered is kept and then sent.
import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';
import { enter, fake, file, timeline, turnTo } from './page';

const note = (page: Page) => page.getByRole('banner').getByRole('button', { name: /lệnh|Lệnh đã gửi|not yet sent|sent$/ });
const dialog = (page: Page) => page.getByRole('dialog');

test.afterEach(async ({ page }) => {
  await fake(page, 'district?off=1');
  await fake(page, 'quorum?age_ms=0');
});

test('a cut line is said with the age of the picture, in words of its own', async ({ page }) => {
  await enter(page);
  await fake(page, 'district?cut=1&age_ms=65000');
  await fake(page, 'quorum?age_ms=65000');
  await expect(page.getByRole('alert').filter({ hasText: 'MẤT ĐƯỜNG TRUYỀN VỀ TỈNH' })).toContainText('DỮ LIỆU CŨ 01:0');
  await expect(page.getByText('Nút cấp huyện')).toBeVisible();
  await fake(page, 'district?cut=0&age_ms=0');
  await fake(page, 'quorum?age_ms=0');
  await expect(page.getByText('MẤT ĐƯỜNG TRUYỀN VỀ TỈNH')).toHaveCount(0);
});

test('what is entered while it is cut is kept over a reload, said to be unsent, and sent once', async ({ page }) => {
  await enter(page);
  await fake(page, 'district?cut=1&age_ms=0');
  await turnTo(page, 'I4815');
  await file(page, 'I4815').getByLabel('Ghi chú').fill('Nước đã rút ở cầu');
  await page.keyboard.press('Control+Enter');
  await expect(file(page, 'I4815')).toContainText('Đã giữ · chưa gửi');
  await expect(note(page)).toContainText('1 lệnh chưa gửi');

  await page.reload();
  await expect(note(page)).toContainText('1 lệnh chưa gửi');
  await turnTo(page, 'I4815');
  await expect(file(page, 'I4815')).toContainText('Đã giữ · chưa gửi');
  await note(page).click();
  await expect(dialog(page)).toContainText('Nước đã rút ở cầu');
  await expect(dialog(page)).toContainText('Chưa gửi');
  const found = await new AxeBuilder({ page }).include('dialog').analyze();
  expect(found.violations).toEqual([]);
  // What is pressed over the list orders nothing behind it, and the list itself is left by Esc alone.
  await dialog(page).getByRole('heading').click();
  for (const key of ['F1', 'F8', 'F9']) await page.keyboard.press(key);
  await expect(dialog(page)).toHaveCount(1);
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toHaveCount(0);
  await expect(timeline(page, 'I4815').getByText('Nước đã rút ở cầu')).toHaveCount(0);

  await fake(page, 'district?cut=0&age_ms=0');
  await expect(timeline(page, 'I4815').getByText('Nước đã rút ở cầu')).toHaveCount(1);
  await expect(note(page)).toContainText('Lệnh đã gửi hết');
  await note(page).click();
  await expect(dialog(page)).toContainText('Đã ghi');
});

test('what the province refuses is said where it was entered', async ({ page }) => {
  await enter(page);
  await fake(page, 'district?cut=1&age_ms=0');
  await turnTo(page, 'I4809');
  await file(page, 'I4809').getByLabel('Ghi chú').fill('Đã xử lý nguồn khí');
  await file(page, 'I4809').getByRole('button', { name: 'Đã xử lý xong' }).click();
  await expect(file(page, 'I4809')).toContainText('Đã giữ · chưa gửi');
  // Somebody at the province was first.
  await fake(page, 'elsewhere?id=I4809');
  await fake(page, 'district?cut=0&age_ms=0');
  await expect(file(page, 'I4809')).toContainText('Bị từ chối: Người khác vừa sửa');
  await expect(note(page)).toContainText('1 lệnh bị từ chối');
});
