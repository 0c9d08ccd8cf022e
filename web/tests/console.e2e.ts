// The agent's console, played by the keyboard alone. Each test is a person of its own, because all share one fake node.
import { expect, type Page } from '@playwright/test';
import { test } from './anew';
import { draftsOnDisk, enterAt, fake, forgetDrafts, freshSeq, panel } from './page';

const console_ = (page: Page, person: string, query = '?nomap=1') => enterAt(page, `/console${query}`, person);
const told = (page: Page) => page.getByRole('textbox', { name: 'Người gọi kể gì?' });
const line = (page: Page) => page.getByRole('combobox', { name: 'Dòng lệnh' });
/** The rows of whichever list is open. */
const offered = (page: Page) => page.locator('[role=listbox]:not([hidden]) [role=option]');
const bar = (page: Page) => page.getByRole('region', { name: 'Cuộc gọi', exact: true });
const form = (page: Page) => page.getByRole('region', { name: /^Phiếu/ });
const whom = (page: Page) => page.getByRole('region', { name: /^Điều lực lượng · I/ });

/** What the caller of the counted test says, as it is typed without marks: a key for each letter. */
const WORDS = 'xe tai lat km 9 yen trach';

/** Rings at the person; the call's id. */
async function ring(page: Page, person: string, more = ''): Promise<string> {
  const answer = (await (await fake(page, `ring?person=${person}${more}`)).json()) as { call: string };
  return answer.call;
}

test.beforeEach(async ({ page }) => {
  // Somebody who may answer and send: the order of keys is what is measured.
  await fake(page, 'role?role=admin');
  await fake(page, 'calm');
  await page.addInitScript(() => {
    const counted = ((window as unknown as { __hands: { keys: number; clicks: number } }).__hands = { keys: 0, clicks: 0 });
    addEventListener('keydown', ({ key }) => ['Shift', 'Control', 'Alt'].includes(key) || (counted.keys += 1), true);
    addEventListener('pointerdown', () => (counted.clicks += 1), true);
  });
});
test.afterEach(async ({ page }) => {
  for (const command of ['role?role=', 'hold?ms=0', 'fail?n=0', 'cut?down=0', 'surge?on=0', 'calm']) await fake(page, command);
});

test('from the ring to the first unit, without a mouse', async ({ page }) => {
  await console_(page, 'an');
  await ring(page, 'an', '&number=0987654321');
  await expect(bar(page)).toContainText('CUỘC GỌI ĐẾN');
  await expect(bar(page).getByTestId('number')).toHaveText('0987 654 321');
  await page.evaluate(() => Object.assign((window as unknown as { __hands: object }).__hands, { keys: 0, clicks: 0 }));
  const from = Date.now();
  await fake(page, 'hold?ms=300');
  await page.keyboard.press('F2');
  // Nothing was clicked, nothing has the focus by hand, and the answer is still on its way: the letters find the call's form.
  await page.keyboard.type(WORDS);
  await expect(page.getByRole('status', { name: 'Gợi ý', exact: true })).toContainText('Giao thông');
  await expect(told(page)).toHaveValue(WORDS);
  await expect(bar(page)).toContainText('Đang nghe');
  await fake(page, 'hold?ms=0');
  await page.keyboard.press('F4');
  await expect(form(page).getByRole('combobox', { name: 'Loại' })).toHaveValue('traffic');
  await page.keyboard.press('F9');
  const list = whom(page);
  const first = list.getByRole('listitem').first();
  await expect(first).toContainText('đang rảnh');
  const name = ((await first.locator('b').textContent()) ?? '').trim();
  await page.keyboard.press('F9');
  await expect(panel(page, /^Phiếu · C/).getByText(new RegExp(`${name} · Đang mời`))).toBeVisible();
  const ms = Date.now() - from;
  const hands = await page.evaluate(() => (window as unknown as { __hands: { keys: number; clicks: number } }).__hands);
  test.info().annotations.push({ type: 'measured', description: `${hands.keys} keys, ${hands.clicks} clicks, ${ms} ms of waiting for the screen` });
  expect(hands.clicks).toBe(0);
  // Four keys of command, the rest are the words that the caller said.
  expect(hands.keys).toBe(4 + WORDS.length);
});

