// The pages for everybody: no login, no line to the feed. What is written is not lost, and what is sent is sent once.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { test } from './anew';
import { enter, fake, file, open } from './page';

const PHONE = { width: 390, height: 844 };
test.use({ viewport: PHONE });
test.afterEach(async ({ page }) => {
  for (const command of ['busy?n=0', 'lost?n=0', 'cut?down=0']) await fake(page, command);
});

const reports = async (page: Page) => ((await (await fake(page, 'reports')).json()) as { reports: number }).reports;

async function write(page: Page, text: string): Promise<void> {
  await page.getByLabel('Chuyện gì đang xảy ra?').fill(text);
  await page.getByLabel('Xã, phường', { exact: true }).selectOption({ index: 3 });
}

/** What the browser tells a page; it also goes out by itself, sooner or later. */
const lineIsBack = (page: Page) => page.evaluate(() => void dispatchEvent(new Event('online')));

async function faultless(page: Page, part?: string): Promise<void> {
  const axe = new AxeBuilder({ page });
  const { violations } = await (part === undefined ? axe : axe.include(part)).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`)).toEqual([]);
}

test('a report takes two fields, and its code leads to it', async ({ page }) => {
  const sockets: string[] = [];
  page.on('websocket', (socket) => sockets.push(socket.url()));
  await page.goto('/bao-tin');
  await expect(page.getByRole('link', { name: /114/ })).toHaveAttribute('href', 'tel:114');
  // Four fields stand there, and photos.
  await expect(page.locator('form').locator('textarea, select, input:not([type=file])').filter({ visible: true })).toHaveCount(4);
  await page.getByRole('button', { name: 'Gửi báo tin' }).click();
  await expect(page.getByText('Hãy viết ngắn gọn chuyện gì đang xảy ra.')).toBeVisible();
  await expect(page.getByLabel('Chuyện gì đang xảy ra?')).toBeFocused();
  await write(page, 'Nước ngập ngang gối');
  await page.getByRole('button', { name: 'Gửi báo tin' }).click();
  await expect(page.getByText('Trung tâm đã nhận')).toBeVisible();
  const code = (await page.locator('.code').textContent()) ?? '';
  await page.getByRole('link', { name: 'Theo dõi phản ánh này' }).click();
  await expect(page).toHaveURL(new RegExp(`/theo-doi#${code}$`));
  await expect(page.getByText('Nước ngập ngang gối')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Đã tiếp nhận, đang chờ xử lý' })).toBeVisible();
  expect(sockets).toEqual([]);
});

for (const [lang, says] of [
  ['vi', { open: 'Dữ liệu mở', late: 'chậm một ngày', rounded: '1.100 m', files: ['Sự cố (CSV)', 'Sự cố (GeoJSON)', 'Phản ánh (CSV)', 'Phản ánh (GeoJSON)'] }],
  ['en', { open: 'Open data', late: 'a day late', rounded: '1,100 m', files: ['Incidents (CSV)', 'Incidents (GeoJSON)', 'Reports (CSV)', 'Reports (GeoJSON)'] }],
] as const) {
  test(`both pages lead to the open data and say how late and how exact it is, ${lang}`, async ({ page }) => {
    for (const path of ['/bao-tin', '/theo-doi']) {
      await page.goto(`${path}?lang=${lang}`);
      const part = page.getByRole('navigation', { name: says.open });
      await expect(part).toContainText(says.late);
      await expect(part).toContainText(says.rounded);
      const names = ['incidents.csv', 'incidents.geojson', 'reports.csv', 'reports.geojson'];
      await expect(part.getByRole('link')).toHaveText([...says.files]);
      const hrefs = await part.getByRole('link').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
      expect(hrefs).toEqual(names.map((name) => `/api/public/open-data/${name}`));
      await faultless(page, 'nav');
    }
  });
}

