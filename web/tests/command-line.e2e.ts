// What crews say by radio, from the command line of the board and of the console.
import { expect, type Page } from '@playwright/test';
import { test } from './anew';
import { board, enterAt, fake, freshSeq, panel } from './page';

const SAYS = {
  vi: { line: 'Dòng lệnh', units: 'Lực lượng', enRoute: 'Đang đến', staging: 'Chờ ở điểm tập kết', typed: 'tap ket', scene: 'Tại hiện trường', arrived: 'tới nơi', pending: 'Đang ghi', done: 'Đã ghi', has: /Nhật ký của tỉnh đã có: (CAP|XCC)-\d+, bản \d+( · |$)/, refused: 'Bị từ chối: Người khác vừa sửa', only: 'tiếp theo chỉ có Sẵn sàng', first: 'Chọn một sự cố đang mở trước.' },
  en: { line: 'Command line', units: 'Units', enRoute: 'En route', staging: 'Staging', typed: 'stag', scene: 'On scene', arrived: 'arrived', pending: 'Committing', done: 'Committed', has: /The province's log has it: (CAP|CSGT)-\d+, version \d+( · |$)/, refused: 'Refused: Somebody has just changed it', only: 'next can only be Available', first: 'Choose an open incident first.' },
} as const;
/** Units that are on their way; a test that is played again has another one. */
const UNITS = { vi: ['CAP-11', 'XCC-05'], en: ['CAP-07', 'CSGT-04'] } as const;
const offered = (page: Page) => page.locator('[role=listbox]:not([hidden]) [role=option]');

test.afterEach(async ({ page }) => {
  for (const command of ['role?role=', 'hold?ms=0']) await fake(page, command);
});

for (const lang of ['vi', 'en'] as const) {
  test(`a unit's status from the board's command line, on what was seen of it, ${lang}`, async ({ page }) => {
    const says = SAYS[lang];
    const unit = UNITS[lang][test.info().retry % 2]!;
    await board(page, `?lang=${lang}`);
    const row = panel(page, says.units).getByRole('listitem').filter({ hasText: unit });
    await expect(row).toContainText(says.enRoute);
    const line = page.getByRole('combobox', { name: says.line });
    const region = page.getByRole('region', { name: says.line });
    await page.keyboard.press('Control+k');
    await expect(line).toBeFocused();
    await page.keyboard.type(`u ${unit.toLowerCase()} ${says.typed}`);
    await expect(offered(page)).toHaveCount(1);
    await page.keyboard.press('Tab');
    await expect(line).toHaveValue(`u ${unit} ${says.staging}`);
    await fake(page, 'hold?ms=1500');
    await page.keyboard.press('Enter');
    await expect(region).toContainText(says.pending);
    // Nothing is shown as done before the log has it.
    await expect(row).toContainText(says.enRoute);
    // What the log has, in words.
    await expect(region.getByTitle(says.has)).toContainText(says.done);
    await fake(page, 'hold?ms=0');
    await expect(row).toContainText(says.staging);

    // The crew's own phone was quicker: what was said on the older status is refused, and says so.
    await page.route(`**/api/units/${unit}/status`, async (route) => {
      await page.request.post(`/api/units/${unit}/status`, { data: route.request().postDataJSON() as object, headers: { 'x-request-seq': freshSeq() } });
      await route.continue();
    });
    await page.keyboard.press('/');
    await expect(line).toBeFocused();
    await page.keyboard.type(`u ${unit} ${says.arrived}`);
    await expect(offered(page).first()).toContainText(says.scene);
    await page.keyboard.press('Enter');
    await expect(region).toContainText(says.refused);
    await expect(row).toContainText(says.scene);

    // A step that it cannot go says which it can.
    await page.keyboard.press('Control+k');
    await page.keyboard.type(`u ${unit} ${says.typed}`);
    await page.keyboard.press('Enter');
    await expect(region.getByRole('alert')).toContainText(says.only);
    // Esc leaves no trace, and what needs an incident asks for one.
    await page.keyboard.press('Escape');
    await expect(line).toHaveValue('');
    await expect(region.getByRole('alert')).toBeEmpty();
    await page.keyboard.press('Control+k');
    await page.keyboard.type(lang === 'vi' ? 'ghi them nước dâng' : 'note water rises');
    await page.keyboard.press('Enter');
    await expect(region.getByRole('alert')).toContainText(says.first);
  });
}

test('an agent has the same line, and is told that a crew is not theirs to speak for', async ({ page }) => {
  await fake(page, 'role?role=agent');
  await enterAt(page, '/console?nomap=1', 'mai');
  await page.keyboard.press('F1');
  await page.keyboard.type('u pccc-01 xong');
  await expect(offered(page).first()).toContainText('PCCC-01 Sẵn sàng');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('region', { name: 'Dòng lệnh' })).toContainText('Vai trò Tổng đài không được làm việc này');
});