test('the pop shows number, history and what is near, within 300 ms of its event', async ({ page }) => {
  await console_(page, 'binh');
  await expect(page.getByText('Chưa có cuộc gọi')).toBeVisible();
  for (let n = 0; n < 5; n += 1) {
    await ring(page, 'binh');
    await expect(bar(page)).toContainText('CUỘC GỌI ĐẾN');
    await expect(page.getByTestId('history')).toHaveText('3 cuộc gọi trước');
    await page.keyboard.press('F2');
    await expect(bar(page)).toContainText('Đang nghe');
    await page.keyboard.press('F7');
    await expect(bar(page)).toContainText('Ghi nốt');
    await page.keyboard.press('F7');
    await expect(bar(page).locator('.state')).toContainText('Sẵn sàng');
  }
  const card = panel(page, 'Người gọi');
  await ring(page, 'binh');
  await expect(card).toContainText('Nắp cống trước nhà bị vỡ');
  await expect(card).toContainText('Từng báo ở: Số 8 Bến Oánh');
  await expect(card.getByRole('list', { name: 'Sự cố đang mở trong 1 km' }).getByRole('listitem').first()).toContainText(/I\d+/);
  await expect.poll(() => page.evaluate(() => window.__pops?.filter(({ wholeMs }) => wholeMs !== undefined).length)).toBe(6);
  const pops = await page.evaluate(() => window.__pops!);
  const whole = pops.map(({ wholeMs }) => wholeMs ?? Infinity).sort((a, b) => a - b);
  test.info().annotations.push({ type: 'measured', description: `pops, ms: ${whole.join(', ')}` });
  // A machine that does other things may hold up one or the other; a screen that is slow by itself is so each time.
  expect(whole).toHaveLength(6);
  expect(whole[2]).toBeLessThan(300);
});

const AROUND = {
  vi: { card: 'Người gọi', last: /^Từng báo ở: Số 8 Bến Oánh.* · \d+ ngày trước$/, near: 'Sự cố đang mở trong 1 km', show: /^Xem [\d.]+ sự cố xa hơn, trong 3 km$/, hide: 'Ẩn sự cố xa hơn 1 km', farther: 'Sự cố đang mở xa hơn 1 km, trong 3 km', said: 'Gần người gọi' },
  en: { card: 'Caller', last: /^Told before of: Số 8 Bến Oánh.* · \d+ d.* ago$/, near: 'Open incidents within 1 km', show: /^Show [\d,]+ farther away, within 3 km$/, hide: 'Hide those beyond 1 km', farther: 'Open incidents beyond 1 km, within 3 km', said: 'Near the caller' },
} as const;
for (const [lang, says] of Object.entries(AROUND)) {
  test(`incidents within one kilometre of the caller stand in the pop, those farther away come when they are asked for, ${lang}`, async ({ page }) => {
    const person = `quanh-${lang}`;
    await console_(page, person, `?nomap=1&lang=${lang}`);
    const call = await ring(page, person);
    const { place } = (await (await page.request.get(`/api/calls/${call}/caller`)).json()) as { place: { latitude_e7: number; longitude_e7: number; admin_unit: string } };
    const opened = async (north: number) => {
      const at = { latitude_e7: place.latitude_e7 + north, longitude_e7: place.longitude_e7, admin_unit: place.admin_unit, address: '' };
      const answer = await page.request.post('/api/incidents', { data: { kind: 'other', severity: 'low', summary: says.said, exercise: false, place: at }, headers: { 'x-request-seq': freshSeq() } });
      return ((await answer.json()) as { entity: string }).entity;
    };
    // One degree of latitude is 111 km.
    const [inside, beyond, away] = [await opened(1_000), await opened(100_000), await opened(360_000)];
    const card = page.getByRole('region', { name: says.card, exact: true });
    await expect(card.getByText(says.last)).toBeVisible();
    const near = card.getByRole('list', { name: says.near, exact: true });
    const farther = card.getByRole('list', { name: says.farther, exact: true });
    await expect(near).toContainText(inside);
    await expect(card).not.toContainText(beyond);
    const show = card.getByRole('button', { name: says.show });
    await expect(show).toHaveAttribute('aria-expanded', 'false');
    await show.focus();
    await page.keyboard.press('Enter');
    await expect(farther).toContainText(beyond);
    await expect(near).not.toContainText(beyond);
    await expect(card).not.toContainText(away);
    await card.getByRole('button', { name: says.hide, exact: true }).click();
    await expect(farther).toHaveCount(0);
  });
}

