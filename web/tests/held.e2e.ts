// Rows stay under the cursor: what comes, leaves and moves meanwhile is counted, and stands where it belongs once the list is let go.
import { expect, type Page } from '@playwright/test';
import { test } from './anew';
import { board, enter, freshSeq, panel, queue } from './page';

/** Under a number that no screen takes. */
const order = async (page: Page, path: string, data: object): Promise<{ entity: string }> =>
  (await (await page.request.post(path, { data, headers: { 'x-request-seq': freshSeq() } })).json()) as { entity: string };

/** Somebody else opens one that is worse than all others. */
async function opened(page: Page): Promise<string> {
  const communes = (await (await page.request.get('/map/communes.geojson')).json()) as { features: { properties: { code: string } }[] };
  const place = { latitude_e7: 215_900_000, longitude_e7: 1_058_400_000, admin_unit: communes.features[0]!.properties.code, address: '' };
  return (await order(page, '/api/incidents', { kind: 'fire', severity: 'critical', summary: 'Nổ bình khí', exercise: false, place })).entity;
}
const close = (page: Page, id: string) => order(page, `/api/incidents/${id}/close`, { expected_version: 1, note: 'xong' });

/** Which incidents a list's rows are of; an empty place is none. */
const rowsOf = async (list: ReturnType<typeof panel>): Promise<string[]> => (await list.getByRole('listitem').allTextContents()).map((text) => /I\d{4}/.exec(text)?.[0] ?? '');

test('on the board a row stays where it is pointed at, and a key lets the list go', async ({ page }) => {
  await board(page);
  const list = panel(page, 'Sự cố đang mở');
  const before = await rowsOf(list);
  const pointed = list.getByRole('listitem').nth(1);
  await pointed.hover();
  const id = await opened(page);
  const note = page.getByRole('button', { name: /^1 mới/ });
  // A hand is never quite still; and the row is the same however often the list changed.
  await expect(async () => {
    await pointed.hover({ position: { x: 20 + Math.random() * 20, y: 20 } });
    await expect(note).toBeVisible({ timeout: 500 });
  }).toPass();
  expect((await rowsOf(list)).slice(0, before.length)).toEqual(before);
  expect((await rowsOf(list)).at(-1)).toBe(id);
  await page.keyboard.press('Alt+l');
  await expect(note).toHaveCount(0);
  await expect.poll(async () => (await rowsOf(list)).indexOf(id)).toBeLessThan(before.length - 1);

  // What leaves leaves its place: nothing moves up under the cursor.
  const now = await rowsOf(list);
  const at = now.indexOf(id);
  await expect(async () => {
    await list.getByRole('listitem').nth(at + 1).hover({ position: { x: 20 + Math.random() * 20, y: 20 } });
    if (!(await list.getByText('đã rời danh sách').isVisible())) await close(page, id);
    await expect(list.getByText('đã rời danh sách')).toBeVisible({ timeout: 500 });
  }).toPass();
  expect((await rowsOf(list))[at + 1]).toBe(now[at + 1]);
  // The cursor leaves, and the list takes its own order.
  await page.mouse.move(0, 0);
  await expect(list.getByText('đã rời danh sách')).toHaveCount(0);
  await expect.poll(() => rowsOf(list)).toEqual(before);
});

test('in the wall’s queue a row that has the focus stays, and the sign lets the list go, in English', async ({ page }) => {
  await enter(page, '?nomap=1&lang=en');
  const list = queue(page);
  const before = await rowsOf(list);
  await list.getByRole('listitem').nth(1).getByRole('button').first().focus();
  const id = await opened(page);
  const note = list.getByRole('button', { name: /^1 new/ });
  await expect(async () => {
    // A key that does nothing here is work in the list all the same.
    await page.keyboard.press('Shift');
    await expect(note).toBeVisible({ timeout: 500 });
  }).toPass();
  expect((await rowsOf(list))[1]).toBe(before[1]);
  await note.click();
  await expect(note).toHaveCount(0);
  await expect(list.getByRole('listitem').filter({ hasText: id })).toBeVisible();
  await close(page, id);
});
