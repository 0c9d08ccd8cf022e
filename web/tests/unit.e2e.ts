// A crew's phone in a tunnel: the page opens, what is tapped waits with its own time, and goes once and in order.
import { expect } from '@playwright/test';
import { test } from './anew';
import { crew, fake, freshSeq, outbox } from './page';

test.afterEach(({ page }) => fake(page, 'cut?down=0'));

test('it opens without a network, keeps what is tapped, and sends it once and in order', async ({ page, context }) => {
  await crew(page);
  await expect(page.getByRole('region', { name: 'Nhiệm vụ' })).toContainText('Cháy kho hàng');
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  // The second visit is the worker's.
  await page.reload();
  await expect(page.getByRole('heading', { name: 'XCC-03' })).toBeVisible();
  await context.setOffline(true);
  await page.reload();
  await expect(page.getByRole('heading', { name: 'XCC-03' })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Nhiệm vụ' })).toContainText('Cháy kho hàng');
  await expect(page.getByText(/MẤT LIÊN LẠC/)).toBeVisible({ timeout: 20_000 });
  const sent: { at: number }[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().includes('/check-in')) sent.push({ at: (request.postDataJSON() as { tapped_at_ms: number }).tapped_at_ms });
  });
  await page.getByRole('button', { name: 'TÔI ỔN' }).click();
  await expect(page.getByText('1 thao tác chờ gửi')).toBeVisible();
  // Two taps in one millisecond have one time: which of them is sent could not be told.
  await expect.poll(async () => (await outbox(page)).length).toBe(1);
  const [first] = await outbox(page);
  await expect.poll(() => page.evaluate(() => Date.now())).toBeGreaterThan(first!.tappedAtMs);
  await page.getByRole('button', { name: 'TÔI ỔN' }).click();
  await expect(page.getByText('2 thao tác chờ gửi')).toBeVisible();
  await expect.poll(async () => (await outbox(page)).length).toBe(2);
  const kept = await outbox(page);
  expect(kept.map(({ state }) => state)).toEqual(['waiting', 'waiting']);
  // The phone is switched off and on again in the tunnel.
  await page.reload();
  await expect(page.getByText('2 thao tác chờ gửi')).toBeVisible();
  await context.setOffline(false);
  await expect(page.getByText('chờ gửi')).toHaveCount(0, { timeout: 30_000 });
  const order = [...new Set(sent.map(({ at }) => at))];
  expect(order).toEqual(kept.map(({ tappedAtMs }) => tappedAtMs).filter((at) => order.includes(at)));
  await expect.poll(async () => (await outbox(page)).every(({ state }) => state === 'received')).toBe(true);
});

test('it can be installed, and keeps nothing that the centre said but with its age', async ({ page }) => {
  await crew(page);
  const manifest = await page.evaluate(async () => (await (await fetch(document.querySelector<HTMLLinkElement>('link[rel=manifest]')!.href)).json()) as Record<string, unknown>);
  expect(manifest).toMatchObject({ start_url: '/unit', display: 'standalone' });
  // A phone that takes no SVG finds pictures of the sizes that it asks for, and one that it may cut to its own shape.
  const pictures = (manifest['icons'] as { src: string; type: string; sizes: string; purpose: string }[]).filter(({ type }) => type === 'image/png');
  expect(pictures.map(({ sizes, purpose }) => `${sizes} ${purpose}`)).toEqual(['192x192 any', '512x512 any', '512x512 maskable']);
  for (const { src, sizes } of pictures) {
    const drawn = await page.evaluate(async (url) => {
      const bitmap = await createImageBitmap(await (await fetch(url)).blob());
      return `${bitmap.width}x${bitmap.height}`;
    }, src);
    expect(drawn, src).toBe(sizes);
  }
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  const cached = await page.evaluate(async () => (await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname)))).flat());
  expect(cached).toContain('/unit');
  expect(cached.filter((path) => path.startsWith('/api'))).toEqual([]);
});

const SAYS = {
  vi: { staging: 'Ở ĐIỂM TẬP KẾT', waits: 'Chờ ở điểm tập kết', scene: 'ĐÃ ĐẾN NƠI', on: 'Tại hiện trường' },
  en: { staging: 'AT STAGING', waits: 'Staging', scene: 'ON SCENE', on: 'On scene' },
} as const;

for (const lang of ['vi', 'en'] as const) {
  test(`a crew waits at the staging area and is called in from there, ${lang}`, async ({ page }) => {
    const says = SAYS[lang];
    await crew(page, `?lang=${lang}`);
    const { unit } = (await (await page.request.get('/api/crew')).json()) as { unit: { id: string; status: string } };
    const data = { status: 'en_route', expected_status: unit.status, assignment: 0, reason: '' };
    await page.request.post(`/api/units/${unit.id}/status`, { data, headers: { 'x-request-seq': freshSeq() } });
    const tap = (name: string) => page.getByRole('button', { name, exact: true });
    await tap(says.staging).click();
    await expect(page.locator('main')).toContainText(says.waits);
    await expect(tap(says.staging)).toHaveCount(0);
    await expect.poll(async () => (await outbox(page)).map(({ status, state }) => `${status} ${state}`), { timeout: 20_000 }).toContain('staging received');
    await tap(says.scene).click();
    await expect(page.locator('main')).toContainText(says.on);
    await expect.poll(async () => (await outbox(page)).map(({ status, state }) => `${status} ${state}`), { timeout: 20_000 }).toContain('on-scene received');
  });
}

test.describe('without the worker, which has the parts as well and may bring them before anybody looks', () => {
  test.use({ serviceWorkers: 'block' });

  test('its parts that come after the first picture are asked for again when they could not be had', async ({ page }) => {
    let isCut = true;
    await page.route('**/assets/parts-*.js', (route) => (isCut ? route.abort() : route.continue()));
    await crew(page);
    // The order is there without them.
    await expect(page.getByRole('region', { name: 'Nhiệm vụ' })).toContainText('Cháy kho hàng');
    await expect(page.getByText('Chưa tải được bản đồ, ảnh và diễn biến')).toBeVisible();
    isCut = false;
    // Some browsers ask again by themselves, others remember that it failed: then a press helps.
    const again = page.getByRole('button', { name: 'Tải lại trang' });
    await expect(async () => {
      if (await again.isVisible()) await again.click({ timeout: 1_000 });
      await expect(page.getByRole('region', { name: 'Bản đồ' })).toBeVisible({ timeout: 3_000 });
    }).toPass();
  });
});

test('English is read when somebody wants it, and stays in a tunnel', async ({ page, context }) => {
  await crew(page);
  await expect(page.getByRole('region', { name: 'Bản đồ' })).toBeVisible();
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await page.reload();
  await expect(page.getByRole('heading', { name: 'XCC-03' })).toBeVisible();
  await context.setOffline(true);
  await page.getByRole('button', { name: 'English' }).click();
  await expect(page.getByRole('button', { name: 'End shift' })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('button', { name: 'End shift' })).toBeVisible();
  // Map, photos and timeline are the worker's as well.
  await expect(page.getByRole('region', { name: 'Map' })).toBeVisible();
  await context.setOffline(false);
});
