// Reports that wait for a person, on the wall, at the agent's console and on the dispatcher's board: seen, heard, taken, dealt with.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Locator, type Page } from '@playwright/test';
import { test } from './anew';
import { board, enter, enterAt, fake, panel } from './page';

const CODE = '7K3FQ9XM2ABCDEH';
const SPOKEN = '7K3FQ-9XM2A-BCDEH';
const OTHER = '9QXMB2ABC7K3FDE';
const bar = (page: Page) => page.getByRole('region', { name: /^(Tin báo chờ|Reports waiting)$/ });
const row = (page: Page, code = SPOKEN): Locator => bar(page).getByRole('listitem').filter({ hasText: code });
const file = (page: Page, more = '', code = CODE) => fake(page, `report?code=${code}&text=${encodeURIComponent('Nước vào nhà, cần giúp')}&kind=FLOOD${more}`);

/** What does not stand there yet cannot be opened: the key is pressed once it does. */
async function unfold(page: Page): Promise<void> {
  await expect(bar(page)).toBeVisible();
  await page.keyboard.press('Alt+b');
}

test.afterEach(async ({ page }) => {
  for (const command of ['hold?ms=0', 'silent?on=0', 'cut?down=0', 'waiting', 'calm']) await fake(page, command);
});

for (const { name, go } of [
  { name: 'wall', go: (page: Page) => enter(page, '?nomap=1') },
  { name: 'console', go: (page: Page) => enterAt(page, '/console?nomap=1', 'khoa') },
  { name: 'board', go: (page: Page) => board(page) },
]) {
  test(`a report that comes is seen on the ${name}, and by the keyboard alone it is taken and answered`, async ({ page }) => {
    await go(page);
    await expect(bar(page)).toHaveCount(0);
    await file(page);
    await expect(bar(page)).toContainText('1 tin báo chờ');
    await expect(bar(page).getByRole('status').first()).toHaveText('Có 1 tin báo chưa ai xem.');
    await expect(bar(page)).toContainText('Trung bình');
    await unfold(page);
    await expect(row(page).locator('button.head')).toBeFocused();
    await expect(row(page)).toContainText('Nước vào nhà, cần giúp');
    await expect(row(page)).toContainText('Mới gửi');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await fake(page, 'hold?ms=1500');
    await page.keyboard.press('Enter');
    await expect(row(page)).toContainText('Đang ghi');
    await expect(row(page)).toContainText('đang xem từ');
    await expect(bar(page)).toContainText('1 đang có người xem');
    await fake(page, 'hold?ms=0');
    await row(page).getByLabel('Lời trả lời người gửi, hoặc lý do để sau').fill('Đã cử tổ xuống');
    await row(page).getByRole('button', { name: 'Trả lời', exact: true }).click();
    await expect(row(page)).toHaveCount(0);
    // What was ordered is said also when its row has gone.
    await expect(bar(page)).toContainText('Đã ghi');
    await expect(bar(page)).toHaveCount(0, { timeout: 15_000 });
  });
}