test('a place by its old name and without marks; a pin that the keyboard moves', async ({ page }) => {
  await console_(page, 'chi');
  const field = page.getByRole('combobox', { name: 'Nơi' });
  await field.focus();
  await page.keyboard.type('hoang van thu');
  await expect(offered(page).first()).toContainText('Phường Phan Đình Phùng');
  await expect(offered(page).first()).toContainText('Hoàng Văn Thụ');
  await page.keyboard.press('Enter');
  await expect(page.locator('#console-place')).toContainText('Hoàng Văn Thụ · Phường Phan Đình Phùng');
  await expect(page.locator('#console-place')).toContainText('chưa có điểm chính xác');
  await page.keyboard.press('Alt+Shift+ArrowUp');
  await expect(page.locator('#console-place')).toContainText(/điểm 21\.\d{4}/);
  await field.focus();
  await page.keyboard.type('pdp');
  await expect(offered(page).first()).toContainText('Phường Phan Đình Phùng');
  await page.keyboard.press('Escape');
  await expect(offered(page)).toHaveCount(0);
});

test('what is told again is one of the open incidents, asked before it is saved and joined by one key', async ({ page }) => {
  await console_(page, 'dat');
  await ring(page, 'dat', '&number=0977000111');
  await expect(bar(page)).toContainText('CUỘC GỌI ĐẾN');
  await page.keyboard.press('F2');
  await expect(bar(page)).toContainText('Đang nghe');
  await page.keyboard.type('cháy kho hàng trong nhà xưởng ở vạn xuân');
  const asked = page.getByRole('region', { name: 'Có phải một trong các sự cố này?' });
  const same = asked.getByRole('listitem').filter({ hasText: 'I4819' });
  await expect(same).toContainText('cùng loại');
  await page.keyboard.press('F4');
  await page.keyboard.press('F9');
  await expect(form(page)).toContainText(/Có thể trùng I4\d+/);
  // Other tests may have opened some like it: the key is the one on the row.
  const key = ((await same.locator('kbd').textContent()) ?? '').slice(-1);
  await page.keyboard.press(`Alt+${key}`);
  await expect(page.getByText('Đã ghi vào I4819')).toBeVisible();
  await expect(page.getByText(/Mã cho người gọi: CALLA-BBBCC-D/)).toBeVisible();
});

test('what is written survives a browser that dies, and one that lost its memory', async ({ page, context }) => {
  await console_(page, 'em');
  const call = await ring(page, 'em', '&number=0966000222');
  await expect(bar(page)).toContainText('CUỘC GỌI ĐẾN');
  await page.keyboard.press('F2');
  await expect(bar(page)).toContainText('Đang nghe');
  await page.keyboard.type('ngập đến đầu gối ở ba bể, cụ già ở một mình');
  await page.keyboard.press('F4');
  await expect(form(page)).toContainText('Đã giữ trên máy này và ở trung tâm');
  await expect.poll(async () => (await draftsOnDisk(page))[call] ?? {}).toMatchObject({ text: 'ngập đến đầu gối ở ba bể, cụ già ở một mình', kind: 'flood' });
  await page.reload();
  await expect(told(page)).toHaveValue('ngập đến đầu gối ở ba bể, cụ già ở một mình');
  await expect(page.getByRole('combobox', { name: 'Loại' })).toHaveValue('flood');
  // Another machine: nothing is kept there, the centre gives it.
  await forgetDrafts(page);
  await page.reload();
  await expect(told(page)).toHaveValue('ngập đến đầu gối ở ba bể, cụ già ở một mình');
  // The node is gone while more is told: it stays here, says so, and goes to the centre when a node answers.
  await fake(page, 'cut?down=1');
  await told(page).focus();
  await page.keyboard.press('End');
  await page.keyboard.type(', nước vẫn lên');
  await expect(form(page)).toContainText('Đã giữ trên máy này');
  await expect(form(page)).not.toContainText('ở trung tâm');
  await fake(page, 'cut?down=0');
  await expect(form(page)).toContainText('Đã giữ trên máy này và ở trung tâm', { timeout: 20_000 });
  const kept = (await (await fake(page, `draft?call=${call}`)).json()) as { form: { text: string } };
  expect(kept.form.text).toContain('nước vẫn lên');
  await context.clearCookies();
});

