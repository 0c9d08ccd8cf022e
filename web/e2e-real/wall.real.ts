import type { BrowserContext, Page } from '@playwright/test';
import { alarms, file, queue, row, signIn, timeline } from '../tests/page';
import { facts, killNode } from './cluster';
import { GAUGE, measure, registerGauge } from './device';
import { expect, test, witness } from './witness';

const OPERATOR = 'truc-ban';
const DISPATCHER = 'dieu-phoi';
/** The lead of node 1's groups moves to another node, and the screens with it. */
const MOVED_MS_MAX = 30_000;

declare global {
  interface Window {
    /** Everything that the line's state said since the page was told to listen. */
    __said?: string[];
  }
}

const sensors = (page: Page) => page.getByRole('region', { name: 'Quan trắc' });
const line = (page: Page) => page.getByRole('banner').getByRole('status');
/** How many incidents the queue says are done. */
const done = async (page: Page) => Number(/Đã xong (\d+)/.exec((await queue(page).textContent()) ?? '')?.[1] ?? 'NaN');
const node = (page: Page) => page.evaluate(() => window.__stats?.node);

async function enter(context: BrowserContext, url: string, person: string, password: string): Promise<Page> {
  const page = witness(await context.newPage(), person);
  // The symbols blink; a picture of that moment would show some of them dim.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto(`${url}/?theme=dark`);
  await signIn(page, person, password);
  await expect(line(page)).toContainText('Trực tuyến');
  await expect(page.locator('.map[data-ready=true]')).toBeVisible({ timeout: 60_000 });
  return page;
}

/** Keeps whatever the line's state says from now on: what is said for a moment only counts too. */
async function listen(page: Page): Promise<void> {
  await line(page).evaluate((element) => {
    const said: string[] = (window.__said = []);
    const note = () => said.push(element.textContent ?? '');
    new MutationObserver(note).observe(element, { childList: true, characterData: true, subtree: true });
  });
}

test('a report goes from the gauge to both desks, is acknowledged at one, and outlives a node', async ({ browser }, info) => {
  const cluster = facts();
  const [first = '', second = ''] = cluster.urls;
  await registerGauge(cluster, 'Phường Phan Đình Phùng');
  // Two desks at two gateways: nothing that they share passes through one node.
  const [contextA, contextB] = [await browser.newContext(), await browser.newContext()];
  const a = await enter(contextA, first, OPERATOR, cluster.password);
  const b = await enter(contextB, second, DISPATCHER, cluster.password);
  expect([await node(a), await node(b)]).toEqual([1, 2]);

  await test.step('a reading over the limit becomes a value, an alarm and an incident on both', async () => {
    await measure(cluster, 27.82);
    for (const page of [a, b]) {
      await expect(sensors(page).getByRole('listitem').filter({ hasText: GAUGE.name })).toContainText('27,82');
      await expect(alarms(page).getByRole('listitem').filter({ hasText: GAUGE.name })).toContainText('Chưa xác nhận');
      await expect(row(page, GAUGE.name)).toContainText('Khẩn cấp');
    }
  });

  const id = (await row(a, GAUGE.name).locator('.id').textContent()) ?? '';
  await test.step('what one desk does, the other sees with its name', async () => {
    await a.screenshot({ path: info.outputPath('alarm.png') });
    await a.keyboard.press('F2');
    await expect(alarms(b).getByRole('listitem').filter({ hasText: GAUGE.name })).toContainText('Đã xác nhận');
    await row(a, id).getByRole('button', { name: 'Tiếp nhận' }).click();
    await expect(row(b, id)).toContainText('Đã tiếp nhận');
    await row(b, id).getByRole('button').first().click();
    await expect(timeline(b, id)).toContainText(`Tiếp nhận · ${OPERATOR}`);
    await b.screenshot({ path: info.outputPath('acknowledged.png') });
  });

  await test.step('a dispatcher sends a unit, and what is not his to decide says so', async () => {
    await expect(file(b, id).getByRole('button', { name: 'Đóng sự cố' })).toHaveAttribute('title', 'Vai trò Điều phối không được làm việc này');
    await b.keyboard.press('F9');
    await b.getByRole('dialog').getByRole('checkbox').first().check();
    await b.getByRole('dialog').getByRole('button', { name: 'Điều lực lượng (1)' }).click();
    await expect(row(a, id)).toContainText('Đã điều lực lượng');
  });

  await test.step('the node of one desk dies: the desk says so, moves by itself and misses nothing', async () => {
    await listen(a);
    const before = await a.evaluate(() => window.__stats!);
    await killNode(cluster, 1);
    await expect.poll(() => node(a), { timeout: MOVED_MS_MAX }).not.toBe(1);
    await expect(line(a)).toContainText(/Trực tuyến\s*Nút [23]/, { timeout: MOVED_MS_MAX });
    expect((await a.evaluate(() => window.__said!)).join('\n')).toContain('MẤT KẾT NỐI');
    await expect(alarms(a).getByRole('listitem').filter({ hasText: GAUGE.name })).toContainText('Đã xác nhận');
    await expect(row(a, id)).toContainText('Đã điều lực lượng');

    await measure({ ...cluster, urls: cluster.urls.slice(1) }, 28.05);
    for (const page of [a, b]) {
      await expect(sensors(page).getByRole('listitem').filter({ hasText: GAUGE.name })).toContainText('28,05', { timeout: MOVED_MS_MAX });
    }
    const after = await a.evaluate(() => window.__stats!);
    expect(after).toMatchObject({ gaps: 0, doubles: 0 });
    expect(after.snapshots).toBe(before.snapshots);
    await expect.poll(async () => (await a.evaluate(() => window.__state!())) === (await b.evaluate(() => window.__state!())), { timeout: MOVED_MS_MAX }).toBe(true);
  });

  await test.step('the desk that moved goes on working, through the node that it moved to', async () => {
    const doneBefore = await done(b);
    await row(a, id).getByRole('button').first().click();
    await file(a, id).getByRole('textbox', { name: 'Ghi chú', exact: true }).fill('Nước đã rút, cầu thông xe');
    await file(a, id).getByRole('button', { name: 'Đã xử lý xong' }).click();
    await expect(timeline(b, id)).toContainText('Nước đã rút, cầu thông xe', { timeout: MOVED_MS_MAX });
    await expect(row(b, id)).toHaveCount(0);
    await expect.poll(() => done(b)).toBe(doneBefore + 1);
    await a.screenshot({ path: info.outputPath('after-failover.png') });
  });
});
