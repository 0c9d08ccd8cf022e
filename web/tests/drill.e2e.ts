import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { enterAt, fake } from './page';

test.afterEach(async ({ page }) => {
  await fake(page, 'drill-against?on=0');
  await fake(page, 'role?role=');
});

test('a drill is started, is on every screen, is stopped, and has its verdict', async ({ page }) => {
  await fake(page, 'role?role=admin');
  await enterAt(page, '/drill.html');
  const form = page.getByRole('form', { name: 'Bắt đầu diễn tập' });
  const begin = form.getByRole('button', { name: 'Bắt đầu' });
  await expect(form.getByRole('checkbox')).toHaveCount(3);
  await expect(begin).toBeDisabled();
  await form.getByRole('checkbox', { name: /nút 2/ }).check();
  await form.getByLabel('Mục đích').fill('trước mùa lũ');
  await expect(begin).toBeEnabled();
  // Two of three would take the majority.
  await form.getByRole('checkbox', { name: /nút 3/ }).check();
  await expect(begin).toBeDisabled();
  await form.getByRole('checkbox', { name: /nút 3/ }).uncheck();
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  await begin.click();

  const course = page.getByRole('region', { name: 'Diễn biến' });
  await expect(course).toContainText('Mất một nút');
  await expect(page.getByRole('status').filter({ hasText: 'DIỄN TẬP 1' })).toContainText('nút 2');
  await expect(course.getByRole('row', { name: /nút 2 · chịu lỗi/ })).toContainText('im lặng');
  await expect(course.locator('path').first()).toHaveAttribute('d', /^M/, { timeout: 15_000 });
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);

  await page.goto('/?nomap=1');
  await expect(page.getByRole('status').filter({ hasText: 'DIỄN TẬP 1' })).toContainText('Mất một nút');
  await page.goto('/drill.html?lang=en');
  await expect(page.getByRole('status').filter({ hasText: 'EXERCISE 1' })).toContainText('node 2');
  await page.getByRole('button', { name: 'STOP NOW' }).click();
  const past = page.getByRole('region', { name: 'Drills so far' });
  await expect(past).toContainText('PASSED · stopped by a person', { timeout: 15_000 });
  await expect(past.getByRole('link', { name: 'Open report 1' })).toHaveAttribute('href', '/api/drills/1/report');
  await expect(page.getByRole('status').filter({ hasText: 'EXERCISE' })).toHaveCount(0);
});

test('nothing can be started while something is to be done, nor by who may not', async ({ page }) => {
  await fake(page, 'role?role=admin');
  await fake(page, 'drill-against?on=1');
  await enterAt(page, '/drill.html?lang=en');
  await expect(page.getByRole('alert').filter({ hasText: 'No drill now' })).toContainText('Node 3 does not answer');
  await expect(page.getByRole('button', { name: 'Start', exact: true })).toBeDisabled();
  await fake(page, 'role?role=operator');
  await page.goto('/drill.html?lang=en');
  await expect(page.getByText('Only administrators for the whole province see this page.')).toBeVisible();
});