const KEPT = {
  vi: { text: 'Người gọi kể gì?', kind: 'Loại', kept: 'Đã giữ trên máy này' },
  en: { text: 'What does the caller tell?', kind: 'Kind', kept: 'Kept on this machine' },
} as const;
const atNobody = (drafts: Awaited<ReturnType<typeof draftsOnDisk>>) => drafts[''] ?? {};
for (const [lang, says] of Object.entries(KEPT)) {
  test(`what an earlier version kept moves to the disk, and each field is there once it was changed, ${lang}`, async ({ page }) => {
    const person = `giu-${lang}`;
    await console_(page, person, `?nomap=1&lang=${lang}`);
    const text = page.getByRole('textbox', { name: says.text });
    const before = { call: '', seq: Date.now(), text: 'cây đổ chắn đường', address: 'km 5', exercise: false };
    await page.evaluate((kept) => localStorage.setItem('trongdong.console', kept), JSON.stringify({ person, drafts: [before] }));
    await page.reload();
    await expect(text).toHaveValue(before.text);
    await expect.poll(async () => atNobody(await draftsOnDisk(page))).toMatchObject({ text: before.text });
    await expect.poll(() => page.evaluate(() => Object.keys(localStorage).filter((key) => /^trongdong\.(draft\/|console$)/.test(key)))).toEqual([]);
    await text.focus();
    await page.keyboard.press('End');
    await page.keyboard.type(' x');
    await expect.poll(async () => atNobody(await draftsOnDisk(page))).toMatchObject({ text: `${before.text} x` });
    await page.getByRole('combobox', { name: says.kind, exact: true }).selectOption('flood');
    await expect.poll(async () => atNobody(await draftsOnDisk(page))).toMatchObject({ text: `${before.text} x`, kind: 'flood' });
  });

  test(`a browser without IndexedDB keeps a draft all the same, ${lang}`, async ({ page }) => {
    await page.addInitScript(() => Object.defineProperty(window, 'indexedDB', { value: undefined }));
    await console_(page, `rieng-${lang}`, `?nomap=1&lang=${lang}`);
    const text = page.getByRole('textbox', { name: says.text });
    await text.fill('nước vào nhà');
    await expect(page.getByText(says.kept, { exact: true })).toBeVisible();
    await page.reload();
    await expect(text).toHaveValue('nước vào nhà');
  });
}

test('the command line does what the keys do, completes, and leaves without a trace', async ({ page }) => {
  await console_(page, 'phuc');
  await page.keyboard.press('/');
  await expect(line(page)).toBeFocused();
  await expect(offered(page).first()).toBeVisible();
  await page.keyboard.type('loai nga');
  await page.keyboard.press('Tab');
  await expect(line(page)).toHaveValue('loai Ngập lụt');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('combobox', { name: 'Loại' })).toHaveValue('flood');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('muc 5');
  await page.keyboard.press('Enter');
  await page.keyboard.press('F1');
  await page.keyboard.type('noi hoa thuong');
  await page.keyboard.press('Enter');
  await expect(page.locator('#console-place')).toContainText(/Hóa Thượng · (Xã|Phường) Đồng Hỷ/);
  await page.keyboard.press('F1');
  await page.keyboard.type('xyz');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Không hiểu lệnh này.')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(line(page)).toHaveValue('');
  await page.keyboard.press('F9');
  await expect(form(page)).toContainText('Chưa ghi người gọi kể gì.');
  await fake(page, 'hold?ms=2000');
  await page.keyboard.type('nước lên nhanh quanh hồ núi cốc');
  await page.keyboard.press('F1');
  await page.keyboard.type('luu');
  await page.keyboard.press('Enter');
  await expect(form(page)).toContainText('Đang ghi');
  await fake(page, 'hold?ms=0');
  await expect(page.getByText(/Đã lưu thành I\d+/)).toBeVisible();
  await expect(whom(page).getByRole('listitem').first()).toBeVisible();
  await page.keyboard.press('F1');
  await page.keyboard.type('dieu');
  await page.keyboard.press('Enter');
  await expect(page.getByText(/· Đang mời/)).toBeVisible();
});

