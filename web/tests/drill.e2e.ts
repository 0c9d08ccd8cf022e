import AxeBuilder from '@axe-core/playwright';
import { expect } from '@playwright/test';
import { test } from './anew';
import { enterAt, fake, freshSeq } from './page';

test.afterEach(async ({ page }) => {
  await fake(page, 'drill-against?on=0');
  await fake(page, 'skip?n=0');
  await fake(page, 'role?role=');
});

test('a drill is started, is on every screen, is stopped, and has its verdict', async ({ page }) => {
  await fake(page, 'role?role=admin');
  await enterAt(page, '/drill.html');
  const form = page.getByRole('form', { name: 'Bắt đầu diễn tập' });
  const begin = form.getByRole('button', { name: 'Bắt đầu' });
  await expect(form.getByRole('checkbox')).toHaveCount(3);
  await expect(begin).toBeDisabled();
  await form.getByRole('checkbox', { name: /nút 2/ }).check();
  await form.getByLabel('Mục đích').fill('trước mùa lũ');
  await expect(begin).toBeDisabled();
  await form.getByLabel(/^Sẽ làm hỏng nút 2/).fill('nut 2');
  await expect(begin).toBeEnabled();
  // Two of three would take the majority.
  await form.getByRole('checkbox', { name: /nút 3/ }).check();
  await expect(begin).toBeDisabled();
  await form.getByRole('checkbox', { name: /nút 3/ }).uncheck();
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  await begin.click();

  const course = page.getByRole('region', { name: 'Diễn biến' });
  await expect(course).toContainText('Mất một nút');
  await expect(page.getByRole('status').filter({ hasText: 'DIỄN TẬP 1' })).toContainText('nút 2');
  await expect(course.getByRole('row', { name: /nút 2 · chịu lỗi/ })).toContainText('im lặng');
  await expect(course.locator('path').first()).toHaveAttribute('d', /^M/, { timeout: 15_000 });
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);

  await page.goto('/?nomap=1');
  await expect(page.getByRole('status').filter({ hasText: 'DIỄN TẬP 1' })).toContainText('Mất một nút');
  await page.goto('/drill.html?lang=en');
  await expect(page.getByRole('status').filter({ hasText: 'EXERCISE 1' })).toContainText('node 2');
  await page.getByRole('button', { name: 'STOP NOW' }).click();
  const past = page.getByRole('region', { name: 'Drills so far' });
  await expect(past).toContainText('PASSED · stopped by a person', { timeout: 15_000 });
  await expect(past.getByRole('link', { name: 'Open report 1' })).toHaveAttribute('href', '/api/drills/1/report');
  await expect(page.getByRole('status').filter({ hasText: 'EXERCISE' })).toHaveCount(0);
});

