import { expect, type Page } from '@playwright/test';
import { test } from './anew';
import { alarms, enter, fake, file, freshSeq, queue, row, timeline, turnTo } from './page';

const dialog = (page: Page) => page.getByRole('dialog');
const button = (page: Page, id: string, name: string | RegExp) => file(page, id).getByRole('button', { name });
const write = (page: Page, id: string, text: string) => file(page, id).getByLabel('Ghi chú').fill(text);

test.afterEach(async ({ page }) => {
  for (const command of ['hold?ms=0', 'fail?n=0']) await fake(page, command);
});

test('an incident is opened from the keyboard alone, and the desk turns to it', async ({ page }) => {
  await enter(page);
  await page.keyboard.press('Alt+n');
  await page.keyboard.press('Enter');
  await expect(dialog(page).getByRole('alert')).toHaveText('Cần ghi tóm tắt sự cố.');
  await page.keyboard.type('Cháy rừng phòng hộ');
  await page.keyboard.press('Tab');
  await page.keyboard.type('C');
  await page.keyboard.press('Tab');
  await page.keyboard.type('ba be');
  await expect(dialog(page)).toContainText(/Tọa độ 22\.\d{4}, 105\.\d{4}/);
  await fake(page, 'hold?ms=2000');
  await page.keyboard.press('Enter');
  await expect(queue(page)).toContainText('Đang ghi');
  await expect(queue(page)).toContainText('Đã ghi');
  // Its row may stand below what the queue has room for; the file is there.
  await expect(page.getByRole('complementary')).toContainText('Cháy rừng phòng hộ');
  await expect(page.getByRole('complementary')).toContainText('Xã Ba Bể');
});

test('units are sent and called back, the nearest first', async ({ page }) => {
  await enter(page);
  await turnTo(page, 'I4815');
  await page.keyboard.press('F9');
  await dialog(page).getByRole('button', { name: /^Điều lực lượng/ }).click();
  await expect(dialog(page).getByRole('alert')).toHaveText('Chưa thay đổi gì: chọn thêm hoặc bỏ bớt.');
  await dialog(page).getByLabel(/Tìm theo tên/).fill('cap cuu');
  await expect(dialog(page).getByRole('checkbox').first()).toHaveAccessibleName(/Cấp cứu 115/);
  await dialog(page).getByRole('checkbox').first().check();
  await dialog(page).getByRole('checkbox').nth(1).check();
  await dialog(page).getByRole('button', { name: 'Điều lực lượng (2)' }).click();
  await expect(file(page, 'I4815')).toContainText('Đã điều lực lượng');
  await expect(button(page, 'I4815', /^Thu về/)).toHaveCount(2);
  await expect(file(page, 'I4815')).toContainText('Đang mời');
  await button(page, 'I4815', /^Thu về/).first().click();
  await expect(button(page, 'I4815', /^Thu về/)).toHaveCount(1);
});

test('a decision on what has changed meanwhile is told before it is sent', async ({ page }) => {
  await enter(page);
  await turnTo(page, 'I4818');
  await page.keyboard.press('F9');
  const data = { expected_version: 3, note: 'xong' };
  await page.request.post('/api/incidents/I4818/resolve', { data, headers: { 'x-request-seq': freshSeq() } });
  await expect(dialog(page).getByRole('alert').first()).toContainText('Sự cố vừa thay đổi: Đã xử lý, bản 4');
  await dialog(page).getByRole('checkbox').first().check();
  await dialog(page).getByRole('button', { name: /^Điều lực lượng/ }).click();
  await expect(file(page, 'I4818')).toContainText('Bị từ chối: Người khác vừa sửa');
});

test('resolved, closed, reopened: each step says what it lacks and is written down', async ({ page }) => {
  await enter(page);
  await turnTo(page, 'I4812');
  const resolve = button(page, 'I4812', 'Đã xử lý xong');
  await expect(resolve).toHaveAttribute('aria-disabled', 'true');
  await resolve.focus();
  await page.keyboard.press('Enter');
  await expect(file(page, 'I4812')).toContainText('Chưa gửi: Cần viết kết quả xử lý trước.');
  await write(page, 'I4812', 'Đã phân luồng');
  await resolve.click();
  await expect(timeline(page, 'I4812')).toContainText('Xử lý xong');
  await button(page, 'I4812', 'Đóng sự cố').click();
  await expect(timeline(page, 'I4812')).toContainText('Đóng sự cố');
  await expect(row(page, 'I4812')).toHaveCount(0);
  await page.keyboard.press('Alt+x');
  await expect(row(page, 'I4812')).toContainText('Đã đóng');
  await write(page, 'I4812', 'Lại ùn tắc');
  await button(page, 'I4812', 'Mở lại').click();
  await expect(file(page, 'I4812')).toContainText('mở lại 1 lần');
  await page.keyboard.press('Alt+x');
  await expect(row(page, 'I4812')).toBeVisible();
});

