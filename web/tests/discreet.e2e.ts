// A wall that a whole room reads shows of a discreet kind no words and no address, hides none, and has all in the file; what is dim stands
// back and says all.
import { expect, type Locator } from '@playwright/test';
import { test } from './anew';
import { enter, file, freshSeq, open, panel } from './page';

for (const [lang, says] of [
  ['vi', { queue: 'Hàng đợi sự cố', more: 'nội dung kín, mở hồ sơ để xem' }],
  ['en', { queue: 'Incident queue', more: 'discreet: open the file to read it' }],
] as const) {
  test(`what is discreet stands on the wall without its words, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&discreet=infrastructure,other&lang=${lang}`);
    await page.setViewportSize({ width: 1920, height: 2400 });
    const row = panel(page, says.queue).getByRole('listitem').filter({ hasText: 'I4816' });
    await expect(row).toContainText(says.more);
    await expect(row).not.toContainText('Mất điện');
    await expect(row).not.toContainText('Đình Cả');
    await expect(row).toContainText('Võ Nhai');
    // Others are as they were.
    await expect(panel(page, says.queue).getByRole('listitem').filter({ hasText: 'I4819' })).toContainText('Cháy kho hàng');
    await open(page, 'I4816');
    await expect(file(page, 'I4816')).toContainText('Mất điện diện rộng');
  });

  test(`what is dim stands back, with its words and its level, until it is opened, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&dim=traffic&lang=${lang}`);
    const commune = ((await (await page.request.get('/map/communes.geojson')).json()) as GeoJSON.FeatureCollection).features[0]!.properties!;
    const place = { latitude_e7: Math.round(Number(commune['label_lat']) * 1e7), longitude_e7: Math.round(Number(commune['label_lon']) * 1e7), admin_unit: String(commune['code']), address: '' };
    const begin = async (kind: string) => {
      const summary = `Lùi lại ${kind} ${lang}`;
      const opened = await page.request.post('/api/incidents', { data: { kind, severity: 'critical', summary, exercise: false, place }, headers: { 'x-request-seq': freshSeq() } });
      const { entity } = (await opened.json()) as { entity: string };
      const row = panel(page, says.queue).getByRole('listitem').filter({ hasText: summary });
      await expect(row).toBeVisible();
      return { entity, row };
    };
    const ink = (row: Locator) => row.getByRole('button').first().evaluate((it) => getComputedStyle(it).color);
    const moves = (row: Locator) => row.locator('svg').first().evaluate((it) => getComputedStyle(it).animationName);
    const [dim, plain] = [await begin('traffic'), await begin('fire')];
    await expect(dim.row.locator('svg text').first()).toHaveText('5');
    expect(await ink(dim.row)).not.toBe(await ink(plain.row));
    expect(await moves(dim.row)).toBe('none');
    expect(await moves(plain.row)).not.toBe('none');
    await dim.row.getByRole('button').first().click();
    await expect(file(page, dim.entity)).toBeVisible();
    await expect.poll(() => ink(dim.row)).toBe(await ink(plain.row));
    for (const { entity } of [dim, plain]) {
      await page.request.post(`/api/incidents/${entity}/close`, { data: { expected_version: 1, note: '' }, headers: { 'x-request-seq': freshSeq() } });
    }
  });
}
