// An incident gone through as it was seen then: from its file on the wall, on a page of its own, from the record; in both languages.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Locator, type Page } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { board as dispatch, enter, enterAt, fake, file, panel, turnTo } from './page';

const WORDS = { vi, en };
/** 14:00:00 in the province. */
const FROM_MS = Date.UTC(2026, 10, 20, 7);
const after = (seconds: number) => FROM_MS + seconds * 1_000;
const spot = (latitude: number, longitude = 105.87) => ({ latitude_e7: Math.round(latitude * 1e7), longitude_e7: Math.round(longitude * 1e7) });
const incident = (status: string, units: string[]) => ({ id: 'I4819', kind: 'fire', severity: 'critical', status, summary: 'Cháy kho hàng lúc đó', units, ...spot(21.43) });
const unit = (status: string, latitude: number, position_at_ms: number) => ({ id: 'PCCC-01', name: 'Xe thang 01', status, status_at_ms: position_at_ms, position_at_ms, ...spot(latitude) });
const COURSE = {
  incident: 'I4819', exercise: false, applied: 610, truncated: false,
  lines: [
    { index: 501, kind: 'incident_opened', at_ms: after(0), by: null, note: '', incident: incident('opened', []) },
    { index: 502, kind: 'unit_assigned', at_ms: after(60), by: 'Phạm Thị Dung', note: '', unit: unit('en_route', 21.4, after(55)) },
    { index: 502, kind: 'incident_assigned', at_ms: after(60), by: 'Phạm Thị Dung', note: '', incident: incident('assigned', ['PCCC-01', 'XCC-03']) },
    { index: 503, kind: 'incident_noted', at_ms: after(120), by: 'Trần Thị Hoa', note: 'Khói đen dày', incident: incident('assigned', ['PCCC-01', 'XCC-03']) },
    { index: 504, kind: 'unit_status_set', at_ms: after(300), by: 'Hoàng Văn Rin', note: '', unit: unit('on_scene', 21.429, after(290)) },
  ],
  stations: [{
    id: 'smoke-3', name: 'Báo khói kho 3', kind: 'fire', unit_of_measure: 'm', distance_m: 800, exercise: false, kept_from_ms: 0, ...spot(21.435),
    limits: [{ condition: 'high', above: true, limit: 2, severity: 'high' }],
    readings: [{ at_ms: after(-60), value: 1, status: 'measuring' }, { at_ms: after(50), value: 3, status: 'measuring' }],
  }],
  alarms: [{ entity: 'smoke-3', condition: 'high', severity: 'high', raised_at_ms: after(50), cleared_at_ms: 0, acknowledged_at_ms: after(120), acknowledged_by: 'Trần Thị Hoa', value: 3, limit: 2, exercise: false, ...spot(21.435) }],
};
const STEPS = '5';

