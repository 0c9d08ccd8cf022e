// Photos: a citizen's goes with the report, a crew's waits in the tunnel, the room opens one large, adds one and takes one away.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, type Route } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { crew, enter, fake, file, open, outbox } from './page';

test.afterEach(async ({ page }) => {
  for (const command of ['lost?n=0', 'cut?down=0']) await fake(page, command);
});

/** A photo as the browser itself makes one, of a colour that tells it from others. */
async function photo(page: Page, hue: number): Promise<{ name: string; mimeType: string; buffer: Buffer }> {
  const url = await page.evaluate((degrees) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 3_000, height: 40 });
    const brush = canvas.getContext('2d')!;
    brush.fillStyle = `hsl(${degrees} 80% 50%)`;
    brush.fillRect(0, 0, 3_000, 40);
    return canvas.toDataURL('image/png');
  }, hue);
  return { name: `${hue}.png`, mimeType: 'image/png', buffer: Buffer.from(url.split(',')[1]!, 'base64') };
}

const taken = async (page: Page) => ((await (await fake(page, 'photos')).json()) as { photos: number[] }).photos;

async function faultless(page: Page, part = 'html'): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).include(part).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`)).toEqual([]);
}

test('a citizen sends photos with a report, over a line that drops one, and the tracking page counts them', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/bao-tin');
  await page.getByLabel('Chuyện gì đang xảy ra?').fill('Cầu sập một nhịp');
  await page.getByLabel('Xã, phường', { exact: true }).selectOption({ index: 3 });
  const choose = page.locator('#photos');
  await choose.setInputFiles([await photo(page, 10), await photo(page, 90)]);
  await expect(page.getByRole('img', { name: 'Ảnh 2' })).toBeVisible();
  await choose.setInputFiles({ name: 'a.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7') });
  await expect(page.getByText(/Có tệp không phải ảnh/)).toBeVisible();
  await faultless(page);
  // What was chosen outlives a phone that dies.
  await page.reload();
  await expect(page.getByRole('img', { name: 'Ảnh 2' })).toBeVisible();
  await page.getByRole('button', { name: 'Bỏ ảnh 2' }).click();
  await choose.setInputFiles(await photo(page, 200));
  await expect(page.getByRole('img', { name: 'Ảnh 2' })).toBeVisible();
  // The first photo is taken and its answer is lost: it goes again, and is one.
  const lose = async (route: Route) => {
    await fake(page, 'lost?n=1');
    await route.continue();
  };
  await page.route('**/files', lose, { times: 1 });
  await page.getByRole('button', { name: 'Gửi báo tin' }).click();
  await expect(page.getByText('Trung tâm đã nhận').first()).toBeVisible();
  await expect(page.getByText('Đã gửi 2/2 ảnh')).toBeVisible({ timeout: 20_000 });
  await page.getByRole('link', { name: 'Theo dõi phản ánh này' }).click();
  await expect(page.getByText('Ảnh đã gửi')).toBeVisible();
  await expect(page.locator('dt:has-text("Ảnh đã gửi") + dd')).toHaveText('2');
});

test('the answer is shown with its photo', async ({ page }) => {
  await page.goto('/theo-doi#7K3FQ-9XM2A-BCDEH');
  await expect(page.getByRole('img', { name: 'Mặt đường sau khi vá' })).toBeVisible();
  await faultless(page);
});

test('a photo that was taken in a tunnel is sent once, after what was tapped', async ({ page, context }) => {
  await crew(page);
  await expect(page.getByRole('region', { name: 'Nhiệm vụ' })).toContainText('Cháy kho hàng');
  const before = await taken(page);
  await context.setOffline(true);
  const camera = page.getByLabel('CHỤP ẢNH HIỆN TRƯỜNG');
  await expect(camera).toHaveAttribute('capture', 'environment');
  await camera.setInputFiles(await photo(page, 20));
  await expect(page.getByText('1 thao tác chờ gửi')).toBeVisible();
  await camera.setInputFiles(await photo(page, 120));
  // A photo is made smaller before it is kept: what is tapped meanwhile would stand before it.
  await expect(page.getByText('2 thao tác chờ gửi')).toBeVisible();
  await page.getByRole('button', { name: 'TÔI ỔN' }).click();
  await expect(page.getByText('3 thao tác chờ gửi')).toBeVisible();
  await expect.poll(async () => (await outbox(page)).length).toBe(3);
  const kept = await outbox(page);
  const sent: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST') sent.push(new URL(request.url()).pathname);
  });
  await context.setOffline(false);
  await expect(page.getByText('chờ gửi')).toHaveCount(0, { timeout: 40_000 });
  await expect.poll(async () => (await outbox(page)).every(({ state }) => state === 'received')).toBe(true);
  const [word] = sent.filter((path) => path.endsWith('/check-in'));
  expect(sent.indexOf(word!)).toBeLessThan(sent.indexOf('/api/files'));
  // Each once, in their order, with the time at which it was taken.
  expect((await taken(page)).slice(before.length)).toEqual(kept.slice(0, 2).map(({ tappedAtMs }) => tappedAtMs));
});

for (const [lang, { photo: t }] of [
  ['vi', vi],
  ['en', en],
] as const) {
  test(`the room sees who took a photo and when, opens it large, adds one and takes one away, ${lang}`, async ({ page }) => {
    const [first, added, reason] = ['Khói đen sau chợ', 'Xe thang đã tới', 'chụp nhầm chỗ'];
    await enter(page, `?nomap=1&lang=${lang}`);
    await open(page, 'Cháy kho hàng');
    const strip = file(page, 'I4819').getByRole('region', { name: t.heading, exact: true });
    await expect(strip.getByRole('img', { name: first })).toBeVisible();
    await expect(strip).toContainText(t.citizen);
    await strip.getByRole('button', { name: t.open(first), exact: true }).click();
    const large = page.getByRole('dialog', { name: t.heading, exact: true });
    await expect(large.getByRole('img')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(large).toBeHidden();
    await strip.getByRole('textbox', { name: t.note, exact: true }).fill(added);
    await strip.locator('input[type=file]').setInputFiles(await photo(page, 300));
    await expect(strip.getByRole('img', { name: added })).toBeVisible();

    // Nobody takes one away without a word, which goes with the order.
    await strip.getByRole('button', { name: t.open(added), exact: true }).click();
    const remove = large.getByRole('button', { name: t.remove, exact: true });
    await expect(remove).toHaveAttribute('aria-disabled', 'true');
    await expect(remove).toHaveAttribute('title', t.reasonMissing);
    await faultless(page, 'dialog[open]');
    await large.getByRole('textbox', { name: t.reason, exact: true }).fill(reason);
    await expect(remove).toHaveAttribute('aria-disabled', 'false');
    const removing = page.waitForRequest((request) => request.method() === 'POST' && /\/api\/files\/\d+\/remove$/.test(request.url()));
    await remove.click();
    expect((await removing).postDataJSON()).toEqual({ reason });
    await expect(large).toBeHidden();
    await expect(strip.getByRole('img', { name: added })).toHaveCount(0);
    await expect(strip.getByRole('img', { name: first })).toBeVisible();
  });
}