test('a report is sent with the keyboard alone', async ({ page }) => {
  await page.goto('/bao-tin');
  await page.getByLabel('Chuyện gì đang xảy ra?').focus();
  await page.keyboard.type('Cây đổ chắn đường');
  const commune = page.getByLabel('Xã, phường', { exact: true });
  for (let presses = 0; presses < 5 && !(await commune.evaluate((it) => it === document.activeElement)); presses += 1) await page.keyboard.press('Tab');
  await expect(commune).toBeFocused();
  await page.keyboard.press('ArrowDown');
  const send = page.getByRole('button', { name: 'Gửi báo tin' });
  for (let presses = 0; presses < 6 && !(await send.evaluate((it) => it === document.activeElement)); presses += 1) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Trung tâm đã nhận')).toBeVisible();
});

test('a thumb reaches the end of the page, and nothing is wider than the phone', async ({ page }) => {
  for (const path of ['/bao-tin', '/theo-doi#7K3FQ-9XM2A-BCDEH']) {
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await page.mouse.move(195, 600);
    await page.mouse.wheel(0, 5_000);
    await expect(page.getByRole('contentinfo')).toBeInViewport();
    expect(await page.evaluate(() => [...document.querySelectorAll('*')].filter((it) => it.getBoundingClientRect().right > innerWidth + 0.5).length)).toBe(0);
  }
});

test('who follows a report is told what those who wait are told, until there is an answer', async ({ page }) => {
  await fake(page, `message?text=${encodeURIComponent('Đang có rất nhiều cuộc gọi, xin chờ')}`);
  try {
    await page.goto('/theo-doi#9QXMB-0C1DE-2F3G4');
    await expect(page.getByText('Đang có rất nhiều cuộc gọi, xin chờ')).toBeVisible();
    await page.goto('/theo-doi#7K3FQ-9XM2A-BCDEH');
    await expect(page.getByRole('heading', { name: 'Quá trình xử lý' })).toBeVisible();
    await expect(page.getByText('Đang có rất nhiều cuộc gọi, xin chờ')).toHaveCount(0);
  } finally {
    await fake(page, 'message?text=');
  }
});

for (const [lang, kind, fire] of [['vi', 'Loại việc', 'Cháy'], ['en', 'Kind', 'Fire']] as const) {
  test(`what kind it is may be said, and stands where it was folded away, also after a reload, ${lang}`, async ({ page }) => {
    await page.goto(`/bao-tin?lang=${lang}`);
    const summary = page.locator('summary').filter({ hasText: kind });
    const choice = page.getByRole('combobox', { name: kind, exact: true });
    await expect(summary).toBeVisible();
    await expect(choice).toBeHidden();
    await summary.click();
    await choice.selectOption('fire');
    await summary.click();
    await expect(choice).toBeHidden();
    await expect(summary).toContainText(`${kind}: ${fire}`);
    await page.reload();
    await expect(summary).toContainText(`${kind}: ${fire}`);
    await faultless(page, 'form');
  });
}

test('a draft survives a reload', async ({ page }) => {
  await page.goto('/bao-tin');
  await write(page, 'Đang viết dở');
  await page.getByLabel(/Số nhà, đường/).fill('Xóm 7');
  await page.reload();
  await expect(page.getByLabel('Chuyện gì đang xảy ra?')).toHaveValue('Đang viết dở');
  await expect(page.getByLabel(/Số nhà, đường/)).toHaveValue('Xóm 7');
  await expect(page.getByLabel('Xã, phường', { exact: true })).not.toHaveValue('');
});

test('offline it says so, keeps the report over a reload, and sends it once when the line is back', async ({ page, context }) => {
  await page.goto('/bao-tin');
  await write(page, 'Mất mạng giữa chừng');
  const before = await reports(page);
  await context.setOffline(true);
  await page.getByRole('button', { name: 'Gửi báo tin' }).click();
  await expect(page.getByText('CHƯA gửi được')).toBeVisible();
  await expect(page.getByText(/Máy đang mất mạng/)).toBeVisible();
  await context.setOffline(false);
  await expect(page.getByText('Trung tâm đã nhận')).toBeVisible();
  expect(await reports(page)).toBe(before + 1);
});

