// Exercises on every screen, scenes that rooms follow, hand-overs with a clock, and a room's log; in both languages.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { enter, enterAt, fake, file, freshSeq, panel, queue, row, rowOf, turnTo } from './page';

const band = (page: Page) => page.getByRole('region', { name: /^(Đang diễn tập|Exercise)$/ });
const bar = (page: Page, room: string) => page.getByRole('region', { name: room });
const atRooms = (page: Page, query = '', person = 'hoa') => enterAt(page, `/rooms.html${query}`, person);
const WORDS = { vi, en };
/** The code of a commune that the fake node knows. */
async function anyCommune(page: Page): Promise<string> {
  const { features } = (await (await page.request.get('/map/communes.geojson')).json()) as GeoJSON.FeatureCollection;
  return String(features[0]?.properties?.['code']);
}

test.beforeEach(async ({ page }) => {
  await fake(page, 'rooms');
});
test.afterEach(async ({ page }) => {
  await fake(page, 'rooms');
});

for (const lang of ['vi', 'en'] as const) {
  const theirLang = lang === 'vi' ? 'en' : 'vi';
  const words = WORDS[lang];
  const t = words.rooms;
  const theirWords = WORDS[theirLang].rooms;
  const [centre, district] = lang === 'vi' ? ['Trung tâm tỉnh', 'Phòng Phổ Yên'] : ['Provincial centre', 'Pho Yen room'];

  test(`an exercise is begun, marked on the wall, hidden by a person, and ended with what is open of it, ${lang}`, async ({ page, browser }) => {
    await atRooms(page, `?room=tinh&lang=${lang}`);
    const drills = panel(page, new RegExp(`^${t.exercises}$`));
    await drills.getByLabel(t.name).fill('Diễn tập vỡ đê');
    await drills.getByRole('button', { name: t.start }).click();
    await expect(band(page)).toContainText('Diễn tập vỡ đê');

    const wall = await browser.newPage();
    await enter(wall, `?nomap=1&lang=${lang}`);
    await expect(band(wall)).toContainText(words.incident.exercise);
    await expect(band(wall)).toContainText('Diễn tập vỡ đê');
    const open = panel(wall, words.kpi.heading).locator('.kpi').first();
    await expect(open.locator('strong')).not.toHaveText('0');
    const before = await open.locator('strong').textContent();
    await wall.keyboard.press('Alt+n');
    const dialog = wall.getByRole('dialog');
    await dialog.getByLabel(words.incident.summary).fill('Giả định vỡ đê sông Cầu');
    await dialog.getByLabel(words.incident.communeFind).fill('pho yen');
    await dialog.getByLabel(words.incident.exerciseLabel).check();
    await dialog.getByRole('button', { name: words.incident.open, exact: true }).click();
    await expect(await rowOf(wall, 'Giả định vỡ đê sông Cầu')).toContainText(words.incident.exercise);
    // Figures never count what is played: one that is real and came later is all that they have more, and without it they are as before.
    const place = { latitude_e7: 215_900_000, longitude_e7: 1_058_400_000, admin_unit: await anyCommune(wall), address: '' };
    const order = async (path: string, data: object) => {
      const answer = await wall.request.post(path, { data, headers: { 'x-request-seq': freshSeq() } });
      return (await answer.json()) as { entity: string; version: number };
    };
    const real = await order('/api/incidents', { kind: 'fire', severity: 'low', summary: 'Có thật', exercise: false, place });
    await expect(open.locator('strong')).toHaveText(String(Number(before) + 1));
    await order(`/api/incidents/${real.entity}/close`, { expected_version: real.version, note: '' });
    await expect(open.locator('strong')).toHaveText(before ?? '');
    await band(wall).getByRole('button', { name: t.hide }).click();
    await expect(row(wall, 'Giả định vỡ đê sông Cầu')).toHaveCount(0);
    await expect(band(wall)).toBeVisible();
    await wall.reload();
    await expect(band(wall).getByRole('button', { name: t.show })).toBeVisible();
    await band(wall).getByRole('button', { name: t.show }).click();
    await expect(await rowOf(wall, 'Giả định vỡ đê sông Cầu')).toBeVisible();

    await drills.getByLabel(t.endNote).fill('Đạt');
    await drills.getByRole('button', { name: t.end }).click();
    await expect(drills.getByRole('list', { name: t.ended })).toContainText('Diễn tập vỡ đê');
    await expect(row(wall, 'Giả định vỡ đê sông Cầu')).toHaveCount(0);
    // It stays readable, as what it was.
    await queue(wall).getByRole('button', { name: /Alt X/ }).click();
    await expect(row(wall, 'Giả định vỡ đê sông Cầu').first()).toContainText(words.incident.exercise);
    await wall.close();
  });

  test(`a room pushes a scene; another follows, sees who leads, leaves and comes back, and has it after a reload, ${lang}`, async ({ page, browser }) => {
    await enter(page, `?nomap=1&room=tinh&lang=${lang}`);
    await turnTo(page, 'I4820');
    await bar(page, t.barLabel(centre)).getByRole('button', { name: t.push }).click();

    const other = await (await browser.newContext()).newPage();
    await atRooms(other, `?room=pho-yen&lang=${lang}`, 'dung');
    await panel(other, new RegExp(`^${t.heading}$`)).getByRole('button', { name: `${t.follow}: ${centre}` }).click();
    await expect(panel(other, new RegExp(`^${t.heading}$`))).toContainText(t.followsOf(centre, 'dung'));
    await other.goto(`/?nomap=1&room=pho-yen&lang=${lang}`);
    const own = bar(other, t.barLabel(district));
    await expect(own).toContainText(t.following(centre));
    await expect(own).toContainText(t.led('hoa'));
    await expect(file(other, 'I4820')).toBeVisible();
    await expect(bar(page, t.barLabel(centre))).toContainText(t.followers('1'));

    await turnTo(page, 'I4821');
    await bar(page, t.barLabel(centre)).getByRole('button', { name: t.push }).click();
    await expect(file(other, 'I4821')).toBeVisible();
    await own.getByRole('button', { name: t.leave, exact: true }).click();
    await own.getByRole('button', { name: t.back(centre) }).click();
    await expect(own).toContainText(t.following(centre));
    // The scene is state: a screen that comes back has it.
    await other.reload();
    await expect(file(other, 'I4821')).toBeVisible();
    await other.context().close();
  });

  test(`a district's room has the wall of its district, and the province has all, ${lang}`, async ({ page }) => {
    const heading = (name: string) => page.getByRole('heading', { level: 1, name, exact: true });
    const provincial = page.getByRole('heading', { level: 1, name: lang === 'vi' ? /^Trung tâm điều hành tỉnh / : / Provincial Operations Centre$/ });
    const open = panel(page, words.kpi.heading).locator('.kpi').first().locator('strong');
    const look = async () => ((await page.getByTestId('sketch-map').getAttribute('data-look')) ?? '').split(' ').map(Number);
    // Counts are of the scene as it began, whatever tests before this one have opened.
    for (const command of ['anew', 'rooms']) await fake(page, command);
    await enter(page, `?map=drawn&room=pho-yen&lang=${lang}`);
    await expect(heading(district)).toBeVisible();
    await expect(page).toHaveTitle(district);
    await expect(row(page, 'Cháy kho hàng')).toHaveCount(1);
    await expect(row(page, 'Diễn tập sơ tán trường học')).toHaveCount(1);
    await expect(queue(page).getByRole('listitem')).toHaveCount(2);
    // What is played counts nowhere.
    await expect(open).toHaveText('1');
    // The districts' communes lie within these degrees, and so does the middle of the map, nearer than the province.
    await expect.poll(async () => (await look())[2] ?? 0).toBeGreaterThan(9);
    const [latitude = 0, longitude = 0] = await look();
    expect(latitude).toBeGreaterThan(21.2);
    expect(latitude).toBeLessThan(21.6);
    expect(longitude).toBeGreaterThan(105.6);
    expect(longitude).toBeLessThan(106);
    const state = async () => (await page.evaluate(() => window.__state?.())) ?? '';
    expect(await state()).not.toContain('I4820');
    // What happens elsewhere does not come; what happens here does.
    const { features } = (await (await page.request.get('/map/communes.geojson')).json()) as GeoJSON.FeatureCollection;
    const order = async (commune: string, summary: string) => {
      const at = features.find(({ properties: p }) => p?.['label'] === commune)?.properties ?? {};
      const place = { latitude_e7: Math.round(Number(at['label_lat']) * 1e7), longitude_e7: Math.round(Number(at['label_lon']) * 1e7), admin_unit: String(at['code']), address: '' };
      const data = { kind: 'fire', severity: 'low', summary, exercise: false, place };
      const answer = await page.request.post('/api/incidents', { data, headers: { 'x-request-seq': freshSeq() } });
      const { entity, version } = (await answer.json()) as { entity: string; version: number };
      return () => page.request.post(`/api/incidents/${entity}/close`, { data: { expected_version: version, note: '' }, headers: { 'x-request-seq': freshSeq() } });
    };
    const closeThere = await order('Bạch Thông', 'Cháy ở phòng khác');
    const closeHere = await order('Phổ Yên', 'Cháy ở phòng này');
    await expect(await rowOf(page, 'Cháy ở phòng này')).toBeVisible();
    await expect(open).toHaveText('2');
    expect(await state()).not.toContain('Cháy ở phòng khác');
    await closeThere();
    await closeHere();
    await expect(open).toHaveText('1');

    // What the address says wins over the room's district.
    await page.goto(`/?nomap=1&room=pho-yen&district=d-bach-thong&lang=${lang}`);
    await expect(heading(lang === 'vi' ? 'Bạch Thông' : 'Bach Thong')).toBeVisible();
    await expect(row(page, 'Sạt lở ta luy dương')).toHaveCount(1);
    await expect(row(page, 'Cháy kho hàng')).toHaveCount(0);
    // Whoever looks without a room, or from the province's, has all of it.
    for (const query of ['', '&room=tinh']) {
      await page.goto(`/?nomap=1${query}&lang=${lang}`);
      await expect(provincial).toBeVisible();
      await expect(await rowOf(page, 'Cháy kho hàng')).toBeVisible();
      await expect(await rowOf(page, 'Sạt lở ta luy dương')).toBeVisible();
      await expect(open).toHaveText('12');
    }
  });

  test(`a scene has its layers, cameras, place and zoom on the wall that follows, ${lang}`, async ({ page, browser }) => {
    const map = (of: Page) => of.getByTestId('sketch-map');
    const tiles = (of: Page) => panel(of, /^(Camera|Cameras)$/).getByRole('button');
    const layer = (of: Page, name: keyof typeof t.layer) => of.getByRole('button', { name: t.layer[name], exact: true });
    const look = async (of: Page) => (await map(of).getAttribute('data-look')) ?? '';
    const push = () => bar(page, t.barLabel(centre)).getByRole('button', { name: t.push }).click();
    await enter(page, `?map=drawn&room=tinh&lang=${lang}`);
    await expect(map(page)).toHaveAttribute('data-look', /\d/);
    await layer(page, 'sensors').click();
    await expect(page.getByTestId('map-sensor')).toHaveCount(0);
    for (let step = 0; step < 2; step += 1) await page.getByRole('button', { name: words.map.nearer }).click();
    await turnTo(page, 'I4821');
    await bar(page, t.barLabel(centre)).getByRole('button', { name: t.gather }).click();
    await expect(bar(page, t.barLabel(centre))).toContainText(t.gathered('I4821'));
    await turnTo(page, 'I4820');
    await expect(page.locator('[data-testid=map-incident][data-id=I4820]')).toBeVisible();
    // Those that play are what is pushed.
    await expect(panel(page, /^(Camera|Cameras)$/).locator('[data-mode=live]')).toHaveCount(2);
    await push();

    const other = await (await browser.newContext()).newPage();
    await atRooms(other, `?room=pho-yen&lang=${lang}`, 'dung');
    await panel(other, new RegExp(`^${t.heading}$`)).getByRole('button', { name: `${t.follow}: ${centre}` }).click();
    await expect(panel(other, new RegExp(`^${t.heading}$`))).toContainText(t.followsOf(centre, 'dung'));
    await other.goto(`/?map=drawn&room=pho-yen&lang=${lang}`);
    await expect(file(other, 'I4820')).toBeVisible();
    // The same middle and zoom, also beside the incident's file; its layers, and no other; its cameras, which say so.
    await expect.poll(() => look(other)).toBe(await look(page));
    await expect(layer(other, 'sensors')).toHaveAttribute('aria-pressed', 'false');
    await expect(layer(other, 'cameras')).toHaveAttribute('aria-pressed', 'true');
    await expect(other.getByTestId('map-sensor')).toHaveCount(0);
    await expect(other.locator('[data-testid=map-camera][data-id=cam-06]')).toBeVisible();
    await expect(tiles(other).filter({ hasText: t.ledCamera })).toHaveCount(2);

    // Who turns to another incident of the scene is not elsewhere.
    await bar(other, t.barLabel(district)).getByRole('button', { name: 'I4821' }).click();
    await expect(file(other, 'I4821')).toBeVisible();
    await expect(bar(other, t.barLabel(district))).not.toContainText(t.elsewhere);

    // A camera is pushed with the place that it stands at.
    await layer(page, 'sensors').click();
    const name = ((await tiles(page).nth(1).getAttribute('aria-label')) ?? '').split(': ')[1] ?? '';
    await tiles(page).nth(1).click();
    await expect(page.getByRole('complementary')).toContainText(name);
    await push();
    await expect(tiles(other).first()).toHaveAttribute('aria-label', `${words.camera.open}: ${name}, ${t.ledCamera}`);
    await expect(tiles(other).filter({ hasText: t.ledCamera })).toHaveCount(1);
    await expect(layer(other, 'sensors')).toHaveAttribute('aria-pressed', 'true');
    await expect(other.getByTestId('map-sensor').first()).toBeVisible();
    await expect(other.getByTestId('map-pin')).toBeVisible();
    await expect(bar(other, t.barLabel(district))).toContainText(t.pointsAt(''));
    await expect.poll(() => look(other)).toBe(await look(page));
    // What ended points at nothing.
    await bar(page, t.barLabel(centre)).getByRole('button', { name: t.endScene }).click();
    await expect(bar(other, t.barLabel(district))).toContainText(t.noScene);
    await expect(other.getByTestId('map-pin')).toHaveCount(0);
    await expect(tiles(other).filter({ hasText: t.ledCamera })).toHaveCount(0);
    await other.context().close();
  });

  test(`the drawn map moves by keys, and what is clicked on it is opened, ${lang}`, async ({ page }) => {
    await enter(page, `?map=drawn&lang=${lang}`);
    const map = page.getByTestId('sketch-map');
    await expect(map).toHaveAttribute('data-look', /\d/);
    await page.getByRole('button', { name: words.map.whole }).click();
    await expect(page.getByText(words.map.sketched)).toBeVisible();
    const zoom = async () => Number(((await map.getAttribute('data-look')) ?? '').split(' ')[2]);
    const before = await zoom();
    await map.focus();
    await page.keyboard.press('ArrowUp');
    await expect(page.getByRole('button', { name: words.map.followOff })).toBeVisible();
    await page.keyboard.type('+');
    await expect.poll(zoom).toBeCloseTo(before + 1, 1);
    await page.getByRole('button', { name: words.map.whole }).click();
    await map.click({ button: 'right' });
    await expect(page.getByRole('dialog')).toContainText(/2[12]\.\d{4}, 10[56]\.\d{4}/);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await page.locator('[data-testid=map-incident][data-id=I4801]').click();
    await expect(file(page, 'I4801')).toBeVisible();
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`)).toEqual([]);
  });

  test(`a hand-over waits with a clock until somebody else has read it, ${lang}`, async ({ page, browser }) => {
    await atRooms(page, `?room=tinh&lang=${lang}`);
    const own = panel(page, t.shiftNotes);
    await own.getByLabel(t.shiftNoteNote).fill('Đập Núi Cốc xả lũ lúc 5 giờ');
    await own.getByRole('button', { name: t.shiftNote, exact: true }).click();
    const line = own.getByRole('listitem').filter({ hasText: 'Đập Núi Cốc' }).first();
    await expect(line).toContainText(t.standing.waiting);
    await expect(line).toContainText(lang === 'vi' ? /còn \d/ : /\d left/);
    const acknowledge = line.getByRole('button', { name: t.acknowledge });
    await expect(acknowledge).toHaveAttribute('aria-disabled', 'true');
    await expect(acknowledge).toHaveAttribute('title', t.notYours);
    await fake(page, 'late');
    await expect(line).toContainText(t.standing.late);
    await expect(line).toContainText(t.told('truc-ban'));

    const next = await (await browser.newContext()).newPage();
    await atRooms(next, `?room=tinh&lang=${theirLang}`, 'dung');
    const theirs = panel(next, theirWords.shiftNotes).getByRole('listitem').filter({ hasText: 'Đập Núi Cốc' }).first();
    await expect(theirs).toContainText(theirWords.standing.late);
    await theirs.getByLabel(theirWords.remark).fill('Đã rõ');
    await theirs.getByRole('button', { name: theirWords.acknowledge }).click();
    await expect(theirs).toContainText(lang === 'vi' ? 'dung acknowledged' : 'dung xác nhận');
    await expect(line).toContainText(t.standing.acknowledged);
    await expect(line).toContainText('Đã rõ');
    await next.context().close();
  });

  test(`a log is written, heard of by others, and found by words, ${lang}`, async ({ page, browser }) => {
    await atRooms(page, `?room=tinh&lang=${lang}`);
    const other = await (await browser.newContext()).newPage();
    await atRooms(other, `?room=tinh&lang=${lang}`, 'dung');
    const log = panel(page, t.log);
    for (const text of ['Gọi đập Núi Cốc', 'Báo cáo Sở Xây dựng']) {
      await log.getByLabel(t.entry).fill(text);
      await log.getByRole('button', { name: t.write }).click();
      await expect(log.getByRole('list', { name: t.log })).toContainText(text);
    }
    const theirs = panel(other, t.log).getByRole('list', { name: t.log });
    await expect(theirs.getByRole('listitem')).toHaveCount(2);
    await expect(theirs.getByRole('listitem').first()).toContainText('Báo cáo Sở Xây dựng');
    await log.getByLabel(t.find).fill('núi cốc');
    await expect(log.getByRole('list', { name: t.log }).getByRole('listitem')).toHaveCount(1);
    await other.context().close();
  });

  test(`a log says which entry corrects which, what was played, that there is more, and that it cannot be read, ${lang}`, async ({ page }) => {
    const asked = /\/api\/rooms\/tinh\/log\?/;
    const entry = (number: number, text: string, corrects: number, exercise: boolean) => ({ number, text, incident: null, corrects, at_ms: Date.now() - 60_000, by: 'an', exercise });
    const items = [entry(1, 'Gọi đập lúc 5 giờ', 0, false), entry(2, 'Gọi đập lúc 6 giờ', 1, true)];
    await page.route(asked, (route) => route.fulfill({ json: { items, truncated: true } }));
    await atRooms(page, `?room=tinh&lang=${lang}`);
    const log = panel(page, t.log);
    const lines = log.getByRole('list', { name: t.log }).getByRole('listitem');
    await expect(lines).toHaveCount(2);
    // The newest first.
    await expect(lines.first()).toContainText('Gọi đập lúc 6 giờ');
    await expect(lines.first()).toContainText(t.corrects(1));
    await expect(lines.first()).toContainText(words.incident.exercise);
    await expect(lines.nth(1)).not.toContainText(words.incident.exercise);
    await expect(log).toContainText(t.truncated);
    await page.unroute(asked);
    await page.route(asked, (route) => route.fulfill({ status: 503, json: {} }));
    await log.getByLabel(t.find).fill('đập');
    await expect(log.getByText(t.logMissing)).toBeVisible();
  });

  test(`an entry is corrected by the keyboard: both stay, and each names the other, ${lang}`, async ({ page, browser }) => {
    await atRooms(page, `?room=tinh&lang=${lang}`);
    const log = panel(page, t.log);
    const lines = log.getByRole('list', { name: t.log }).getByRole('listitem');
    await log.getByLabel(t.entry).fill('Gọi đập lúc 5 giờ');
    await log.getByLabel(words.incident.exerciseLabel).check();
    await log.getByRole('button', { name: t.write }).click();
    await expect(lines).toHaveCount(1);
    await expect(lines.first()).toContainText(/#\d+/);
    const number = Number(/#(\d+)/.exec((await lines.first().textContent()) ?? '')?.[1]);
    await lines.first().getByRole('button', { name: t.correctOf(number) }).focus();
    await page.keyboard.press('Enter');
    const right = log.getByLabel(t.correction);
    await expect(right).toBeFocused();
    await expect(right).toHaveValue('Gọi đập lúc 5 giờ');
    await expect(log).toContainText(t.correcting(number, '').split(',')[0]!);
    const write = log.getByRole('button', { name: t.writeCorrection });
    await expect(write).toHaveAttribute('title', t.correctSame);
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`)).toEqual([]);
    // Left, it is an ordinary entry again, and empty.
    await log.getByRole('button', { name: t.correctNot }).click();
    await expect(log.getByLabel(t.entry)).toHaveValue('');
    await lines.first().getByRole('button', { name: t.correctOf(number) }).click();
    await right.fill('Gọi đập lúc 6 giờ');
    const asked = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/api/rooms/tinh/log'));
    await write.focus();
    await page.keyboard.press('Enter');
    // Played like what it corrects.
    expect((await asked).postDataJSON()).toEqual({ text: 'Gọi đập lúc 6 giờ', incident: null, exercise: true, corrects: number });
    await expect(log.getByRole('status')).toContainText(words.command.committed);
    await expect(lines).toHaveCount(2);
    await expect(lines.first()).toContainText(t.corrects(number));
    await expect(lines.nth(1)).toContainText('Gọi đập lúc 5 giờ');
    await expect(lines.nth(1)).toContainText(t.correctedBy(number + 1));
    const other = await (await browser.newContext()).newPage();
    await atRooms(other, `?room=tinh&lang=${lang}`, 'dung');
    await expect(panel(other, t.log).getByText(t.correctedBy(number + 1))).toBeVisible();
    await other.context().close();
  });

  test(`a correction that the cluster refuses stays in the field, ${lang}`, async ({ page }) => {
    await atRooms(page, `?room=tinh&lang=${lang}`);
    const log = panel(page, t.log);
    await log.getByLabel(t.entry).fill('Gọi đập lúc 5 giờ');
    await log.getByRole('button', { name: t.write }).click();
    await log.getByRole('list', { name: t.log }).getByRole('button').first().click();
    await log.getByLabel(t.correction).fill('Gọi đập lúc 6 giờ');
    await page.route('**/api/rooms/tinh/log', (route) => route.fulfill({ status: 422, json: { code: 'invalid', field: 'LogDuty.corrects', message: '' } }));
    await log.getByRole('button', { name: t.writeCorrection }).click();
    await expect(log.getByRole('status')).toContainText(`${words.command.refused}: ${words.command.refusals['invalid']}`);
    await expect(log.getByLabel(t.correction)).toHaveValue('Gọi đập lúc 6 giờ');
  });

  test(`who only looks neither leads nor writes, ${lang}`, async ({ page }) => {
    await atRooms(page, `?lang=${lang}`, 'man-hinh');
    await expect(page.getByText(t.forbidden)).toBeVisible();
  });
}

for (const theme of ['dark', 'light'] as const) {
  for (const lang of ['vi', 'en'] as const) {
    test(`axe finds nothing on the rooms, ${theme}, ${lang}`, async ({ page }) => {
      await atRooms(page, `?room=tinh&theme=${theme}&lang=${lang}`);
      await expect(panel(page, /^(Nhật ký trực|Duty log)$/)).toBeVisible();
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`)).toEqual([]);
    });
  }
}
