// The read-me's first hour, as it is written: who, where and which keys are read from README.md and done in its order, against the
// demonstration that `cargo xtask up` starts, with everything that moves in it.
import { readFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import { alarms, file, queue, row, signIn } from '../tests/page';
import { facts, killNode } from './cluster';
import { UP } from './demo';
import { logIn, post, report } from './device';
import { MOVED_MS_MAX, onPhone, send, sit } from './people';

/** The river rises within this time, and simulated crews answer. */
const LIVE_MS_MAX = 180_000;
/** Seats where calls are taken, three of them simulated: with so many callers at once one rings here. */
const SEATS = 4;
const TOLD = 'xe tai lat o quyet thang';
/** What somebody told another centre, which passed it on. */
const PLEA = 'Nước ngập tới mái nhà rồi, 5 người với 2 cháu nhỏ đang trên nóc, cứu với';
const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

/** The numbered steps of the first hour, each as one line. */
function stepsOf(text: string): string[] {
  const [, after = ''] = /first hour:\n\n([^]*?)\n\n## /.exec(text) ?? [];
  return after.split(/\n(?=\d+\. )/).map((step) => step.replace(/\s+/g, ' '));
}
const STEPS = stepsOf(README);
/** What stands in backticks: accounts, addresses, commands. */
const quoted = (step: string) => [...step.matchAll(/`([^`]+)`/g)].map(([, what = '']) => what);
const keysOf = (step: string) => [...step.matchAll(/\bF\d+\b/g)].map(([key]) => key);

test.describe.configure({ mode: 'serial' });

test('the first hour has four steps, and `cargo xtask up` starts what is played here', () => {
  expect(STEPS).toHaveLength(4);
  expect(README).toMatch(/^cargo xtask up\b/m);
  const up = readFileSync(new URL('../../ops/xtask/src/up.rs', import.meta.url), 'utf8');
  // Its own folder and ports are all that the tests replace.
  expect(up).toContain('&["demo", "--rtsp-script", RTSP_SCRIPT]');
  expect(up).toContain(`RTSP_SCRIPT: &str = "${UP.script}"`);
});

test('step 1: an alarm, an incident, and what the model says', async ({ browser }) => {
  test.setTimeout(300_000);
  const cluster = facts();
  const [who = ''] = quoted(STEPS[0]!);
  const [alarmKey = '', incidentKey = ''] = keysOf(STEPS[0]!);
  const wall = await sit(browser, cluster, 2, '/?nomap=1', who);
  const waiting = alarms(wall).getByRole('listitem').filter({ hasText: 'Chưa xác nhận' });
  await expect(waiting.first()).toBeVisible({ timeout: LIVE_MS_MAX });
  await wall.keyboard.press(alarmKey);
  await expect(alarms(wall).getByRole('listitem').filter({ hasText: 'Đã xác nhận' }).first()).toBeVisible({ timeout: MOVED_MS_MAX });

  await report(cluster, 'Phường Phan Đình Phùng', [{ reference: 'readme-1', summary: PLEA, latitude_e7: 215_935_000 }]);
  const opened = queue(wall).getByRole('listitem').filter({ has: wall.getByRole('button', { name: 'Tiếp nhận' }) });
  await expect(opened.first()).toBeVisible();
  const id = (await opened.first().locator('.id').textContent())?.trim() ?? '';
  // Its file is opened, because a taken incident may leave the rows that fit.
  await opened.first().getByRole('button').first().click();
  await wall.keyboard.press(incidentKey);
  await expect(file(wall, id).locator('.file-head')).toContainText(/Đã tiếp nhận|Đã điều/, { timeout: MOVED_MS_MAX });

  // The plea may stand below what fits: the list shows it when it is asked for.
  const rest = queue(wall).getByRole('button', { name: /sự cố phía dưới/ });
  await expect(row(wall, PLEA).or(rest).first()).toBeVisible();
  if (!(await row(wall, PLEA).isVisible())) await rest.click();
  const plea = (await row(wall, PLEA).locator('.id').textContent())?.trim() ?? '';
  await row(wall, PLEA).getByRole('button').first().click();
  await expect(file(wall, plea).getByRole('region', { name: 'Gợi ý của mô hình' })).toContainText('Ngập lụt', { timeout: LIVE_MS_MAX });
  await wall.context().close();
});

test('step 2: a unit is sent by a key, units answer, and a phone is a crew', async ({ browser }) => {
  test.setTimeout(300_000);
  const cluster = facts();
  const [who = '', board = '', crew = '', phone = ''] = quoted(STEPS[1]!);
  expect(STEPS[1]).toContain('the keys 1 to 9 send');
  const desk = await sit(browser, cluster, 3, board, who);
  const chosen = desk.getByRole('region', { name: 'Sự cố đang mở' }).getByRole('button').filter({ hasText: PLEA.slice(0, 20) }).first();
  await chosen.click();
  const id = /I\d+/.exec((await chosen.textContent()) ?? '')?.[0] ?? '';
  const list = desk.getByRole('region', { name: `Nên điều · ${id}` });
  await send(list, () => desk.keyboard.press('1'), list.getByText(/Đã ghi/), list.getByText(/Bị từ chối|Chưa gửi/));
  await expect(chosen).not.toContainText('Chưa có lực lượng', { timeout: MOVED_MS_MAX });
  // Simulated crews answer and set out; who has a phone waits for its person.
  await expect(desk.getByRole('region', { name: 'Lực lượng' })).toContainText(/Đã nhận|Đang đến|Đang mời/, { timeout: LIVE_MS_MAX });
  const { page } = await onPhone(browser, cluster, 2, phone);
  await signIn(page, crew, cluster.password);
  const name = / you are ([^.]+)\./.exec(STEPS[1]!)?.[1] ?? '';
  await expect(page.getByRole('heading', { level: 1 })).toContainText(name);
  for (const open of [desk, page]) await open.context().close();
});

test('step 3: a call, by the keys in the order of the read-me', async ({ browser }) => {
  test.setTimeout(300_000);
  const cluster = facts();
  const [who = '', screen = ''] = quoted(STEPS[2]!);
  const page = await sit(browser, cluster, 2, `${screen}?nomap=1`, who);
  const bar = page.getByRole('region', { name: 'Cuộc gọi', exact: true });
  const form = page.getByRole('region', { name: /^Phiếu/ });
  const list = page.getByRole('region', { name: /^Điều lực lượng · I/ });
  const sent = page.getByText(/ · Đang mời| · Đã nhận/);
  let saved = false;
  const done: Record<string, () => Promise<void>> = {
    F8: async () => {
      // A page that has just come up may not hear the first press.
      const begun = async () => {
        await page.keyboard.press('F8');
        await expect(bar.locator('.state')).toContainText(/Sẵn sàng|Đang đổ chuông/, { timeout: 3_000 });
      };
      await expect(begun).toPass();
      // Calls ring all day; a test does not wait for the day.
      await ring();
      await expect(bar).toContainText('CUỘC GỌI ĐẾN', { timeout: LIVE_MS_MAX });
    },
    F2: async () => {
      await page.keyboard.press('F2');
      await expect(bar).toContainText('Đang nghe');
      await page.keyboard.type(TOLD);
    },
    F4: async () => {
      await expect(page.getByRole('status', { name: 'Gợi ý', exact: true })).toContainText('Giao thông');
      await page.keyboard.press('F4');
      await expect(form.getByRole('combobox', { name: 'Loại' })).toHaveValue('traffic');
    },
    F9: async () => {
      if (saved) return send(list, () => page.keyboard.press('F9'), sent.first(), page.getByText('Đang tính nên điều ai').or(page.getByText(/Bị từ chối/)));
      await save(page);
      saved = true;
    },
    F7: async () => {
      await page.keyboard.press('F7');
      await expect(bar).toContainText('Ghi nốt');
    },
    F1: async () => {
      await page.keyboard.press('F1');
      await expect(page.getByRole('combobox', { name: 'Dòng lệnh' })).toBeFocused();
    },
  };
  expect(keysOf(STEPS[2]!)).toEqual(['F8', 'F2', 'F4', 'F9', 'F9', 'F7', 'F1']);
  for (const key of keysOf(STEPS[2]!)) await test.step(key, done[key]!);
  await page.context().close();

  /** As many callers as there are seats, through the exchange's interface. */
  async function ring(): Promise<void> {
    const { cookie, seq } = await logIn(cluster);
    for (let caller = 0; caller < SEATS; caller += 1) {
      const path = `/api/telephony/calls/readme-${caller}/offer`;
      await post(cluster.urls, path, { cookie, 'x-request-seq': String(seq + caller) }, { line: '1022', number: `098800000${caller}` });
    }
  }
});

/** Saves; where an open incident is likely the same, a second press says that it is another. */
async function save(page: Page): Promise<void> {
  const saved = page.getByText(/Đã lưu thành I\d+/);
  const asked = page.getByText(/Có thể trùng/);
  await page.keyboard.press('F9');
  await expect(saved.or(asked).first()).toBeVisible();
  if (await asked.isVisible()) await page.keyboard.press('F9');
  await expect(saved).toBeVisible();
}

test('step 4: a node is stopped, and the screens go on at the others', async ({ browser }) => {
  test.setTimeout(300_000);
  const cluster = facts();
  const node = Number(/`trongdong start \.data\/demo\/node-(\d)`/.exec(STEPS[3]!)?.[1] ?? 'NaN');
  const wall = await sit(browser, cluster, node, '/?nomap=1', 'truc-ban');
  await killNode(cluster, node);
  await expect.poll(() => wall.evaluate(() => window.__stats?.node), { timeout: MOVED_MS_MAX }).not.toBe(node);
  await expect(wall.locator('.line[data-state=live]')).toBeVisible({ timeout: MOVED_MS_MAX });
  await wall.context().close();
});
