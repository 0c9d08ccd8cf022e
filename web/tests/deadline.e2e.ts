import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { enter, file, turnTo } from './page';

test('the file of an incident says what is due, what is late, what is paused and why', async ({ page }) => {
  await enter(page);
  await turnTo(page, 'I4820');
  const card = file(page, 'I4820').getByRole('region', { name: 'Thời hạn và chỉ đạo' });
  const lines = card.getByRole('listitem');
  await expect(lines).toHaveCount(3);
  // The gravest first, each with a word beside its colour.
  await expect(lines.nth(0)).toContainText('Chuyển xử lý');
  await expect(lines.nth(0)).toContainText('Trễ hạn');
  await expect(lines.nth(0)).toContainText(/trễ \d\d:\d\d/);
  await expect(lines.nth(0)).toContainText('đã báo truc-ban');
  await expect(lines.nth(1)).toContainText('Xử lý xong');
  await expect(lines.nth(1)).toContainText('Tạm dừng');
  await expect(lines.nth(1)).toContainText('chờ đánh giá địa chất');
  await expect(card.getByRole('article')).toContainText('Thông một làn xe trước 18 giờ');
  await expect(card.getByRole('article')).toContainText('Sở Xây dựng');
  await expect(lines.nth(2)).toContainText('Sắp trễ');
  await expect(lines.nth(2)).toContainText(/còn 0?\d:\d\d/);
  const { violations } = await new AxeBuilder({ page }).include('aside').analyze();
  expect(violations).toEqual([]);
});

test('an incident without deadlines has no such card, and English has the same words', async ({ page }) => {
  await enter(page, '?nomap=1&lang=en');
  const region = page.getByRole('region', { name: 'Incident queue' });
  await region.getByRole('listitem').filter({ hasText: 'I4820' }).getByRole('button').first().click();
  const card = file(page, 'I4820').getByRole('region', { name: 'Deadlines and instructions' });
  await expect(card.getByRole('listitem').first()).toContainText('Late');
  await region.getByRole('listitem').filter({ hasText: 'I4821' }).getByRole('button').first().click();
  await expect(file(page, 'I4821')).toBeVisible();
  await expect(file(page, 'I4821').getByRole('region', { name: 'Deadlines and instructions' })).toHaveCount(0);
});
