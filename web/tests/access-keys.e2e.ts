// By the keyboard and by ear: past the header in one step, back to where one was after a question, and what is new is read out.
import { expect } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { board, enter, enterAt, fake, file, freshSeq, panel, turnTo } from './page';

const ROOMS = { vi: vi.rooms, en: en.rooms };

test.afterEach(({ page }) => fake(page, 'storm?n=0'));

for (const [lang, says] of [
  ['vi', { skip: 'Đến nội dung', first: 'Cần xác nhận trước hết', fresh: 'Sự cố mới, mức Thấp: Đổ cây', flood: 'Cảnh báo dồn dập' }],
  ['en', { skip: 'Skip to content', first: 'To acknowledge first', fresh: 'New incident, Low: Đổ cây', flood: 'Alarms come as a flood' }],
] as const) {
  test(`one key skips the header, on the wall and on the board, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    for (const address of [`/?nomap=1&lang=${lang}`, `/dispatch?lang=${lang}`]) {
      await page.goto(address);
      await expect(page.getByRole('main').getByRole('listitem').first()).toBeVisible();
      const skip = page.getByRole('link', { name: says.skip });
      await page.keyboard.press('Tab');
      await expect(skip).toBeFocused();
      expect((await skip.boundingBox())!.height).toBeGreaterThanOrEqual(24);
      await page.keyboard.press('Enter');
      await expect(page.getByRole('main')).toBeFocused();
    }
  });

  test(`the focus comes back after a question, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    const ask = page.getByRole('button', { name: /Alt N/ });
    await ask.focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('dialog')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await expect(ask).toBeFocused();
  });

  test(`alarms interrupt, incidents are told politely, ${lang}`, async ({ page }) => {
    await board(page, `?lang=${lang}`);
    const told = page.getByTestId('new-incident');
    await expect(told).toHaveText('');
    const place = { latitude_e7: 215_900_000, longitude_e7: 1_058_400_000, admin_unit: await anyUnit(), address: '' };
    await page.request.post('/api/incidents', { data: { kind: 'other', severity: 'low', summary: 'Đổ cây', place, exercise: false }, headers: { 'x-request-seq': freshSeq() } });
    await expect(told).toHaveText(says.fresh);
    await expect(told).toHaveAttribute('role', 'status');
    await fake(page, 'calm');
    await page.goto(`/?nomap=1&lang=${lang}`);
    const banner = page.getByRole('region', { name: says.first });
    await expect(banner).toHaveAttribute('aria-live', 'assertive');
    await fake(page, 'storm?n=14');
    await expect(banner).toContainText('storm-0');
    await expect(panel(page, /^(Cảnh báo|Alarms)$/).getByRole('status').first()).toContainText(says.flood);

    async function anyUnit(): Promise<string> {
      const list = (await (await page.request.get('/map/communes.geojson')).json()) as { features: { properties: { code: string } }[] };
      return list.features[0]!.properties.code;
    }
  });

  test(`a room that follows says so, and that it looks elsewhere, ${lang}`, async ({ page, browser }) => {
    await fake(page, 'rooms');
    const t = ROOMS[lang];
    const [centre, district] = lang === 'vi' ? ['Trung tâm tỉnh', 'Phòng Phổ Yên'] : ['Provincial centre', 'Pho Yen room'];
    await enter(page, `?nomap=1&room=tinh&lang=${lang}`);
    await turnTo(page, 'I4820');
    await page.getByRole('region', { name: t.barLabel(centre) }).getByRole('button', { name: t.push }).click();
    const other = await (await browser.newContext()).newPage();
    await enterAt(other, `/rooms.html?room=pho-yen&lang=${lang}`, 'dung');
    const rooms = panel(other, new RegExp(`^${t.heading}$`));
    await rooms.getByRole('button', { name: `${t.follow}: ${centre}` }).click();
    await expect(rooms).toContainText(t.followsOf(centre, 'dung'));
    await other.goto(`/?nomap=1&room=pho-yen&lang=${lang}`);
    const own = other.getByRole('region', { name: t.barLabel(district) });
    await expect(own.getByRole('status').first()).toContainText(t.following(centre));
    await expect(file(other, 'I4820')).toBeVisible();
    const away = own.getByText(t.elsewhere, { exact: true });
    await expect(away).toHaveCount(0);
    await other.keyboard.press('Escape');
    await expect(file(other, 'I4820')).toHaveCount(0);
    await expect(away).toBeVisible();
    await own.getByRole('button', { name: t.toScene }).click();
    await expect(file(other, 'I4820')).toBeVisible();
    await expect(away).toHaveCount(0);
    await other.context().close();
    await fake(page, 'rooms');
  });
}