test('a report whose answer was lost is sent again, also after a reload, and is one report', async ({ page }) => {
  await page.goto('/bao-tin');
  const before = await reports(page);
  await write(page, 'Trả lời bị mất');
  await fake(page, 'lost?n=99');
  await page.getByRole('button', { name: 'Gửi báo tin' }).click();
  await expect(page.getByText(/Trung tâm chưa trả lời/)).toBeVisible();
  await page.reload();
  await expect(page.getByText('CHƯA gửi được')).toBeVisible();
  await page.getByRole('button', { name: 'Thử gửi ngay' }).click();
  await expect(page.getByText('CHƯA gửi được')).toBeVisible();
  await fake(page, 'lost?n=0');
  await lineIsBack(page);
  await expect(page.getByText('Trung tâm đã nhận')).toBeVisible();
  expect(await reports(page)).toBe(before + 1);
});

test('too many reports: it says when it goes again, and goes', async ({ page }) => {
  await page.goto('/bao-tin');
  await write(page, 'Lúc đông người báo');
  await fake(page, 'busy?n=1');
  await page.getByRole('button', { name: 'Gửi báo tin' }).click();
  await expect(page.getByText(/tự gửi lại sau 2 giây/)).toBeVisible();
  await expect(page.getByText('Trung tâm đã nhận')).toBeVisible();
});

test('a tap on the map chooses the commune, and a position outside of the province says so', async ({ page, context }) => {
  await page.goto('/bao-tin');
  await page.getByRole('button', { name: 'Chỉ trên bản đồ' }).click();
  const map = page.getByRole('img', { name: /Bản đồ xã, phường/ });
  await map.click();
  await expect(page.getByText('Đã đặt vị trí trên bản đồ.')).toBeVisible();
  await expect(page.getByLabel('Xã, phường', { exact: true })).not.toHaveValue('');
  await page.getByRole('button', { name: 'Bỏ vị trí' }).click();
  await context.grantPermissions(['geolocation']);
  await context.setGeolocation({ latitude: 10.77, longitude: 106.7 });
  await page.getByRole('button', { name: 'Lấy vị trí của tôi' }).click();
  await expect(page.getByText(/nằm ngoài tỉnh/)).toBeVisible();
  await context.setGeolocation({ latitude: 21.592, longitude: 105.844 });
  await page.getByRole('button', { name: 'Lấy vị trí của tôi' }).click();
  await expect(page.getByText('Đã đặt vị trí trên bản đồ.')).toBeVisible();
});

