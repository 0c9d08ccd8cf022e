// From a telephone call to a closed incident, in Vietnamese: a real SIP caller, an agent without a mouse, a crew whose line is cut in the
// middle, and the node that leads killed meanwhile.
import { expect, test } from '@playwright/test';
import { file, outbox, panel, queue, row, timeline } from '../tests/page';
import { facts, killNode, leaderOf, startNode } from './cluster';
import { crewPhone, MOVED_MS_MAX, send, sit, stepsOf, TAPPED_MS_MAX } from './people';
import { call, hasSipp, phone, seat } from './telephone';

const AGENT = 'tong-dai';
const OPERATOR = 'truc-ban';
const CREW = 'to-unit-001';
/** The unit that this crew has, and the ward where it is stationed: the nearest to what burns there. */
const UNIT = { id: 'unit-001', name: 'Xe chữa cháy 01' };
const NUMBER = '0912345678';
/** A key for each letter, as it is typed without marks. */
const TOLD = 'chay nha o duc xuan, khoi den nhieu';

test('a call becomes an incident, a unit goes there through a tunnel, and the incident is closed', async ({ browser }, info) => {
  test.skip(!hasSipp, 'sipp is not there: apt-get install sip-tester');
  test.setTimeout(300_000);
  const cluster = facts();
  const desk = await phone();
  await seat(cluster, AGENT, desk.address);
  // Three people at three nodes; the telephone is at the first.
  const agent = await sit(browser, cluster, 2, '/console?nomap=1', AGENT);
  const wall = await sit(browser, cluster, 3, '/?nomap=1', OPERATOR);
  const crew = await crewPhone(browser, cluster, 3, CREW, 'vi');
  const bar = agent.getByRole('region', { name: 'Cuộc gọi', exact: true });
  const form = agent.getByRole('region', { name: /^Phiếu/ });
  const list = agent.getByRole('region', { name: /^Điều lực lượng · I/ });
  const onIt = (status: string) => file(wall, id).getByRole('button', { name: `${UNIT.name} · ${status}` });
  let clicks = 0;
  await agent.exposeFunction('countClick', () => (clicks += 1));
  let id = '';

  await expect(bar.locator('.state')).toContainText('Rời ca');
  await agent.evaluate(() => addEventListener('pointerdown', () => void (window as unknown as { countClick: () => void }).countClick(), true));
  await agent.keyboard.press('F8');
  await expect(bar.locator('.state')).toContainText('Sẵn sàng');
  const caller = call(cluster, NUMBER);

  await test.step('it rings at the desk with the caller’s number, and is answered by a key', async () => {
    await expect(bar).toContainText('CUỘC GỌI ĐẾN');
    await expect(bar.getByTestId('number')).toHaveText('0912 345 678');
    await agent.keyboard.press('F2');
    await expect(bar).toContainText('Đang nghe');
  });

  await test.step('what is told fills the form by suggestions, and one key saves it', async () => {
    await agent.keyboard.type(TOLD);
    await expect(agent.getByRole('status', { name: 'Gợi ý', exact: true })).toContainText('Đức Xuân');
    await agent.keyboard.press('F4');
    await expect(form.getByRole('combobox', { name: 'Loại' })).toHaveValue('fire');
    await agent.keyboard.press('F9');
    const saved = agent.getByText(/Đã lưu thành I\d+/);
    await expect(saved).toBeVisible();
    id = /I\d+/.exec((await saved.textContent()) ?? '')?.[0] ?? '';
    await expect(row(wall, id)).toContainText(TOLD);
  });

  await test.step('the agent sends the first unit of the list without leaving the keys', async () => {
    await expect(list.getByRole('listitem').first()).toContainText(UNIT.name);
    const sent = agent.getByText(new RegExp(`${UNIT.name} · Đang mời`));
    const notYet = agent.getByText('Đang tính nên điều ai').or(agent.getByText(/Bị từ chối/));
    await send(list, () => agent.keyboard.press('F9'), sent, notYet);
    await agent.screenshot({ path: info.outputPath('sent.png') });
    expect(clicks).toBe(0);
  });

  await test.step('the crew accepts on its phone and sets out; the wall hears of both', async () => {
    await expect(crew.page.getByRole('region', { name: 'Nhiệm vụ' })).toContainText(id, { timeout: TAPPED_MS_MAX });
    await crew.page.getByRole('button', { name: 'NHẬN LỆNH' }).click();
    await row(wall, id).getByRole('button').first().click();
    await expect(onIt('Đã nhận')).toBeVisible({ timeout: TAPPED_MS_MAX });
    await crew.page.getByRole('button', { name: 'LÊN ĐƯỜNG' }).click();
    await expect(onIt('Đang đến')).toBeVisible({ timeout: TAPPED_MS_MAX });
  });

  await test.step('the agent hangs up, and the caller’s telephone hears it', async () => {
    await agent.keyboard.press('F7');
    expect(await caller.hungUp).toBe(true);
    await expect(bar).toContainText('Ghi nốt');
    await agent.keyboard.press('F7');
    await expect(bar.locator('.state')).toContainText('Sẵn sàng');
  });

  let tappedAtMs = 0;
  await test.step('in the tunnel the crew arrives: kept on the phone, and nobody is told that the centre knew', async () => {
    await crew.context.setOffline(true);
    await crew.page.getByRole('button', { name: 'ĐÃ ĐẾN NƠI' }).click();
    await expect(crew.page.getByText('1 thao tác chờ gửi')).toBeVisible();
    await expect(crew.page.getByText('trên máy, trung tâm chưa nhận')).toBeVisible();
    tappedAtMs = (await outbox(crew.page)).find(({ status }) => status === 'on-scene')?.tappedAtMs ?? 0;
    expect(tappedAtMs).toBeGreaterThan(0);
  });

  await test.step('meanwhile the node that leads is killed; another one leads, and the wall goes on', async () => {
    const gone = await leaderOf(cluster);
    await killNode(cluster, gone);
    expect(await leaderOf(cluster, gone)).not.toBe(gone);
    await expect(wall.locator('.line[data-state=live]')).toBeVisible({ timeout: MOVED_MS_MAX });
    await expect(onIt('Đang đến')).toBeVisible();

    await crew.context.setOffline(false);
    await expect(crew.page.getByText('chờ gửi')).toHaveCount(0, { timeout: MOVED_MS_MAX });
    await expect(onIt('Tại hiện trường')).toBeVisible({ timeout: MOVED_MS_MAX });
    await startNode(cluster, gone);
  });

  await test.step('the tap arrived once, with its own time', async () => {
    const steps = (await stepsOf(cluster, UNIT.id)).filter(({ status }) => status === 'on_scene');
    expect(steps.map(({ tapped_at_ms }) => tapped_at_ms)).toEqual([tappedAtMs]);
    expect(steps[0]!.received_at_ms).toBeGreaterThan(tappedAtMs);
  });

  await test.step('the crew is done, and the operator closes the incident', async () => {
    await crew.page.getByRole('button', { name: 'XONG VIỆC' }).click();
    await expect(crew.page.getByText('Chưa có lệnh.')).toBeVisible({ timeout: TAPPED_MS_MAX });
    await file(wall, id).getByLabel('Ghi chú').fill('Đã dập tắt, không ai bị thương');
    await file(wall, id).getByRole('button', { name: 'Đã xử lý xong' }).click();
    await expect(timeline(wall, id)).toContainText('Đã dập tắt, không ai bị thương', { timeout: MOVED_MS_MAX });
    await file(wall, id).getByRole('button', { name: 'Đóng sự cố' }).click();
    await expect(file(wall, id).locator('.file-head')).toContainText('Đã đóng', { timeout: MOVED_MS_MAX });
    await expect(queue(wall).getByRole('listitem').filter({ hasText: id })).toHaveCount(0);
    await wall.screenshot({ path: info.outputPath('closed.png') });
  });

  await test.step('nobody waits, and the next one can call', async () => {
    await expect(panel(agent, /^Đang chờ nghe/)).toContainText('Không ai đang chờ.', { timeout: MOVED_MS_MAX });
    await expect(agent.locator('.line[data-state=live]')).toBeVisible({ timeout: MOVED_MS_MAX });
    await agent.keyboard.press('F8');
    await expect(bar.locator('.state')).toContainText('Nghỉ', { timeout: MOVED_MS_MAX });
  });
  desk.end();
  for (const page of [agent, wall, crew.page]) await page.context().close();
});
