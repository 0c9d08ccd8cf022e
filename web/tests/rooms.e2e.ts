// Exercises on every screen, scenes that rooms follow, hand-overs with a clock, and a room's log; in both languages.
import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';
import { enter, enterAt, fake, file, panel, queue, row, turnTo } from './page';

const band = (page: Page) => page.getByRole('region', { name: /^(Đang diễn tập|Exercise)$/ });
const bar = (page: Page, room: string) => page.getByRole('region', { name: room });
const atRooms = (page: Page, query = '', person = 'hoa') => enterAt(page, `/rooms.html${query}`, person);

test.beforeEach(async ({ page }) => {
  await fake(page, 'rooms');
});
test.afterEach(async ({ page }) => {
  await fake(page, 'rooms');
});

test('an exercise is begun, marked on the wall, hidden by a person, and ended with what is open of it', async ({ page, browser }) => {
  await atRooms(page, '?room=tinh');
  const drills = panel(page, 'Diễn tập');
  await drills.getByLabel('Tên cuộc diễn tập').fill('Diễn tập vỡ đê');
  await drills.getByRole('button', { name: 'Bắt đầu diễn tập' }).click();
  await expect(band(page)).toContainText('Diễn tập vỡ đê');

  const wall = await browser.newPage();
  await enter(wall);
  await expect(band(wall)).toContainText('DIỄN TẬP');
  await expect(band(wall)).toContainText('Diễn tập vỡ đê');
  const open = panel(wall, 'Chỉ số chung').locator('.kpi').first();
  await expect(open.locator('strong')).not.toHaveText('0');
  const before = await open.locator('strong').textContent();
  await wall.keyboard.press('F8');
  const dialog = wall.getByRole('dialog');
  await dialog.getByLabel('Tóm tắt').fill('Giả định vỡ đê sông Cầu');
  await dialog.getByLabel('Tìm (không cần dấu)').fill('pho yen');
  await dialog.getByLabel('Diễn tập').check();
  await dialog.getByRole('button', { name: 'Mở sự cố' }).click();
  const played = row(wall, 'Giả định vỡ đê sông Cầu').first();
  await expect(played).toContainText('DIỄN TẬP');
  // Figures never count what is played.
  await wall.waitForTimeout(2_500);
  await expect(open.locator('strong')).toHaveText(before ?? '');
  await band(wall).getByRole('button', { name: 'Ẩn mục diễn tập' }).click();
  await expect(row(wall, 'Giả định vỡ đê sông Cầu')).toHaveCount(0);
  await expect(band(wall)).toBeVisible();
  await wall.reload();
  await expect(band(wall).getByRole('button', { name: 'Hiện mục diễn tập' })).toBeVisible();
  await band(wall).getByRole('button', { name: 'Hiện mục diễn tập' }).click();
  await expect(row(wall, 'Giả định vỡ đê sông Cầu').first()).toBeVisible();

  await drills.getByLabel('Nhận xét').fill('Đạt');
  await drills.getByRole('button', { name: 'Kết thúc diễn tập' }).click();
  await expect(drills.getByRole('list', { name: 'Đã kết thúc' })).toContainText('Diễn tập vỡ đê');
  await expect(row(wall, 'Giả định vỡ đê sông Cầu')).toHaveCount(0);
  // It stays readable, as what it was.
  await queue(wall).getByRole('button', { name: /F4/ }).click();
  await expect(row(wall, 'Giả định vỡ đê sông Cầu').first()).toContainText('DIỄN TẬP');
  await wall.close();
});

test('a room pushes a scene; another follows, sees who leads, leaves and comes back, and has it after a reload', async ({ page, browser }) => {
  await enter(page, '?nomap=1&room=tinh');
  await turnTo(page, 'I4820');
  await bar(page, 'Phòng Trung tâm tỉnh').getByRole('button', { name: 'Đẩy cảnh này' }).click();

  const other = await (await browser.newContext()).newPage();
  await atRooms(other, '?room=pho-yen', 'dung');
  await panel(other, 'Các phòng').getByRole('button', { name: 'Theo: Trung tâm tỉnh' }).click();
  await expect(panel(other, 'Các phòng')).toContainText('đang theo Trung tâm tỉnh (dung)');
  await other.goto('/?nomap=1&room=pho-yen');
  const own = bar(other, 'Phòng Phòng Phổ Yên');
  await expect(own).toContainText('Đang theo Trung tâm tỉnh');
  await expect(own).toContainText('hoa dẫn');
  await expect(file(other, 'I4820')).toBeVisible();
  await expect(bar(page, 'Phòng Trung tâm tỉnh')).toContainText('1 phòng đang theo');

  await turnTo(page, 'I4821');
  await bar(page, 'Phòng Trung tâm tỉnh').getByRole('button', { name: 'Đẩy cảnh này' }).click();
  await expect(file(other, 'I4821')).toBeVisible();
  await own.getByRole('button', { name: 'Thôi theo' }).click();
  await own.getByRole('button', { name: 'Theo lại Trung tâm tỉnh' }).click();
  await expect(own).toContainText('Đang theo Trung tâm tỉnh');
  // The scene is state: a screen that comes back has it.
  await other.reload();
  await expect(file(other, 'I4821')).toBeVisible();
  await other.context().close();
});