test('an answered report is rated and opened again by its code, typed as people type', async ({ page }) => {
  await page.goto('/theo-doi');
  await page.getByLabel('Mã phản ánh').fill('NOTAC-ODEAT-ALL00');
  await page.getByRole('button', { name: 'Xem' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'Không có phản ánh nào' })).toBeVisible();
  await page.getByLabel('Mã phản ánh').fill('7k3fq-9xm2a-bcdeh');
  await page.keyboard.press('Enter');
  const card = page.getByRole('region', { name: /^Tình trạng/ });
  // The answer stands once; the course says when it came.
  const answer = card.getByText('Đội quản lý đường bộ đã vá xong');
  await expect(answer).toHaveCount(1);
  await expect(card.getByRole('listitem')).toHaveCount(3);
  await expect(card.getByRole('listitem').last()).toContainText('Cơ quan đã trả lời');
  await expect(card.getByRole('listitem').filter({ hasText: 'Đội quản lý đường bộ đã vá xong' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Gửi đánh giá' }).click();
  await expect(page.getByText('Hãy chọn từ 1 đến 5.')).toBeVisible();
  await page.getByRole('radio', { name: '2 Kém' }).check();
  await page.getByRole('button', { name: 'Gửi đánh giá' }).click();
  await expect(page.getByText('Bạn đã đánh giá 2/5.')).toBeVisible();
  await page.getByText('Chưa xong? Yêu cầu xử lý lại', { exact: true }).click();
  await page.getByLabel('Vì sao chưa xong?').fill('Vẫn còn đọng nước');
  await page.getByRole('button', { name: 'Yêu cầu xử lý lại' }).click();
  await expect(card).toContainText('Vẫn còn đọng nước');
  await expect(page.getByRole('button', { name: 'Gửi đánh giá' })).toHaveCount(0);
});

const ANSWERED = '7K3FQ-9XM2A-BCDEH';

/** Looks at an answered report that is not rated yet. The next one after `hold` is told what stood when it came, once it is released. */
async function looks(page: Page) {
  const seen = { asked: 0, answered: 0, rating: null as number | null };
  let held: Promise<void> | undefined;
  let release: () => void = () => {};
  await page.route(`**/api/public/reports/${ANSWERED}`, async (route) => {
    const [rating, until] = [seen.rating, held];
    held = undefined;
    seen.asked += 1;
    const response = await route.fetch();
    const told = (await response.json()) as object;
    await until;
    await route.fulfill({ response, json: { ...told, can_respond: true, rating } });
    seen.answered += 1;
  });
  await page.route(`**/api/public/reports/${ANSWERED}/rating`, (route) => {
    seen.rating = (route.request().postDataJSON() as { rating: number }).rating;
    return route.fulfill({ status: 204 });
  });
  const hold = () => {
    held = new Promise<void>((resolve) => (release = resolve));
  };
  return { seen, hold, release: () => release() };
}

test('a rating is shown at once, also while an older look is on its way', async ({ page }) => {
  const { seen, hold, release } = await looks(page);
  await page.goto(`/theo-doi#${ANSWERED}`);
  await expect(page.getByRole('radio', { name: '5 Rất tốt' })).toBeVisible();
  hold();
  await page.getByRole('button', { name: 'Tải lại' }).click();
  await expect.poll(() => seen.asked).toBe(2);
  await page.getByRole('radio', { name: '5 Rất tốt' }).check();
  await page.getByRole('button', { name: 'Gửi đánh giá' }).click();
  await expect(page.getByText('Bạn đã đánh giá 5/5.')).toBeVisible({ timeout: 5_000 });
  release();
  await expect.poll(() => seen.answered).toBe(3);
  await expect(page.getByText('Bạn đã đánh giá 5/5.')).toBeVisible();
});

test('the code that was typed last is shown, though an answer of the one before comes later', async ({ page }) => {
  const { seen, hold, release } = await looks(page);
  hold();
  await page.goto(`/theo-doi#${ANSWERED}`);
  await expect.poll(() => seen.asked).toBe(1);
  await page.getByLabel('Mã phản ánh').fill('4HTQW-22MXA-9BCD1');
  await page.keyboard.press('Enter');
  const card = page.getByRole('region', { name: 'Tình trạng: 4HTQW-22MXA-9BCD1' });
  await expect(card).toBeVisible({ timeout: 5_000 });
  release();
  await expect.poll(() => seen.answered).toBe(1);
  await expect(card).toBeVisible();
  await expect(page.getByRole('button', { name: 'Gửi đánh giá' })).toHaveCount(0);
});

for (const [lang, words] of [
  ['vi', { follow: 'Theo dõi phản ánh đã gửi', tell: 'Gửi phản ánh mới' }],
  ['en', { follow: 'Follow a report that you sent', tell: 'Send a new report' }],
] as const) {
  test(`the language of the address goes along from page to page, ${lang}`, async ({ page }) => {
    await page.goto(`/bao-tin?lang=${lang}`);
    await page.getByRole('link', { name: words.follow }).click();
    await expect(page).toHaveURL(new RegExp(`/theo-doi\\?lang=${lang}$`));
    await expect(page.locator('html')).toHaveAttribute('lang', lang);
    await page.getByRole('link', { name: words.tell }).click();
    await expect(page).toHaveURL(new RegExp(`/bao-tin\\?lang=${lang}$`));
    await expect(page.getByRole('link', { name: words.follow })).toBeVisible();
  });
}

for (const theme of ['light', 'dark'] as const) {
  for (const lang of ['vi', 'en'] as const) {
    test(`axe finds nothing on the public pages, ${theme}, ${lang}`, async ({ page }) => {
      const query = `?theme=${theme}&lang=${lang}`;
      await page.goto(`/bao-tin${query}`);
      await expect(page.locator('option')).not.toHaveCount(0);
      await page.getByRole('button', { name: lang === 'vi' ? 'Gửi báo tin' : 'Send the report' }).click();
      await page.getByRole('button', { name: lang === 'vi' ? 'Chỉ trên bản đồ' : 'Point on the map' }).click();
      await expect(page.locator('main svg')).toBeVisible();
      await faultless(page);
      await page.screenshot({ path: `test-results/public/tell-${theme}-${lang}.png` });
      await page.getByRole('button', { name: lang === 'vi' ? 'Đóng bản đồ' : 'Close the map' }).click();
      await page.locator('textarea').fill('Nước ngập ngang gối, hai nhà chưa ra được.');
      await page.locator('#commune').selectOption({ index: 3 });
      await fake(page, 'lost?n=99');
      await page.locator('form .big').click();
      await expect(page.locator('h2.not')).toBeVisible();
      await faultless(page);
      await page.screenshot({ path: `test-results/public/waiting-${theme}-${lang}.png` });
      await fake(page, 'lost?n=0');
      await lineIsBack(page);
      await expect(page.locator('.code')).toBeVisible();
      await expect(page.locator('a.big')).toHaveAttribute('href', new RegExp(`^/theo-doi\\?lang=${lang}&theme=${theme}#`));
      await faultless(page);
      await page.screenshot({ path: `test-results/public/sent-${theme}-${lang}.png` });
      await page.goto(`/theo-doi${query}#4HTQW-22MXA-9BCD1`);
      await expect(page.locator('main ol li').first()).toBeVisible();
      await faultless(page);
      await page.screenshot({ path: `test-results/public/follow-${theme}-${lang}.png`, fullPage: true });
    });
  }
}

test('the look of the follow page with its questions', async ({ page }) => {
  for (const theme of ['light', 'dark']) {
    await page.setViewportSize({ width: 390, height: 1500 });
    await page.goto(`/theo-doi?theme=${theme}#7K3FQ-9XM2A-BCDEH`);
    await expect(page.locator('main ol li').first()).toBeVisible();
    await page.screenshot({ path: `test-results/public/answered-${theme}.png` });
  }
});

test('who handles reports gathers one in an incident, answers it, and takes it out', async ({ page }) => {
  await page.setViewportSize({ width: 1920, height: 1080 });
  await enter(page, '?nomap=1');
  await open(page, /Cháy kho hàng/);
  const incident = file(page, 'I4819');
  await incident.getByText(/Người dân báo · 1/).click();
  const told = incident.getByRole('list', { name: 'Người dân báo' });
  await expect(told).toContainText('Khói đen rất to sau chợ');
  await expect(told).toContainText('0905 000 001');
  const waiting = told.getByRole('listitem').filter({ hasText: 'Cháy kho, lửa lan' });
  await faultless(page, 'aside');
  await page.screenshot({ path: 'test-results/public/told.png' });
  await page.getByRole('button', { name: 'Nền sáng' }).click();
  await faultless(page, 'aside');
  await waiting.getByRole('button', { name: 'Gộp vào đây' }).click();
  await expect(incident.getByText(/Người dân báo · 2/)).toBeVisible();
  await waiting.getByRole('button', { name: 'Trả lời / Tách ra' }).click();
  await told.getByLabel('Lời trả lời, hoặc lý do tách').fill('Việc khác, ở ngõ 12');
  await waiting.getByRole('button', { name: 'Tách ra' }).click();
  await expect(incident.getByText(/Người dân báo · 1/)).toBeVisible();
  await expect(incident.getByText('Chưa gộp, cùng xã: 1')).toBeVisible();
});

test('who may not handle reports sees none', async ({ page }) => {
  await page.setViewportSize({ width: 1920, height: 1080 });
  await enter(page, '?nomap=1', 'man-hinh');
  await open(page, /Cháy kho hàng/);
  await expect(file(page, 'I4819')).toBeVisible();
  await expect(file(page, 'I4819').locator('summary')).toHaveCount(0);
});
