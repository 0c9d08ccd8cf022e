// Why somebody looks at something or changes it goes with what is sent. A noun explains it where there is one, so that nobody types
// during a call; words are asked for where nothing does.
import { expect, type Page, type Request } from '@playwright/test';
import { test } from './anew';
import { enter, enterAt, fake, panel, turnTo } from './page';

const said = (request: Request) => decodeURIComponent(request.headers()['x-reason'] ?? '');
/** Why the fake node was told that a camera is watched; undefined: nobody watches it. */
const watched = async (page: Page, camera: string) => ((await (await fake(page, 'watched')).json()) as Record<string, string>)[camera];

test.afterEach(async ({ page }) => {
  for (const command of ['role?role=', 'calm']) await fake(page, command);
});

test('during a call all that is looked at and done is because of it', async ({ page }) => {
  await fake(page, 'role?role=admin');
  await fake(page, 'calm');
  await enterAt(page, '/console?nomap=1', 'ly-do');
  const asked = page.waitForRequest(/\/api\/calls\/[^/]+\/caller$/);
  const { call } = (await (await fake(page, 'ring?person=ly-do&number=0987654321')).json()) as { call: string };
  expect(said(await asked)).toBe(`call/${call}`);
  await page.keyboard.press('F2');
  await expect(page.getByRole('region', { name: 'Cuộc gọi', exact: true })).toContainText('Đang nghe');
  await page.keyboard.type('xe tai lat km 9 yen trach');
  await expect(page.getByRole('status', { name: 'Gợi ý', exact: true })).toContainText('Giao thông');
  await page.keyboard.press('F4');
  await page.keyboard.press('F9');
  await expect(page.getByRole('region', { name: /^Điều lực lượng · I/ }).getByRole('listitem').first()).toContainText('đang rảnh');
  const sent = page.waitForRequest(/\/api\/incidents\/[^/]+\/assign$/);
  await page.keyboard.press('F9');
  expect(said(await sent)).toBe(`call/${call}`);
});

test('the course of an incident is looked at because of it', async ({ page }) => {
  const course = page.waitForRequest(/\/api\/incidents\/I4818\/timeline$/);
  await enter(page);
  await turnTo(page, 'I4818');
  expect(said(await course)).toBe('incident/I4818');
});

test('an incident is gone through again because of it', async ({ page }) => {
  const course = page.waitForRequest(/\/api\/incidents\/I4818\/replay$/);
  await enterAt(page, '/replay.html?incident=I4818');
  expect(said(await course)).toBe('incident/I4818');
});

for (const [lang, words] of [
  ['vi', { alarms: 'Cảnh báo', why: 'Vì sao xem camera này', watch: 'Xem' }],
  ['en', { alarms: 'Alarms', why: 'Why this camera is looked at', watch: 'Watch' }],
] as const) {
  test(`a sensitive camera that no incident is near is watched for a reason in words, ${lang}`, async ({ page }) => {
    const reason = `tìm người mất tích, ${lang}`;
    // As large as a wall: the list of alarms is whole.
    await page.setViewportSize({ width: 1920, height: 1200 });
    await enter(page, `?nomap=1&lang=${lang}`);
    await panel(page, new RegExp(`^${words.alarms}$`)).getByRole('listitem').filter({ hasText: 'đang bảo trì' }).getByRole('button').first().click();
    const drawer = page.getByRole('complementary', { name: 'cam-10' });
    const why = drawer.getByLabel(words.why);
    await expect(why).toBeVisible();
    await expect(drawer.locator('canvas')).toHaveCount(0);
    // Nothing is no reason.
    await drawer.getByRole('button', { name: words.watch, exact: true }).click();
    await expect(drawer.locator('canvas')).toHaveCount(0);
    await why.fill(reason);
    await page.keyboard.press('Enter');
    await expect(drawer.locator('canvas')).toHaveCount(1);
    await expect.poll(() => watched(page, 'cam-10')).toBe(reason);
  });
}