const ARM = {
  vi: { form: 'Bắt đầu diễn tập', begin: 'Bắt đầu', box: /nút 2/, other: /nút 1/, arm: 'Sẽ làm hỏng nút 2. Gõ lại đúng tên để mở nút bắt đầu', leader: 'Sẽ làm hỏng nút 1. Gõ lại đúng tên để mở nút bắt đầu', name: 'nút 2', purpose: 'Mục đích', control: 'Điều khiển diễn tập', left: /còn \d+ giây/, stop: 'DỪNG NGAY', past: 'Các lần diễn tập', result: /^Kết quả diễn tập \d+$/, passed: 'ĐẠT', whole: 'đếm từ đầu đến cuối', lost: 'Ghi nhận đã xác nhận mà mất', gaps: 'Khung bị thiếu', doubles: 'Khung bị lặp', allGaps: 'Khung thiếu, cộng mọi màn hình', allDoubles: 'Khung lặp, cộng mọi màn hình', serves: 'Chờ lâu nhất để ghi được', notHere: 'không mở lúc diễn tập' },
  en: { form: 'Start a drill', begin: 'Start', box: /node 2/, other: /node 1/, arm: 'This breaks node 2. Type the name to arm the start button', leader: 'This breaks node 1. Type the name to arm the start button', name: 'node 2', purpose: 'Purpose', control: 'Control of the drill', left: /\d+ s/, stop: 'STOP NOW', past: 'Drills so far', result: /^What drill \d+ came to$/, passed: 'PASSED', whole: 'counted from beginning to end', lost: 'Acknowledged writes lost', gaps: 'Frames missing at this screen', doubles: 'Frames that came twice', allGaps: 'Frames missing, all screens', allDoubles: 'Frames doubled, all screens', serves: 'Longest wait for a write', notHere: 'was not open during the drill' },
} as const;
for (const lang of ['vi', 'en'] as const) {
  const says = ARM[lang];
  test(`a drill that breaks a node is armed by its name, and can be stopped from wherever the page is, ${lang}`, async ({ page }) => {
    await fake(page, 'role?role=admin');
    await enterAt(page, `/drill.html?lang=${lang}`);
    const form = page.getByRole('form', { name: says.form });
    const begin = form.getByRole('button', { name: says.begin, exact: true });
    const named = form.getByLabel(says.arm, { exact: true });
    await expect(form.getByRole('checkbox')).toHaveCount(3);
    await expect(named).toHaveCount(0);
    await form.getByRole('checkbox', { name: says.box }).check();
    for (const wrong of ['2', says.name.replace('2', '1'), `${says.name}, 3`]) {
      await named.fill(wrong);
      await expect(begin).toBeDisabled();
    }
    await named.fill(says.name);
    await expect(begin).toBeEnabled();
    // Another node is chosen: what was typed is not its name.
    await form.getByRole('checkbox', { name: says.box }).uncheck();
    await form.getByRole('checkbox', { name: says.other }).check();
    await expect(begin).toBeDisabled();
    // Nobody chooses the leader, and yet it is a node that breaks.
    await form.getByRole('combobox').first().selectOption('leader-lost');
    await expect(form.getByLabel(says.leader, { exact: true })).toBeVisible();
    await expect(begin).toBeDisabled();
    await form.getByRole('combobox').first().selectOption('call-surge');
    await expect(begin).toBeEnabled();
    await form.getByRole('combobox').first().selectOption('node-lost');
    await form.getByRole('checkbox', { name: says.other }).uncheck();
    await form.getByRole('checkbox', { name: says.box }).check();
    await form.getByLabel(says.purpose).fill('e2e');
    await named.fill(says.name.toUpperCase());
    await begin.click();

    const control = page.getByRole('region', { name: says.control, exact: true });
    const stop = control.getByRole('button', { name: says.stop, exact: true });
    await expect(control.getByRole('timer')).toHaveText(says.left);
    for (const [width, height] of [[1920, 400], [390, 500]] as const) {
      await page.setViewportSize({ width, height });
      await page.getByRole('region', { name: says.past, exact: true }).scrollIntoViewIfNeeded();
      await expect(stop).toBeInViewport({ ratio: 0.9 });
      await expect(control.getByRole('timer')).toBeInViewport({ ratio: 0.9 });
    }
    await page.setViewportSize({ width: 1920, height: 1080 });
    // A frame is lost on its way while the drill goes on: the screen notices, and says so at the end.
    const gaps = () => page.evaluate(() => window.__stats?.gaps ?? 0);
    const before = await gaps();
    await fake(page, 'skip?n=1');
    const note = () => page.request.post('/api/incidents/I4819/note', { data: { note: 'e2e' }, headers: { 'x-request-seq': freshSeq() } });
    await expect(async () => {
      await note();
      expect(await gaps()).toBeGreaterThan(before);
    }).toPass();
    await stop.click();
    await expect(form).toBeVisible({ timeout: 15_000 });
    await expect(control).toHaveCount(0);
    const result = page.getByRole('region', { name: says.result });
    await expect(result).toContainText(says.passed);
    await expect(result).toContainText(says.whole);
    const counted = (name: string) => result.locator('dl > div').filter({ hasText: name }).locator('dd');
    await expect(counted(says.lost)).toHaveText('0');
    await expect(counted(says.gaps)).toHaveText(/^[1-9]/);
    await expect(counted(says.doubles)).toHaveText(/^\d+$/);
    await expect(counted(says.allGaps)).toHaveText(/^[1-9]/);
    await expect(counted(says.allDoubles)).toHaveText(/^\d+$/);
    await expect(result.getByRole('row').nth(1)).toContainText(says.serves);
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
    // Who was not there says so, and invents no figures.
    const other = await page.context().newPage();
    await other.goto(`/drill.html?lang=${lang}`);
    await expect(other.getByRole('region', { name: says.result })).toContainText(says.notHere);
    await expect(other.getByRole('region', { name: says.result })).not.toContainText(says.gaps);
    // What the screens that were open told their nodes stands there all the same.
    await expect(other.getByRole('region', { name: says.result }).locator('dl > div').filter({ hasText: says.allGaps }).locator('dd')).toHaveText(/^[1-9]/);
    await other.close();
  });
}

test('nothing can be started while something is to be done, nor by who may not', async ({ page }) => {
  await fake(page, 'role?role=admin');
  await fake(page, 'drill-against?on=1');
  await enterAt(page, '/drill.html?lang=en');
  await expect(page.getByRole('alert').filter({ hasText: 'No drill now' })).toContainText('Node 3 does not answer');
  await expect(page.getByRole('button', { name: 'Start', exact: true })).toBeDisabled();
  await fake(page, 'role?role=operator');
  await page.goto('/drill.html?lang=en');
  await expect(page.getByText('Only administrators for the whole province see this page.')).toBeVisible();
});