test('it rings once the bell is armed, and no more when somebody looks', async ({ page }) => {
  // A sound is a beat of an oscillator; what is heard is counted.
  await page.addInitScript(() => {
    const create = AudioContext.prototype.createOscillator;
    Object.assign(window, { beats: 0 });
    AudioContext.prototype.createOscillator = function (...args) {
      (window as unknown as { beats: number }).beats += 1;
      return create.apply(this, args);
    };
  });
  const beats = () => page.evaluate(() => (window as unknown as { beats: number }).beats);
  /** Lets the screen's own clock go on by more than lies between two rings, and gives what was heard meanwhile. */
  const heard = async () => {
    const before = await beats();
    await page.clock.fastForward(4_500);
    return (await beats()) - before;
  };
  await page.clock.install();
  // Nobody calls, so nothing else rings here.
  await fake(page, 'calm');
  await enterAt(page, '/console?nomap=1', 'khoa');
  await page.getByRole('button', { name: 'Bật chuông' }).click();
  await expect(page.getByRole('button', { name: 'Chuông đang bật' })).toBeVisible();
  expect(await heard()).toBe(0);
  await file(page);
  await expect(bar(page)).toContainText('1 tin báo chờ');
  expect(await heard()).toBeGreaterThan(0);
  await unfold(page);
  await expect(row(page).locator('button.head')).toBeFocused();
  // By the keyboard: this screen's clock is ahead of its line's by now, so it says over itself that what it shows is old.
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await expect(row(page).getByRole('button', { name: 'Nhận xem' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(row(page)).toContainText('đang xem từ');
  expect(await heard()).toBe(0);
});

test('of two people who saw the same one the second is told, and may take over knowingly', async ({ page }) => {
  await board(page);
  await file(page);
  await unfold(page);
  await row(page).locator('button.head').click();
  // Somebody elsewhere is faster, and this screen has not heard of it yet.
  await fake(page, 'silent?on=1');
  await fake(page, `taken?code=${CODE}&by=binh`);
  await row(page).getByRole('button', { name: 'Nhận xem' }).click();
  await expect(row(page)).toContainText('Bị từ chối: Người khác vừa sửa');
  await fake(page, 'cut?down=1');
  await fake(page, 'silent?on=0');
  await fake(page, 'cut?down=0');
  await expect(row(page)).toContainText('binh đang xem', { timeout: 20_000 });
  await row(page).getByRole('button', { name: 'Xem thay' }).click();
  await expect(row(page)).toContainText(/(dung|Phạm Thị Dung) đang xem/);
});

test('one is set aside for a reason, counted, and comes back with a photo', async ({ page }) => {
  await board(page);
  await file(page);
  await unfold(page);
  await row(page).locator('button.head').click();
  await row(page).getByRole('button', { name: 'Để sau', exact: true }).click({ force: true });
  await expect(row(page)).toContainText('Hãy viết vài chữ ở ô trên.');
  await row(page).getByLabel('Lời trả lời người gửi, hoặc lý do để sau').fill('Chờ xã xác minh');
  await row(page).getByLabel('Để sau trong').selectOption('4 giờ');
  await row(page).getByRole('button', { name: 'Để sau', exact: true }).click();
  await expect(bar(page)).toContainText('1 để sau');
  await expect(bar(page)).toContainText('đều đã có người xem hoặc để sau');
  await expect(row(page)).toContainText('Chờ xã xác minh');
  await fake(page, `photo?code=${CODE}`);
  await expect(row(page)).toContainText('1 ảnh');
  await expect(row(page).getByRole('img', { name: 'Nước ngang cửa' })).toBeVisible();
  await expect(bar(page)).not.toContainText('1 để sau');
});

test('one is gathered into the incident that it is like, from another an incident is opened', async ({ page }) => {
  await board(page);
  await fake(page, `report?code=${CODE}&text=${encodeURIComponent('Cháy kho hàng, khói đen')}&kind=FIRE&near=I4819`);
  await file(page, '', OTHER);
  await unfold(page);
  await row(page).locator('button.head').click();
  await expect(row(page)).toContainText('Có phải một trong các sự cố này?');
  await row(page).getByRole('button', { name: 'Gộp vào I4819' }).click();
  await expect(row(page)).toHaveCount(0);
  const other = row(page, '9QXMB');
  await other.locator('button.head').click();
  await other.getByLabel('Loại sự cố').selectOption('Ngập lụt');
  await other.getByLabel('Mức độ').selectOption({ index: 1 });
  const [opened] = await Promise.all([
    page.waitForRequest((request) => request.url().endsWith(`/api/reports/${OTHER}/link`)),
    other.getByRole('button', { name: 'Mở sự cố' }).click(),
  ]);
  // The sender put no pin: the middle of the commune stands for it.
  const asked = opened.postDataJSON() as { kind: string; severity: string; place: { latitude_e7: number } };
  expect(asked).toMatchObject({ kind: 'flood', severity: 'high' });
  expect(asked.place.latitude_e7).toBeGreaterThan(200_000_000);
  await expect(other).toHaveCount(0);
  await expect(panel(page, 'Sự cố đang mở').getByRole('button', { name: /Nước vào nhà/ }).first()).toBeVisible();
});

test('one that its sender opened again says so, with the words, in English', async ({ page }) => {
  await enter(page, '?nomap=1&lang=en');
  await file(page, `&why=reopened&minutes=20&note=${encodeURIComponent('Vẫn ngập')}`);
  await expect(bar(page)).toContainText('1 reports waiting');
  await expect(bar(page)).toContainText('High');
  await expect(bar(page)).toContainText('longest 20 min');
  await unfold(page);
  await expect(row(page)).toContainText('Sender says it was not done');
  await expect(row(page)).toContainText('Vẫn ngập');
  await page.keyboard.press('Escape');
  await expect(row(page)).toHaveCount(0);
  await expect(bar(page).getByRole('button', { name: /Open the list/ })).toBeFocused();
});

test('senders of an incident that was closed are owed an answer, and have the same one by one press', async ({ page }) => {
  await board(page);
  await file(page, '&why=unanswered&incident=I4700');
  await file(page, '&why=unanswered&incident=I4700', OTHER);
  await unfold(page);
  await expect(row(page)).toContainText('Sự cố đã đóng, chưa trả lời người gửi');
  await row(page).locator('button.head').click();
  await expect(row(page).getByRole('button', { name: 'Mở sự cố' })).toHaveCount(0);
  await row(page).getByLabel('Lời trả lời người gửi, hoặc lý do để sau').fill('Nước đã rút, đường đã thông');
  await row(page).getByRole('button', { name: 'Trả lời cả 2 tin của I4700' }).click();
  await expect(bar(page).getByRole('listitem')).toHaveCount(0);
});

test('what comes after a cut is there when the line is back, and who only looks on sees none', async ({ page, browser, baseURL }) => {
  await board(page);
  await fake(page, 'cut?down=1');
  await file(page);
  await expect(page.getByText(/MẤT LIÊN LẠC|DỮ LIỆU CŨ/).first()).toBeVisible({ timeout: 20_000 });
  await fake(page, 'cut?down=0');
  await expect(bar(page)).toContainText('1 tin báo chờ', { timeout: 20_000 });
  const wall = await (await browser.newContext({ baseURL })).newPage();
  await enter(wall, '?nomap=1', 'man-hinh');
  await expect(bar(wall)).toHaveCount(0);
  await wall.context().close();
});

for (const theme of ['dark', 'light'] as const) {
  for (const lang of ['vi', 'en'] as const) {
    test(`axe finds nothing on the reports that wait, ${theme}, ${lang}`, async ({ page }) => {
      await board(page, `?theme=${theme}&lang=${lang}`);
      await file(page);
      await file(page, '&why=reopened&minutes=90', OTHER);
      await fake(page, `taken?code=${CODE}&by=binh`);
      await expect(bar(page)).toBeVisible();
      await unfold(page);
      await row(page).locator('button.head').click();
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`)).toEqual([]);
    });
  }
}
