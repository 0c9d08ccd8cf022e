import AxeBuilder from '@axe-core/playwright';
import { expect } from '@playwright/test';
import { test } from './anew';
import { board, crew, fake, freshSeq, outbox, panel } from './page';
import { LANGUAGES } from './screens';

test.afterEach(async ({ page }) => {
  for (const command of ['hold?ms=0', 'fail?n=0', 'silent?on=0', 'cut?down=0']) await fake(page, command);
});

test('one key sends the best unit; the board shows pending, committed, and then the offer that runs', async ({ page }) => {
  await board(page);
  await panel(page, 'Sự cố đang mở').getByRole('button', { name: /Cây nghiêng/ }).click();
  const list = panel(page, /^Nên điều · I4801/);
  const first = list.getByRole('listitem').first();
  await expect(first).toContainText('đang rảnh');
  await expect(first).toContainText(/\d k?m, khoảng \d+ phút/);
  await expect(list).toContainText('40 km/h');
  const name = (await first.locator('b').textContent()) ?? '';
  await fake(page, 'hold?ms=2000');
  await page.keyboard.press('1');
  await expect(list).toContainText('Đang ghi');
  await expect(list).toContainText('Đã ghi');
  const row = panel(page, 'Lực lượng').getByRole('listitem').filter({ hasText: name }).first();
  await expect(row).toContainText('Đang mời');
  await expect(row).toContainText(/chờ trả lời, còn 00:\d\d/);
  // Nobody has answered for a minute: that is late, although the offer does not go on yet.
  await fake(page, `unit-unanswered?unit=${name.trim()}`);
  await expect(row).toContainText(/TRỄ TRẢ LỜI, chuyển đội khác sau 03:\d\d/);
  // Who is on it is no longer recommended.
  await expect(list.getByRole('listitem').first().locator('b')).not.toHaveText(name);
});

test('of two dispatchers who saw the same version one is told so, and nothing is sent twice', async ({ page }) => {
  await board(page);
  await panel(page, 'Sự cố đang mở').getByRole('button', { name: /Camera Cầu Bến Tượng/ }).click();
  const list = panel(page, /^Nên điều · I4805/);
  await expect(list.getByRole('listitem').first()).toBeVisible();
  const best = ((await list.getByRole('listitem').first().locator('b').textContent()) ?? '').trim();
  // The other one is faster, and this screen has not heard of it yet.
  await fake(page, 'silent?on=1');
  await page.request.post('/api/incidents/I4805/assign', { data: { expected_version: 3, units: [best] }, headers: { 'x-request-seq': freshSeq() } });
  await page.keyboard.press('1');
  await expect(list).toContainText('Bị từ chối: Người khác vừa sửa');
});

test('what a crew taps without a network waits on the phone and goes once, with its own time', async ({ page, context }) => {
  await crew(page);
  await expect(page.getByRole('region', { name: 'Nhiệm vụ' })).toContainText('Cháy kho hàng');
  await fake(page, 'cut?down=1');
  await page.getByRole('button', { name: 'TÔI ỔN' }).click();
  await expect(page.getByText('1 thao tác chờ gửi')).toBeVisible();
  await expect(page.getByText('trên máy, trung tâm chưa nhận')).toBeVisible();
  await expect(page.getByText(/MẤT LIÊN LẠC/)).toBeVisible({ timeout: 20_000 });
  await expect.poll(() => outbox(page)).toMatchObject([{ state: 'waiting' }]);
  // The page is loaded anew before the network is back.
  await fake(page, 'cut?down=0');
  await page.reload();
  await expect(page.getByText(/trung tâm đã nhận lúc/)).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText('chờ gửi')).toHaveCount(0);
  // A second page of the same phone only watches.
  const other = await context.newPage();
  await other.goto('/unit');
  await expect(other.getByText('Trang này đang mở ở thẻ khác')).toBeVisible();
});

test('a mayday is held, goes at once, and rings at the dispatcher until somebody has looked', async ({ page, browser, baseURL }) => {
  await crew(page);
  const call = page.getByRole('button', { name: 'CẦN CỨU – giữ 2 giây' });
  await call.click();
  await expect(call).toBeVisible();
  await call.dispatchEvent('pointerdown');
  await expect(page.getByRole('button', { name: 'ĐÃ BÁO CẦN CỨU' })).toBeVisible({ timeout: 15_000 });
  const desk = await (await browser.newContext({ baseURL, viewport: { width: 1920, height: 1080 } })).newPage();
  await board(desk);
  const alert = desk.getByRole('alert').filter({ hasText: 'ĐỘI GẶP NẠN: XCC-03' });
  await expect(alert).toBeVisible({ timeout: 30_000 });
  await expect(panel(desk, 'Lực lượng').getByRole('listitem').first()).toContainText('ĐỘI GẶP NẠN');
  for (const shown of [page, desk]) expect((await new AxeBuilder({ page: shown }).analyze()).violations).toEqual([]);
  await expect(alert.getByRole('button', { name: 'Đã xem F2' })).toBeVisible();
  await desk.keyboard.press('F2');
  await expect(alert).toHaveCount(0);
  await panel(desk, 'Lực lượng').getByRole('button', { name: 'Đã an toàn' }).click();
  await desk.getByLabel('Biết bằng cách nào?').fill('gọi bộ đàm');
  await desk.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'CẦN CỨU – giữ 2 giây' })).toBeVisible({ timeout: 15_000 });
  await desk.context().close();
});

for (const lang of LANGUAGES) {
  test(`targets are large enough for a thumb, ${lang}`, async ({ page }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`/unit?lang=${lang}`);
    await expect(page.locator('input').first()).toBeVisible();
    const heights = async (selector: string) => Promise.all((await page.locator(selector).all()).map(async (target) => (await target.boundingBox())!.height));
    expect(Math.min(...(await heights('button, input')))).toBeGreaterThanOrEqual(44);
    await crew(page, `?lang=${lang}`);
    expect(Math.min(...(await heights('button, a')))).toBeGreaterThanOrEqual(44);
    expect(Math.min(...(await heights('button.thumb, button.mayday')))).toBeGreaterThanOrEqual(64);
  });
}
