// Units that set out and do not come, and units whose incidents are merged and taken apart again.
import AxeBuilder from '@axe-core/playwright';
import { expect, type APIResponse, type Page } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { board, crew, enter, fake, file, freshSeq, turnTo } from './page';

const WORDS = { vi, en };
const LATE = { vi: /CHƯA ĐẾN NƠI, trễ \d+ ph/, en: /NOT THERE, \d+ min late/ };
const WITHIN = { vi: /m lúc lên đường; trễ từ \d+:\d\d/, en: /m to go when it set out; late from \d+:\d\d/ };
/** Some of these are free, whatever was sent before. */
const UNITS = Array.from({ length: 13 }, (_, at) => `CAP-${at + 10}`);

interface Made {
  entity: string;
  version: number;
}

/** A command of somebody at another screen. */
function post(page: Page, path: string, data: object): Promise<APIResponse> {
  return page.request.post(path, { data, headers: { 'x-request-seq': freshSeq() } });
}

async function made(page: Page, path: string, data: object): Promise<Made> {
  const response = await post(page, path, data);
  expect(response.ok()).toBe(true);
  return (await response.json()) as Made;
}

async function open(page: Page, summary: string): Promise<Made> {
  const commune = ((await (await page.request.get('/map/communes.geojson')).json()) as GeoJSON.FeatureCollection).features[0]!.properties!;
  const place = { latitude_e7: Math.round(Number(commune['label_lat']) * 1e7), longitude_e7: Math.round(Number(commune['label_lon']) * 1e7), admin_unit: String(commune['code']), address: '' };
  return made(page, '/api/incidents', { kind: 'medical', severity: 'high', exercise: false, place, summary });
}

/** Sends as many units as are asked for, of those that are free. */
async function send(page: Page, incident: Made, count: number): Promise<string[]> {
  const sent: string[] = [];
  for (const unit of UNITS) {
    if (sent.length === count) break;
    const response = await post(page, `/api/incidents/${incident.entity}/assign`, { expected_version: incident.version, units: [...sent, unit] });
    if (!response.ok()) continue;
    sent.push(unit);
    incident.version += 1;
  }
  expect(sent).toHaveLength(count);
  return sent;
}

const tap = (page: Page, unit: string, expected: string, status: string) =>
  made(page, `/api/units/${unit}/status`, { status, expected_status: expected, assignment: 0, reason: 'xe hỏng' });
const close = (page: Page, { entity, version }: Made) => made(page, `/api/incidents/${entity}/close`, { expected_version: version, note: '' });

