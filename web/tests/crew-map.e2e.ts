// The map on a crew's phone: the incident, where the centre believes the crew to be, and where the phone says it is.
import { expect } from '@playwright/test';
import { test } from './anew';
import { crew } from './page';

const NORTH_DEG = 0.01;

for (const [lang, says] of [
  ['vi', { map: 'Bản đồ', away: /Sự cố cách .* đường chim bay/, centre: /Vị trí trung tâm biết .* trước/, phone: /Vị trí của máy này .* trước/, south: /1,11 km đường chim bay, hướng nam/, close: 'Xem gần nơi xảy ra', both: 'Xem cả hai' }],
  ['en', { map: 'Map', away: /The incident is .* away as the crow flies/, centre: /Where the centre knew you to be .* ago/, phone: /Where this device was .* ago/, south: /1\.11 km away as the crow flies, to the south/, close: 'Show the place closely', both: 'Show both' }],
] as const) {
  test(`the phone's map shows the incident and where the crew is, and says whose word that is, ${lang}`, async ({ page, context }) => {
    await crew(page, `?lang=${lang}`);
    const map = page.getByRole('region', { name: says.map, exact: true });
    await map.scrollIntoViewIfNeeded();
    const drawing = map.getByRole('img', { name: says.away });
    await expect(drawing).toBeVisible();
    await expect(map.getByTestId('incident')).toBeVisible();
    await expect(map.getByTestId('own')).toBeVisible();
    await expect(map).toContainText(says.centre);
    // The land comes with it, and stays inside the phone.
    await expect(drawing.locator('path.land').first()).toBeAttached();
    const [wide, box] = [page.viewportSize()!.width, (await drawing.boundingBox())!];
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width).toBeLessThanOrEqual(wide);
    // The phone knows better than the centre, once it may say so.
    const { order } = (await (await page.request.get('/api/crew')).json()) as { order: { place: { latitude_e7: number; longitude_e7: number } } };
    await context.grantPermissions(['geolocation']);
    await context.setGeolocation({ latitude: order.place.latitude_e7 / 1e7 + NORTH_DEG, longitude: order.place.longitude_e7 / 1e7 });
    await page.reload();
    await expect(map).toContainText(says.phone);
    await expect(map.getByRole('img', { name: says.south })).toBeVisible();
    // Closer at the place, and back.
    const mark = async () => (await map.getByTestId('own').boundingBox())?.y ?? -1;
    const apart = await mark();
    await map.getByRole('button', { name: says.close }).click();
    await expect.poll(mark).not.toBe(apart);
    await map.getByRole('button', { name: says.both }).click();
    await expect(map.getByTestId('own')).toBeVisible();
  });
}