const boardOf = (page: Page, heading: string, id: string) => page.getByRole('region', { name: `${heading} · ${id}` });
const plays = (page: Page) => page.route('**/api/incidents/I4819/replay', (route) => route.fulfill({ json: COURSE }));
async function faultless(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`)).toEqual([]);
}

test.afterEach(({ page }) => fake(page, 'role?role='));

for (const lang of ['vi', 'en'] as const) {
  const words = WORDS[lang];
  const t = words.replay;
  const isPast = lang === 'vi' ? /PHÁT LẠI I4819 lúc .*14:00:00.*, không phải hiện tại/ : /REPLAY of I4819 at .*14:00:00.*, not now/;
  const stamp = lang === 'vi' ? /^Phát lại .*14:00:00.*, không phải hiện tại$/ : /^Replay of .*14:00:00.*, not now$/;
  const status = (board: Locator) => board.getByRole('status');
  const step = (number: string) => t.stepOf(number, STEPS);

  test(`from its file an incident is gone through by keyboard, each step with who and when, and the way back is Escape, ${lang}`, async ({ page }) => {
    await plays(page);
    await enter(page, `?nomap=1&lang=${lang}`);
    await turnTo(page, 'I4819');
    const open = file(page, 'I4819').getByRole('button', { name: t.open });
    await open.click();
    const board = boardOf(page, t.heading, 'I4819');
    await expect(board).toContainText(isPast);
    // Also a picture of the drawing alone says of when it is.
    await expect(board.getByText(stamp)).toBeVisible();
    await expect(board.getByTestId('then-incident')).toBeVisible();
    await expect(board.getByTestId('then-unit')).toHaveCount(0);
    await expect(board.getByTestId('then-station')).toHaveAttribute('data-passed', '');
    await expect(board.getByRole('list', { name: t.units })).toContainText(t.noUnits);
    await expect(status(board)).toContainText(step('1'));
    await expect(status(board)).toContainText(words.incident.event['incident_opened']!);
    await expect(status(board)).toContainText(words.incident.system);

    await page.keyboard.press('ArrowRight');
    await expect(board.getByTestId('then-station')).toHaveAttribute('data-passed', 'high');
    await expect(board.getByRole('list', { name: t.alarms })).toContainText(t.unacknowledged);
    await expect(board.getByRole('list', { name: t.stations })).toContainText(lang === 'vi' ? '3,00 m' : '3.00 m');

    await page.keyboard.press('ArrowRight');
    const unitMark = board.getByTestId('then-unit');
    await expect(unitMark).toHaveAttribute('data-status', 'en-route');
    await expect(unitMark).toContainText('Xe thang 01');
    await expect(status(board)).toContainText('Phạm Thị Dung');
    await expect(status(board)).toContainText(t.entry('502'));
    const units = board.getByRole('list', { name: t.units });
    await expect(units).toContainText(t.positionAt('14:00:55'));
    await expect(units.getByRole('listitem').filter({ hasText: 'XCC-03' })).toContainText(t.unheard);
    const away = await unitMark.boundingBox();

    await page.keyboard.press('ArrowRight');
    await expect(status(board)).toContainText('Khói đen dày');
    await expect(board.getByRole('list', { name: t.alarms })).not.toContainText(t.unacknowledged);
    await page.keyboard.press('End');
    await expect(unitMark).toHaveAttribute('data-status', 'on-scene');
    await expect(status(board)).toContainText(step(STEPS));
    expect((await unitMark.boundingBox())?.y).not.toBe(away?.y);
    await expect(board.getByRole('list', { name: t.steps }).getByRole('listitem')).toHaveCount(Number(STEPS));
    await page.keyboard.press('ArrowLeft');
    await expect(status(board)).toContainText(step('4'));
    await page.keyboard.press('Home');
    await expect(board).toContainText(isPast);

    await page.keyboard.press('Escape');
    await expect(board).toHaveCount(0);
    await expect(open).toBeFocused();
    await expect(file(page, 'I4819')).toBeVisible();
    // Who turns to another incident sees now.
    await open.click();
    await expect(board).toBeVisible();
    await turnTo(page, 'I4820');
    await expect(board).toHaveCount(0);
  });

  test(`it plays by itself to the end at a pace, and is stepped by slider and list, ${lang}`, async ({ page }) => {
    await plays(page);
    await enterAt(page, `/replay.html?incident=I4819&at=${after(70)}&lang=${lang}`);
    const board = boardOf(page, t.heading, 'I4819');
    // It begins where the address says.
    await expect(status(board)).toContainText(step('3'));
    await board.getByRole('list', { name: t.steps }).getByRole('button').first().click();
    await expect(status(board)).toContainText(step('1'));
    await board.getByRole('slider', { name: t.slider }).fill('1');
    await expect(status(board)).toContainText(step('2'));
    await page.keyboard.type('++++');
    await expect(board.getByLabel(t.pace)).toHaveValue('8');
    await board.getByRole('button', { name: t.play, exact: true }).click();
    await expect(status(board)).toContainText(step(STEPS));
    // At the end it stands, and begins anew when it is played again; a step by hand stops it.
    const play = board.getByRole('button', { name: t.play, exact: true });
    await expect(play).toBeVisible();
    await board.getByLabel(t.pace).selectOption('1');
    await play.click();
    await expect(board.getByRole('button', { name: t.pause, exact: true })).toBeVisible();
    await expect(status(board)).not.toContainText(step(STEPS));
    await page.keyboard.press('ArrowLeft');
    await expect(play).toBeVisible();
    // Closer at the incident: its marks move apart.
    const mark = async () => (await board.getByTestId('then-incident').boundingBox())?.y ?? -1;
    const apart = await mark();
    await board.getByRole('button', { name: t.near }).click();
    await expect.poll(mark).not.toBe(apart);
  });

  test(`limits are those that were set then, and what rang twice is there twice, ${lang}`, async ({ page }) => {
    const [station, alarm] = [COURSE.stations[0], COURSE.alarms[0]];
    const earlier = { ...alarm, raised_at_ms: after(10), cleared_at_ms: after(20), acknowledged_at_ms: 0, acknowledged_by: null };
    const course = { ...COURSE, stations: [{ ...station, limits_before: [{ until_ms: after(120), limits: [] }] }], alarms: [earlier, alarm] };
    await page.route('**/api/incidents/I4819/replay', (route) => route.fulfill({ json: course }));
    await enterAt(page, `/replay.html?incident=I4819&at=${after(60)}&lang=${lang}`);
    const board = boardOf(page, t.heading, 'I4819');
    // It rang, and no limit was set then that its reading could pass.
    await expect(board.getByRole('list', { name: t.alarms })).toContainText(t.unacknowledged);
    await expect(board.getByTestId('then-station')).toHaveAttribute('data-passed', '');
    await board.getByRole('button', { name: t.forward, exact: true }).click();
    await expect(board.getByTestId('then-station')).toHaveAttribute('data-passed', 'high');
    const raised = board.getByRole('list', { name: t.steps }).getByRole('listitem').filter({ hasText: words.incident.event['alarm_raised']! });
    await expect(raised).toHaveCount(2);
    await raised.first().getByRole('button').click();
    await expect(board.getByRole('list', { name: t.alarms }).getByRole('listitem')).toHaveCount(1);
    await board.getByRole('button', { name: t.forward, exact: true }).click();
    await expect(board.getByRole('list', { name: t.alarms })).toHaveCount(0);
    await expect(board).toContainText(t.notKept);
    // The rights are those of now, and the replay says so.
    await expect(board).toContainText(lang === 'vi' ? 'bạn được xem bây giờ' : 'you may see now');
  });

  test(`a drill is marked, what is not there is said, and a node that gives no answer is asked again, ${lang}`, async ({ page }) => {
    await enterAt(page, `/replay.html?incident=I4823&lang=${lang}`);
    await expect(boardOf(page, t.heading, 'I4823').getByText(words.incident.exercise, { exact: true }).first()).toBeVisible();
    await page.getByLabel(t.which).fill('I4');
    await page.getByRole('button', { name: t.go, exact: true }).click();
    await expect(page.getByRole('alert').filter({ hasText: t.unknown('I4') })).toBeVisible();
    await page.route('**/api/incidents/I4819/replay', (route) => route.abort());
    await page.getByLabel(t.which).fill('I4819');
    await page.keyboard.press('Enter');
    const board = boardOf(page, t.heading, 'I4819');
    await expect(board.getByRole('alert')).toContainText(t.unreachable);
    await page.unroute('**/api/incidents/I4819/replay');
    await plays(page);
    await board.getByRole('button', { name: t.again }).click();
    await expect(board).toContainText(isPast);
  });

  test(`the record and the board lead to it, and an auditor is led nowhere, ${lang}`, async ({ page }) => {
    const find = async () => {
      await page.getByLabel(words.admin.record.why).fill('thanh tra');
      await page.getByLabel(words.admin.record.text).fill('CloseIncident');
      await page.getByRole('button', { name: words.admin.record.find, exact: true }).click();
      return panel(page, words.admin.record.lines).getByRole('row').filter({ hasText: 'I4819' });
    };
    await fake(page, 'role?role=auditor');
    await enterAt(page, `/record.html?lang=${lang}`, 'kiem');
    await expect(await find()).toBeVisible();
    await expect(page.getByRole('link', { name: t.open })).toHaveCount(0);
    await page.goto(`/replay.html?incident=I4819&lang=${lang}`);
    await expect(page.getByText(t.forbidden)).toBeVisible();

    await page.context().clearCookies();
    await fake(page, 'role?role=admin');
    await enterAt(page, `/record.html?lang=${lang}`);
    await (await find()).getByRole('link', { name: t.open }).click();
    await expect(page).toHaveURL(/\/replay\.html\?incident=I4819&at=\d+$/);
    await expect(page.getByTestId('then-incident')).toBeVisible();

    await page.context().clearCookies();
    await fake(page, 'role?role=');
    await dispatch(page, `?lang=${lang}`);
    await panel(page, words.dispatch.incidents).getByRole('button', { name: /Mất điện/ }).click();
    await expect(page.getByRole('link', { name: t.open })).toHaveAttribute('href', '/replay.html?incident=I4816');
  });

  for (const theme of ['dark', 'light'] as const) {
    test(`axe finds nothing on what was, ${theme}, ${lang}`, async ({ page }) => {
      await plays(page);
      await enterAt(page, `/replay.html?incident=I4819&at=${after(300)}&theme=${theme}&lang=${lang}`);
      await expect(page.getByTestId('then-unit')).toBeVisible();
      await faultless(page);
      await page.screenshot({ path: `test-results/replay/${theme}-${lang}.png` });
    });
  }
}
