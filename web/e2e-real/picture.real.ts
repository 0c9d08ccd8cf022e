import { expect, test } from '@playwright/test';
import { alarms, queue, row, signIn } from '../tests/page';
import { facts } from './cluster';
import { GAUGE, measure, registerGauge } from './device';
import { PICTURE } from './picture';

/** Until the simulated devices have all reported, the units have gone somewhere and the cameras have a picture. */
const SETTLED_MS = 25_000;

test('the wall with an alarm, an incident and units on their way', async ({ page }) => {
  const cluster = facts();
  await registerGauge(cluster, 'Phường Phan Đình Phùng');
  // The symbols blink; a picture of that moment would show some of them dim.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto(`${cluster.urls[0]}/?theme=dark`);
  await signIn(page, 'truc-ban', cluster.password);
  await expect(page.locator('.map[data-ready=true]')).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole('region', { name: 'Camera' })).toContainText(/ảnh \d+ \S+ trước|[1-9]\d* hình\/s/, { timeout: 60_000 });

  await page.keyboard.press('Alt+n');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Tóm tắt').fill('Cháy kho hàng, có khói trong nhà xưởng');
  await dialog.getByLabel('Loại').selectOption('fire');
  await dialog.getByLabel('Tìm').fill('van xuan');
  await dialog.getByLabel('Cao').check();
  await dialog.getByRole('button', { name: 'Mở sự cố' }).click();
  const fire = row(page, 'Cháy kho hàng');
  await fire.getByRole('button', { name: 'Tiếp nhận' }).click();
  await expect(fire).toContainText('Đã tiếp nhận');
  await page.keyboard.press('F9');
  await dialog.getByRole('checkbox').first().check();
  await dialog.getByRole('checkbox').nth(1).check();
  await dialog.getByRole('button', { name: /^Điều lực lượng/ }).click();
  await expect(fire).toContainText('Đã điều lực lượng');
  await page.keyboard.press('Escape');

  for (const metres of [26.1, 26.42, 26.7, 26.95]) await measure(cluster, metres);
  await page.waitForTimeout(SETTLED_MS);
  await measure(cluster, 27.82);
  await expect(alarms(page)).toContainText(GAUGE.name);
  await expect(queue(page)).toContainText(GAUGE.name);
  await page.waitForTimeout(3_000);
  await page.screenshot({ path: PICTURE });
});