test('holding, transferring, breaks, call-backs and what the cluster refuses', async ({ page }) => {
  await console_(page, 'giang');
  await fake(page, 'wait?callback=1&number=0933000444&ms=900000');
  const waiting = panel(page, /^Đang chờ nghe/);
  await expect(waiting).toContainText('0933 000 444');
  await page.keyboard.press('F1');
  await page.keyboard.type('goi lai');
  await page.keyboard.press('Enter');
  await expect(bar(page)).toContainText('Đang gọi lại');
  await page.keyboard.press('F7');
  await expect(waiting).toContainText('đã gọi 1/3 lần');
  await page.keyboard.press('F8');
  await expect(bar(page).locator('.state')).toContainText('Sẵn sàng');
  await page.keyboard.press('F8');
  await expect(bar(page).locator('.state')).toContainText('Nghỉ');
  await page.keyboard.press('F8');
  await expect(bar(page).locator('.state')).toContainText('Sẵn sàng');
  const call = await ring(page, 'giang', '&number=0944000555&line=113&wanted=Va chạm có thương tích');
  await expect(bar(page)).toContainText('113 chuyển sang');
  await expect(panel(page, 'Người gọi')).toContainText('Va chạm có thương tích');
  await page.keyboard.press('F2');
  await expect(bar(page)).toContainText('Đang nghe');
  await page.keyboard.press('F3');
  await expect(bar(page)).toContainText('GIỮ MÁY');
  await page.keyboard.press('F3');
  await expect(bar(page)).toContainText('Đang nghe');
  await expect(bar(page)).toContainText('Đã ghi · bản 4');
  // Somebody else was quicker: what was decided on the older version is refused, and says so.
  // (Theirs goes in between the key and its arrival, on whatever machine this runs.)
  await page.route(`**/api/calls/${call}/hold`, async (route) => {
    await page.request.post(`/api/calls/${call}/hold`, { data: { expected_version: 4, held: true }, headers: { 'x-request-seq': freshSeq() } });
    await route.continue();
  });
  await page.keyboard.press('F3');
  await expect(bar(page)).toContainText('Bị từ chối: Người khác vừa sửa');
  // The refusal and what they did come by two roads: a key between them would be decided on the older version again.
  await expect(bar(page)).toContainText('GIỮ MÁY');
  await page.keyboard.press('F6');
  await expect(line(page)).toBeFocused();
  await page.keyboard.type('115');
  await expect(offered(page).first()).toContainText('115');
  await page.keyboard.press('Enter');
  await expect(bar(page)).toContainText('Đã chuyển đi');
  await page.keyboard.press('F7');
  await expect(bar(page).locator('.state')).toContainText('Sẵn sàng');
});

test('a wait changes shape and word, and overload brings its script', async ({ page }) => {
  await console_(page, 'ha');
  await fake(page, 'wait?number=0922000333&ms=26000');
  const row = panel(page, /^Đang chờ nghe/).getByRole('listitem').filter({ hasText: '0922 000 333' });
  await expect(row).toContainText('QUÁ 20 s');
  await expect(row).toContainText(/00:\d\d/);
  await fake(page, 'surge?on=1');
  await expect(page.getByRole('status', { name: 'QUÁ TẢI' })).toContainText('Không nguy hiểm: hẹn gọi lại');
});

test('who may not send leaves it to the dispatcher, and is told so', async ({ page }) => {
  await fake(page, 'role?role=agent');
  await console_(page, 'khanh');
  await page.keyboard.type('cây đổ chắn đường ở chợ mới');
  await page.keyboard.press('F4');
  await page.keyboard.press('F9');
  await expect(page.getByText(/Đã lưu thành I\d+/)).toBeVisible();
  await expect(whom(page).getByRole('listitem').first()).toBeVisible();
  await page.keyboard.press('F9');
  await expect(whom(page)).toContainText('Vai trò Tổng đài không được làm việc này');
});

test('an agent whose seat sends units does so by the same key, and may nothing else for it', async ({ page }) => {
  await fake(page, 'role?role=agent');
  await fake(page, 'agent?person=linh&dispatches=1');
  await console_(page, 'linh');
  await page.keyboard.type('cây đổ chắn đường ở chợ mới');
  await page.keyboard.press('F4');
  await page.keyboard.press('F9');
  await expect(page.getByText(/Đã lưu thành I\d+/)).toBeVisible();
  await expect(whom(page).getByRole('listitem').first()).toBeVisible();
  await page.keyboard.press('F9');
  await expect(whom(page)).not.toContainText('không được làm việc này');
  await expect(page.getByText(/· Đang mời/)).toBeVisible();
  await expect(page.getByRole('link', { name: 'Điều phối lực lượng' })).toHaveCount(0);
});