test('two incidents are merged and taken apart', async ({ page }) => {
  await enter(page);
  await turnTo(page, 'I4822');
  await button(page, 'I4822', 'Gộp').click();
  await dialog(page).getByRole('radio', { name: /I4821/ }).check();
  await dialog(page).getByRole('button', { name: 'Gộp' }).click();
  await expect(row(page, 'I4822')).toHaveCount(0);
  await button(page, 'I4822', 'Đã gộp vào I4821').click();
  await expect(file(page, 'I4821')).toContainText('Gồm cả');
  await button(page, 'I4821', /I4822/).click();
  await button(page, 'I4822', 'Tách ra').click();
  await expect(row(page, 'I4822')).toBeVisible();
});

test('a shelved alarm comes back when it is asked for', async ({ page }) => {
  await enter(page);
  const data = { entity: 'cam-03', condition: 'no-signal', reason: 'đang thay cáp', until_ms: Date.now() + 900_000 };
  await page.request.post('/api/alarms/shelve', { data, headers: { 'x-request-seq': freshSeq() } });
  const shelved = alarms(page).getByRole('listitem').filter({ hasText: 'đang thay cáp' });
  await shelved.getByRole('button', { name: /^Bỏ tạm ẩn/ }).click();
  await expect(alarms(page).getByRole('listitem').filter({ hasText: 'Cầu Bến Tượng' })).toContainText('Đã xác nhận');
});

test('what a role may not do stays in reach and says why', async ({ page }) => {
  await enter(page, '?nomap=1', 'khoa');
  await page.keyboard.press('F2');
  await expect(page.getByRole('region', { name: 'Cần xác nhận trước hết' })).toContainText('Chưa gửi: Vai trò Tổng đài không được làm việc này');
  await turnTo(page, 'I4819');
  for (const name of ['Điều lực lượng F9', 'Gộp', 'Đóng sự cố']) {
    await expect(button(page, 'I4819', name)).toHaveAttribute('title', 'Vai trò Tổng đài không được làm việc này');
  }
  await write(page, 'I4819', 'Người dân báo còn một người bên trong');
  await page.keyboard.press('Control+Enter');
  await expect(timeline(page, 'I4819')).toContainText('Người dân báo còn một người bên trong');
});

const PLACED = {
  vi: { note: 'Ghi chú', place: /nhóm 0, mục [1-9]\d*, nhiệm kỳ 9$/, again: (index: number) => `nhóm 0, mục ${index}, nhiệm kỳ 9 · đã được nhận ở lần gửi trước` },
  en: { note: 'Note', place: /group 0, entry [1-9]\d*, term 9$/, again: (index: number) => `group 0, entry ${index}, term 9 · taken when it was sent before` },
} as const;
for (const lang of ['vi', 'en'] as const) {
  const says = PLACED[lang];
  test(`a committed command says where the log has it, and one whose answer was lost where the first is, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await turnTo(page, 'I4819');
    const chip = file(page, 'I4819').locator('.chip.committed').first();
    await file(page, 'I4819').getByLabel(says.note, { exact: true }).fill('Đã gọi lại');
    await page.keyboard.press('Control+Enter');
    await expect(chip).toHaveAttribute('title', says.place);
    await expect(chip).toHaveCount(0);
    // It reaches the node, and what the node says does not reach the page, which sends it again under the same number.
    const places: number[] = [];
    await page.route('**/api/incidents/I4819/note', async (route) => {
      const first = await route.fetch();
      places.push(((await first.json()) as { log: { index: number } }).log.index);
      await route.abort();
    }, { times: 1 });
    await file(page, 'I4819').getByLabel(says.note, { exact: true }).fill('Không ai nghe máy');
    await page.keyboard.press('Control+Enter');
    await expect.poll(() => places.length).toBe(1);
    await expect(chip).toHaveAttribute('title', new RegExp(`${says.again(places[0] ?? 0)}$`));
  });
}

test('a point of the map becomes an incident in its commune', async ({ page }) => {
  await page.setViewportSize({ width: 1400, height: 700 });
  // The map is there at once, and flies nowhere.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await enter(page, '');
  await expect(page.locator('.map[data-ready=true]')).toBeVisible({ timeout: 45_000 });
  await page.getByRole('button', { name: 'Toàn tỉnh' }).click();
  await page.locator('.maplibregl-canvas, [data-testid=sketch-map]').click({ button: 'right' });
  await expect(dialog(page)).toContainText(/Tọa độ 2[12]\.\d{4}, 10[56]\.\d{4}/);
  await expect(dialog(page).getByLabel('Phường, xã')).not.toHaveValue('');
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toHaveCount(0);
});