for (const lang of ['vi', 'en'] as const) {
  const words = WORDS[lang];
  const t = words.dispatch;

  test(`a unit that has not come by its time is late on the board and in the incident, and is asked, ${lang}`, async ({ page, browser, baseURL }) => {
    await board(page, `?lang=${lang}`);
    const incident = await open(page, `Đến muộn ${lang}`);
    const [unit = ''] = await send(page, incident, 1);
    const units = page.getByRole('region', { name: t.units, exact: true });
    const row = units.getByRole('listitem').filter({ hasText: unit });
    await expect(row).toContainText(words.unit.status.offered);
    await expect(row).not.toContainText(WITHIN[lang]);
    await tap(page, unit, 'offered', 'en_route');
    await expect(row).toContainText(WITHIN[lang]);
    await expect(row).not.toContainText(LATE[lang]);
    await fake(page, `unit-late?unit=${unit}`);
    await expect(row).toContainText(LATE[lang]);
    const alert = page.getByRole('alert').getByRole('button', { name: t.attention['arrival-late'](unit) });
    await expect(alert).toBeVisible();
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);

    const wall = await (await browser.newContext({ baseURL, viewport: { width: 1920, height: 1080 } })).newPage();
    await enter(wall, `?nomap=1&lang=${lang}`);
    await turnTo(wall, incident.entity);
    await expect(file(wall, incident.entity)).toContainText(LATE[lang]);

    // Somebody hears the crew by radio: it is well, and late all the same.
    await row.getByRole('button', { name: t.checkIn }).click();
    await expect(row.getByRole('button', { name: t.checkIn })).toHaveCount(0);
    await expect(row).toContainText(LATE[lang]);
    await tap(page, unit, 'en_route', 'on_scene');
    await expect(row).not.toContainText(LATE[lang]);
    await expect(file(wall, incident.entity)).not.toContainText(LATE[lang]);
    await close(page, incident);
    await expect(alert).toHaveCount(0);
    await wall.context().close();
  });

  test(`taken apart each incident has its units again, and who moved on is named, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    const one = await open(page, `Gộp nhầm ${lang}`);
    const other = await open(page, `Bị gộp vào ${lang}`);
    const [stays = '', leaves = ''] = await send(page, one, 2);
    await turnTo(page, one.entity);
    const shown = file(page, one.entity);
    const unitButton = (unit: string) => shown.getByRole('button', { name: `${words.incident.release}: ${unit}` });
    await expect(unitButton(leaves)).toBeVisible();
    await made(page, `/api/incidents/${one.entity}/merge`, { expected_version: one.version, into: other.entity });
    await expect(shown).toContainText(words.incident.mergedInto(other.entity));
    await expect(unitButton(stays)).toHaveCount(0);
    await tap(page, leaves, 'offered', 'available');
    await shown.getByRole('button', { name: words.incident.unmerge, exact: true }).click();
    await expect(shown.getByRole('status').filter({ hasText: words.incident.stayed(leaves) })).toBeVisible();
    await expect(unitButton(stays)).toBeVisible();
    await expect(unitButton(leaves)).toHaveCount(0);
    await expect(shown).toContainText(words.incident.status.assigned);
    // Merged, told to the other one, and taken apart: each counts.
    await close(page, { ...one, version: one.version + 2 });
    await close(page, { ...other, version: other.version + 2 });
  });
}

test.describe('on the phone', () => {
  // What the centre says is played to the page; no worker stands between.
  test.use({ serviceWorkers: 'block' });
  const ORDER = {
    incident: 'I4998', kind: 'fire', severity: 'high', summary: 'Cháy nhà dân', exercise: false, place_is_mapped: false, others: [], tasks: [],
    place: { latitude_e7: 215_900_000, longitude_e7: 1_058_400_000, address: 'Số 8 Bến Oánh' },
  };

  for (const lang of ['vi', 'en'] as const) {
    test(`a crew reads by when it is expected, and that it is late, ${lang}`, async ({ page }) => {
      const t = WORDS[lang].dispatch.crew;
      let isLate = false;
      await page.route('**/api/crew', async (route) => {
        const response = await route.fetch();
        if (!response.ok()) return route.fulfill({ response });
        const body = (await response.json()) as { unit: object; server_time_ms: number };
        const late_at_ms = body.server_time_ms + (isLate ? -60_000 : 600_000);
        const steps = [{ status: 'offered' }, { status: 'accepted' }, { status: 'en_route', late_at_ms }];
        const assignment = { number: 98, steps, offer_due_at_ms: 0, checked_in_at_ms: 0, check_in_due_at_ms: body.server_time_ms + 600_000, check_in_level: isLate ? 1 : 0 };
        const unit = { ...body.unit, status: 'en_route', duty: { mayday: null, assignment } };
        return route.fulfill({ response, json: { ...body, unit, order: ORDER } });
      });
      await crew(page, `?lang=${lang}`);
      const main = page.locator('main');
      await expect(main).toContainText(t.arriveBy(''));
      await expect(main).not.toContainText(t.arriveLate);
      isLate = true;
      await expect(main).toContainText(t.arriveLate, { timeout: 20_000 });
      await expect(main).toContainText(t.checkInAsked);
      expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
    });
  }
});