test('a hand-over waits with a clock until somebody else has read it', async ({ page, browser }) => {
  await atRooms(page, '?room=tinh');
  const own = panel(page, 'Bàn giao ca');
  await own.getByLabel('Ca sau cần biết').fill('Đập Núi Cốc xả lũ lúc 5 giờ');
  await own.getByRole('button', { name: 'Bàn giao', exact: true }).click();
  const line = own.getByRole('listitem').filter({ hasText: 'Đập Núi Cốc' }).first();
  await expect(line).toContainText('Chờ xác nhận');
  await expect(line).toContainText(/còn \d/);
  const acknowledge = line.getByRole('button', { name: 'Đã nhận bàn giao' });
  await expect(acknowledge).toHaveAttribute('aria-disabled', 'true');
  await expect(acknowledge).toHaveAttribute('title', /không tự xác nhận được/);
  await fake(page, 'late');
  await expect(line).toContainText('Quá giờ xác nhận');
  await expect(line).toContainText('Đã báo: truc-ban');

  const next = await (await browser.newContext()).newPage();
  await atRooms(next, '?room=tinh&lang=en', 'dung');
  const theirs = panel(next, 'Shift hand-over').getByRole('listitem').filter({ hasText: 'Đập Núi Cốc' }).first();
  await expect(theirs).toContainText('Not acknowledged in time');
  await theirs.getByLabel('Remark of the next shift').fill('Đã rõ');
  await theirs.getByRole('button', { name: 'Acknowledge' }).click();
  await expect(theirs).toContainText('dung acknowledged');
  await expect(line).toContainText('Đã xác nhận');
  await expect(line).toContainText('Đã rõ');
  await next.context().close();
});

test('a log is written, heard of by others, and found by words', async ({ page, browser }) => {
  await atRooms(page, '?room=tinh');
  const other = await (await browser.newContext()).newPage();
  await atRooms(other, '?room=tinh', 'dung');
  const log = panel(page, 'Nhật ký trực');
  for (const text of ['Gọi đập Núi Cốc', 'Báo cáo Sở Xây dựng']) {
    await log.getByLabel('Ghi nhật ký').fill(text);
    await log.getByRole('button', { name: 'Ghi vào nhật ký' }).click();
    await expect(log.getByRole('list', { name: 'Nhật ký trực' })).toContainText(text);
  }
  const theirs = panel(other, 'Nhật ký trực').getByRole('list', { name: 'Nhật ký trực' });
  await expect(theirs.getByRole('listitem')).toHaveCount(2);
  await expect(theirs.getByRole('listitem').first()).toContainText('Báo cáo Sở Xây dựng');
  await log.getByLabel('Tìm trong nhật ký').fill('núi cốc');
  await expect(log.getByRole('list', { name: 'Nhật ký trực' }).getByRole('listitem')).toHaveCount(1);
  await other.context().close();
});

test('an incident\'s course is gone through as it was seen then', async ({ page }) => {
  await enter(page);
  await turnTo(page, 'I4817');
  const card = file(page, 'I4817').getByRole('region', { name: 'Diễn biến trên bản đồ' });
  // Something has to have happened since it was opened.
  await file(page, 'I4817').locator('textarea').first().fill('Đã gọi xe cẩu');
  await page.keyboard.press('Control+Enter');
  await turnTo(page, 'I4819');
  await turnTo(page, 'I4817');
  await card.getByRole('slider').fill('0');
  await expect(card.getByRole('status')).toContainText('Lúc');
  await expect(card.getByRole('status')).toContainText('Chưa tiếp nhận');
  await card.getByRole('button', { name: 'Về hiện tại' }).click();
  await expect(card.getByRole('status')).toHaveCount(0);
});

for (const [lang, words] of [
  ['vi', { card: 'Diễn biến trên bản đồ', says: /Bản đồ đang hiện I4817 lúc .*, không phải hiện tại/, back: 'Về hiện tại' }],
  ['en', { card: 'Course on the map', says: /The map shows I4817 at .*, not now/, back: 'Back to now' }],
] as const) {
  test(`a map that shows what was says so, and leads back, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await turnTo(page, 'I4817');
    // Something has to have happened since it was opened.
    await file(page, 'I4817').locator('textarea').first().fill('Đã gọi xe cẩu');
    await page.keyboard.press('Control+Enter');
    await turnTo(page, 'I4819');
    await turnTo(page, 'I4817');
    const banner = page.getByRole('alert').filter({ hasText: words.says });
    await expect(banner).toHaveCount(0);
    const card = file(page, 'I4817').getByRole('region', { name: words.card });
    await card.getByRole('slider').fill('0');
    await expect(banner).toBeVisible();
    // From there, too: the slider is at the end again.
    await banner.getByRole('button', { name: words.back }).click();
    await expect(banner).toHaveCount(0);
    await expect(card.getByRole('status')).toHaveCount(0);
    // Who turns to another incident sees now.
    await card.getByRole('slider').fill('0');
    await expect(banner).toBeVisible();
    await turnTo(page, 'I4819');
    await expect(banner).toHaveCount(0);
  });
}

test('who only looks neither leads nor writes', async ({ page }) => {
  await atRooms(page, '', 'man-hinh');
  await expect(page.getByText('Màn hình này dành cho người trực phòng.')).toBeVisible();
});

for (const theme of ['dark', 'light'] as const) {
  for (const lang of ['vi', 'en'] as const) {
    test(`axe finds nothing on the rooms, ${theme}, ${lang}`, async ({ page }) => {
      await atRooms(page, `?room=tinh&theme=${theme}&lang=${lang}`);
      await expect(panel(page, /^(Nhật ký trực|Duty log)$/)).toBeVisible();
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`)).toEqual([]);
    });
  }
}
