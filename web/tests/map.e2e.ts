// The drawn map under the hand: a click sets the place of the console's form, and what a hand moved nothing else moves.
import { expect, type Page } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { enter, enterAt, fake, file, freshSeq, row } from './page';

const WORDS = { vi, en };
const map = (page: Page) => page.getByTestId('sketch-map');
const lookOf = async (page: Page) => ((await map(page).getAttribute('data-look')) ?? '').split(' ');

test.afterEach(async ({ page }) => {
  for (const command of ['role?role=', 'calm']) await fake(page, command);
});

for (const lang of ['vi', 'en'] as const) {
  const words = WORDS[lang];

  test(`a click on the console's map sets the form's place, ${lang}`, async ({ page }) => {
    const t = words.console.form;
    await fake(page, 'role?role=admin');
    // A person of its own: the centre keeps what each has begun.
    await enterAt(page, `/console?map=drawn&lang=${lang}`, `pin-${lang}-${test.info().retry}`);
    await expect(map(page)).toHaveAttribute('data-look', /\d/);
    const far = Number((await lookOf(page))[2]);
    await page.getByRole('combobox', { name: t.place, exact: true }).fill('hoang van thu');
    await expect(page.locator('[role=listbox]:not([hidden]) [role=option]').first()).toContainText('Hoàng Văn Thụ');
    await page.keyboard.press('Enter');
    const where = page.locator('#console-place');
    await expect(where).toContainText(t.rough);
    await expect.poll(async () => Number((await lookOf(page))[2])).toBeGreaterThan(far);
    const [latitude = '', longitude = ''] = await lookOf(page);
    const box = (await map(page).boundingBox())!;
    await page.getByRole('button', { name: words.map.place }).click();
    await expect(page.getByRole('button', { name: words.map.placing })).toBeVisible();
    // Clear of the buttons above and of the inset below, to the right of the middle and under it: east and south.
    await page.mouse.click(box.x + box.width * 0.75, box.y + box.height * 0.75);
    await expect(where).not.toContainText(t.rough);
    await expect(where).toContainText(t.pinned(''));
    const [south = NaN, east = NaN] = (((await where.textContent()) ?? '').match(/\d+\.\d{4}/g) ?? []).map(Number);
    expect(south).toBeLessThan(Number(latitude));
    expect(east).toBeGreaterThan(Number(longitude));
    // The map goes to its pin, and shows it.
    await expect(map(page)).toHaveAttribute('data-look', new RegExp(`^${south.toFixed(4)} ${east.toFixed(4)} `));
    await expect(page.getByTestId('map-pin')).toBeVisible();
    // It is one click: the next one is not another place.
    await expect(page.getByRole('button', { name: words.map.place })).toBeVisible();
  });

  test(`what is played says so on the drawn map, and nothing else does, ${lang}`, async ({ page }) => {
    await enter(page, `?map=drawn&lang=${lang}`);
    const marked = (id: string) => page.getByTestId('map-incident').and(page.locator(`[data-id=${id}]`));
    await expect(marked('I4823')).toContainText(words.incident.exercise);
    await expect(marked('I4819')).not.toContainText(words.incident.exercise);
  });

  test(`a view that a hand has moved stays while incidents come, until it is let go, ${lang}`, async ({ page }) => {
    await enter(page, `?map=drawn&lang=${lang}`);
    await expect(map(page)).toHaveAttribute('data-look', /\d/);
    const follows = page.getByRole('button', { name: words.map.follow, exact: true });
    const locked = page.getByRole('button', { name: words.map.followOff });
    await expect(follows).toHaveAttribute('aria-pressed', 'true');
    const box = (await map(page).boundingBox())!;
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 90, y + 60, { steps: 4 });
    await page.mouse.up();
    await expect(locked).toHaveAttribute('aria-pressed', 'false');
    const moved = (await map(page).getAttribute('data-look')) ?? '';
    const commune = ((await (await page.request.get('/map/communes.geojson')).json()) as GeoJSON.FeatureCollection).features[0]!.properties!;
    const place = { latitude_e7: Math.round(Number(commune['label_lat']) * 1e7), longitude_e7: Math.round(Number(commune['label_lon']) * 1e7), admin_unit: String(commune['code']), address: '' };
    const summary = `Khung nhìn khóa ${lang}`;
    const opened = await page.request.post('/api/incidents', { data: { kind: 'fire', severity: 'critical', summary, exercise: false, place }, headers: { 'x-request-seq': freshSeq() } });
    const { entity } = (await opened.json()) as { entity: string };
    await expect(row(page, summary).first()).toBeVisible();
    await expect(map(page)).toHaveAttribute('data-look', moved);
    const near = row(page, summary).first().getByRole('button').first();
    // What is chosen is gone to, and left to where the hand had put the view.
    await near.click();
    await expect(file(page, entity)).toBeVisible();
    await expect(map(page)).not.toHaveAttribute('data-look', moved);
    await near.click();
    await expect(file(page, entity)).toHaveCount(0);
    await expect(map(page)).toHaveAttribute('data-look', moved);
    await expect(locked).toHaveAttribute('aria-pressed', 'false');
    await locked.click();
    await expect(follows).toHaveAttribute('aria-pressed', 'true');
    await expect(map(page)).not.toHaveAttribute('data-look', moved);
    const whole = (await map(page).getAttribute('data-look')) ?? '';
    // A row goes near, the same row goes back.
    await near.click();
    await expect(file(page, entity)).toBeVisible();
    await expect.poll(async () => Number((await lookOf(page))[2])).toBeGreaterThan(Number(whole.split(' ')[2]));
    await near.click();
    await expect(file(page, entity)).toHaveCount(0);
    await expect(map(page)).toHaveAttribute('data-look', whole);
    // A hand that moves on from what is chosen is not taken back when the incidents change.
    await near.click();
    await expect(file(page, entity)).toBeVisible();
    await expect(map(page)).not.toHaveAttribute('data-look', whole);
    const chosen = (await map(page).getAttribute('data-look')) ?? '';
    await map(page).focus();
    await page.keyboard.press('ArrowUp');
    await expect(locked).toHaveAttribute('aria-pressed', 'false');
    await expect(map(page)).not.toHaveAttribute('data-look', chosen);
    const put = (await map(page).getAttribute('data-look')) ?? '';
    await page.request.post(`/api/incidents/${entity}/close`, { data: { expected_version: 1, note: '' }, headers: { 'x-request-seq': freshSeq() } });
    await expect(row(page, summary)).toHaveCount(0);
    await expect(map(page)).toHaveAttribute('data-look', put);
  });
}
