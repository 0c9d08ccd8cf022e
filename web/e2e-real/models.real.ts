// Models over the real cluster: what a caller said is read by the program's own triage on the node that leads, and what people
// do with it is kept with the incident and counted in the register.
import type { Browser, Page } from '@playwright/test';
import { file, row, signIn, timeline } from '../tests/page';
import { facts } from './cluster';
import { report } from './device';
import { expect, test, witness } from './witness';

const ADMIN = 'quan-tri';
const OPERATOR = 'truc-ban';
const COMMUNE = 'Phường Phan Đình Phùng';
/** From the commit to the suggestion on the screen, with the roll-out of a cluster that has just been founded. */
const SUGGESTED_MS_MAX = 30_000;

const PLEA = 'Nước ngập tới mái nhà rồi, 5 người với 2 cháu nhỏ đang trên nóc, cứu với';
const AGAIN = 'nuoc ngap toi mai nha roi 5 nguoi 2 chau nho dang tren noc cuu voi';
const FIRE = 'Cháy nhà, khói đen mù mịt, còn bà cụ kẹt ở tầng hai';

async function enter(browser: Browser, person: string, page: string): Promise<Page> {
  const cluster = facts();
  const opened = witness(await (await browser.newContext()).newPage(), person);
  await opened.goto(`${cluster.urls[1]}/${page}`);
  await signIn(opened, person, cluster.password);
  return opened;
}

/** What the register's screen counts for the version that is in use. */
async function counted(page: Page, model: string, count: string): Promise<number> {
  const used = page.getByRole('region', { name: model, exact: true }).getByRole('row').filter({ hasText: 'Đang gợi ý' });
  return Number((await used.locator(`[data-count=${count}]`).textContent()) ?? 'NaN');
}

test('what callers said is read; one suggestion is taken, one is overridden, and the register counts both', async ({ browser }, info) => {
  const cluster = facts();
  const wall = await enter(browser, OPERATOR, '?nomap=1');
  const register = await enter(browser, ADMIN, 'models.html');
  await expect(register.getByRole('region', { name: 'triage', exact: true })).toContainText('Đang gợi ý', { timeout: SUGGESTED_MS_MAX });
  const before = { accepted: await counted(register, 'triage', 'accepted'), overridden: await counted(register, 'triage', 'overridden') };
  await report(cluster, COMMUNE, [
    { reference: 'e2e-1', summary: PLEA, latitude_e7: 215_935_000 },
    { reference: 'e2e-2', summary: FIRE, latitude_e7: 216_435_000 },
    { reference: 'e2e-3', summary: AGAIN, latitude_e7: 215_935_200 },
  ]);
  const idOf = async (summary: string) => (await row(wall, summary).locator('.id').textContent()) ?? '';
  const card = (id: string) => file(wall, id).getByRole('region', { name: 'Gợi ý của mô hình' });

  await test.step('the plea is a flood with people, and becomes one when the operator takes it', async () => {
    const id = await idOf(PLEA);
    await row(wall, id).getByRole('button').first().click();
    const said = card(id).locator('article').filter({ hasText: 'triage' });
    await expect(said).toContainText('Ngập lụt', { timeout: SUGGESTED_MS_MAX });
    await expect(said).toContainText('5 người');
    await wall.screenshot({ path: info.outputPath('suggested.png') });
    await said.getByRole('button', { name: 'Nhận' }).click();
    await expect(said).toContainText('Đã nhận');
    await expect(file(wall, id).locator('.file-head')).toContainText('Ngập lụt');
    await expect(timeline(wall, id)).toContainText(`Quyết gợi ý của mô hình · ${OPERATOR}`);
  });

  await test.step('the second call is overridden by one who knows better', async () => {
    const id = await idOf(FIRE);
    await row(wall, id).getByRole('button').first().click();
    const said = card(id).locator('article').filter({ hasText: 'triage' });
    await said.getByRole('button', { name: 'Sửa' }).click({ timeout: SUGGESTED_MS_MAX });
    await said.getByLabel('Loại đúng').selectOption('medical');
    await said.getByLabel('Mức đúng').selectOption('5');
    await said.getByRole('button', { name: 'Ghi' }).click();
    await expect(said).toContainText('→ Cấp cứu');
    await expect(file(wall, id).locator('.file-head')).toContainText('Cấp cứu');
  });

  await test.step('the third is said to be the first one again', async () => {
    const [first, again] = [await idOf(PLEA), await idOf(AGAIN)];
    await row(wall, again).getByRole('button').first().click();
    await expect(card(again)).toContainText(`Trùng với ${first}`, { timeout: SUGGESTED_MS_MAX });
    await wall.screenshot({ path: info.outputPath('same.png') });
  });

  await test.step('the register has both, and says who is in use', async () => {
    await expect.poll(() => counted(register, 'triage', 'accepted')).toBe(before.accepted + 1);
    await expect.poll(() => counted(register, 'triage', 'overridden')).toBe(before.overridden + 1);
    await register.screenshot({ path: info.outputPath('register.png') });
  });

  await test.step('switched off, nothing is suggested and calls go on; every screen says so', async () => {
    const triage = register.getByRole('region', { name: 'triage', exact: true });
    await triage.getByRole('button', { name: 'Tắt mô hình' }).click();
    await triage.getByLabel('Lý do').fill('thử tắt');
    await triage.getByRole('button', { name: 'Xác nhận' }).click();
    await expect(wall.getByText('luật vẫn chạy')).toBeVisible();
    const told = 'Cây đổ chắn ngang đường trước cổng trường';
    await report(cluster, COMMUNE, [{ reference: 'e2e-4', summary: told, latitude_e7: 214_935_000 }]);
    const id = await idOf(told);
    await row(wall, id).getByRole('button', { name: 'Tiếp nhận' }).click();
    await expect(row(wall, id)).toContainText('Đã tiếp nhận');
    await row(wall, id).getByRole('button').first().click();
    await expect(card(id)).toHaveCount(0);
    await triage.getByRole('button', { name: 'Bật mô hình' }).click();
    await triage.getByLabel('Lý do').fill('xong');
    await triage.getByRole('button', { name: 'Xác nhận' }).click();
    await expect(wall.getByText('luật vẫn chạy')).toHaveCount(0);
  });
});
