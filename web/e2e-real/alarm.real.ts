// From a device's reading to a closed incident and its course, in both languages: each limit that is passed is an alarm, each alarm has a report in
// the incident that it opened or joined; one report is parted, put to another incident, settled with it, and seen again where it was.
import { facts } from './cluster';
import { GAUGE, measure, registerGauge, type Gauge } from './device';
import { IncidentOnWall, openOnWall } from './file';
import { MOVED_MS_MAX, screenIn, sit } from './people';
import { expect, test } from './witness';
import { LANGUAGES, wordsIn, type Language } from './words';

const OPERATOR = 'truc-ban';
/** Below both limits, above the lower one, above both; metres. */
const CALM_M = 24.1;
const HIGH_M = 26.4;
const WORST_M = 27.9;
const [HIGH, WORST] = ['high', 'level-3'] as const;
const THRESHOLDS: Gauge['thresholds'] = [
  { condition: HIGH, above: true, limit_micro: 26_000_000, hysteresis_micro: 200_000, debounce_ms: 0, severity: 'high' },
  { condition: WORST, above: true, limit_micro: 27_000_000, hysteresis_micro: 200_000, debounce_ms: 0, severity: 'critical' },
];

interface Story {
  gauge: { id: string; name: string; latitude_e7: number; longitude_e7: number };
  /** The commune of the gauge, and how an operator types it. */
  commune: string;
  find: string;
  /** What somebody told before the device did. */
  summary: string;
  reason: string;
  result: string;
  /** The reading above the lower limit, as the screens show it. */
  read: string;
}

const STORIES: Readonly<Record<Language, Story>> = {
  vi: {
    gauge: { id: 'thu-cau-ben-tuong', name: 'Sông Cầu tại cầu Bến Tượng', latitude_e7: 215_910_000, longitude_e7: 1_058_470_000 },
    commune: 'Phường Phan Đình Phùng',
    find: 'phan dinh phung',
    summary: 'Nước tràn đường ven sông, người dân gọi báo',
    reason: 'Mức này là của đoạn đường ven sông',
    result: 'Nước đã rút, đường thông',
    read: '26,40 m',
  },
  en: {
    gauge: { id: 'thu-tich-luong', name: 'Tich Luong stream at the school', latitude_e7: 215_400_000, longitude_e7: 1_058_450_000 },
    commune: 'Phường Tích Lương',
    find: 'tich luong',
    summary: 'The stream covers the playing field, the caretaker called',
    reason: 'This level is about the playing field',
    result: 'The water went down, the field is open',
    read: '26.40 m',
  },
};

for (const language of LANGUAGES) {
  test(`a reading becomes an alarm and an incident; its report is parted, put elsewhere, settled, and seen again (${language})`, async ({ browser }, info) => {
    test.setTimeout(240_000);
    const words = wordsIn(language);
    const { t } = words;
    const story = STORIES[language];
    const cluster = facts();
    // What an attempt that failed has raised is raised already.
    const attempt = info.retry === 0 ? '' : `-${info.retry}`;
    const { id, name, ...spot } = story.gauge;
    const gauge: Gauge = { ...GAUGE, id: `${id}${attempt}`, name: `${name}${attempt}`, place: { ...GAUGE.place, ...spot, address: name }, thresholds: THRESHOLDS };
    await registerGauge(cluster, story.commune, gauge);
    const wall = await sit(browser, cluster, 1, screenIn(language, '/'), OPERATOR);
    const queue = wall.getByRole('region', { name: t.incident.heading, exact: true });
    const alarm = (condition: string) =>
      wall.getByRole('region', { name: t.alarm.heading, exact: true }).getByRole('listitem').filter({ hasText: `${gauge.name}: ${t.alarm.condition[condition] ?? condition}` });
    const devices = (incident: IncidentOnWall) => incident.file.getByRole('list', { name: t.told.devices, exact: true });
    const report = (incident: IncidentOnWall, condition: string) => devices(incident).getByRole('listitem').filter({ hasText: `${gauge.id}/${condition}` });
    const bar = wall.getByRole('region', { name: t.waiting.heading, exact: true });
    const waiting = bar.getByRole('listitem').filter({ hasText: gauge.name });

    const told = new IncidentOnWall(wall, await openOnWall(wall, words, { summary: `${story.summary}${attempt}`, kind: 'flood', find: story.find }), words);

    const fed = await test.step('a reading over a limit is an alarm, and an incident with the device’s report', async () => {
      await measure(cluster, CALM_M, gauge);
      await measure(cluster, HIGH_M, gauge);
      await expect(alarm(HIGH)).toContainText(t.alarm.state['unack-active'], { timeout: MOVED_MS_MAX });
      const row = queue.getByRole('listitem').filter({ hasText: gauge.name });
      const fed = new IncidentOnWall(wall, ((await row.locator('.id').textContent({ timeout: MOVED_MS_MAX })) ?? '').trim(), words);
      expect(fed.id).not.toBe(told.id);
      await fed.open();
      // Beside what people told, of which there is nothing.
      await expect(fed.file.locator('details.told summary')).toContainText(`${t.told.devices} · 1`);
      await fed.unfoldTold(0);
      await expect(report(fed, HIGH)).toContainText(gauge.name);
      await expect(report(fed, HIGH).locator('.channel')).toHaveText(t.told.channel['device'] ?? '');
      await expect(report(fed, HIGH)).toContainText(t.told.status['in_hand'] ?? '');
      // An incident keeps what it is known by.
      await expect(report(fed, HIGH).getByRole('button', { name: t.told.unlink, exact: true })).toHaveAttribute('title', t.told.only);
      return fed;
    });

    await test.step('what goes on there is told to the same incident, by a report of its own', async () => {
      await measure(cluster, WORST_M, gauge);
      await expect(alarm(WORST)).toContainText(t.alarm.state['unack-active'], { timeout: MOVED_MS_MAX });
      await expect(report(fed, WORST)).toBeVisible({ timeout: MOVED_MS_MAX });
      await expect(devices(fed).getByRole('listitem')).toHaveCount(2);
      await expect(queue.getByRole('listitem').filter({ hasText: gauge.name })).toHaveCount(1);
      for (const condition of [WORST, HIGH]) {
        await alarm(condition).getByRole('button', { name: t.alarm.acknowledge, exact: true }).click();
        await expect(alarm(condition)).toContainText(t.alarm.state['ack-active'], { timeout: MOVED_MS_MAX });
      }
      await wall.screenshot({ path: info.outputPath('told.png') });
    });

    await test.step('one is parted with a reason, and waits for somebody', async () => {
      const parted = report(fed, HIGH);
      await parted.getByRole('button', { name: t.told.unlink, exact: true }).click();
      await parted.getByRole('textbox', { name: t.told.partWords, exact: true }).fill(story.reason);
      await parted.getByRole('button', { name: t.told.unlink, exact: true }).click();
      await expect(parted.getByRole('button', { name: t.told.link, exact: true })).toBeVisible({ timeout: MOVED_MS_MAX });
      await expect(parted).toContainText(t.told.status['received'] ?? '');
      await expect(bar).toBeVisible({ timeout: MOVED_MS_MAX });
      await wall.keyboard.press('Alt+b');
      await expect(waiting).toContainText(t.waiting.why['set_back'] ?? '', { timeout: MOVED_MS_MAX });
      await wall.keyboard.press('Escape');
      await expect(waiting).toHaveCount(0);
    });

    await test.step('it is put to the other incident, and is there alone', async () => {
      await told.open();
      await told.unfoldTold(0);
      await report(told, HIGH).getByRole('button', { name: t.told.link, exact: true }).click();
      await expect(report(told, HIGH)).toContainText(t.told.status['in_hand'] ?? '', { timeout: MOVED_MS_MAX });
      await expect(report(told, HIGH).getByRole('button', { name: t.told.link, exact: true })).toHaveCount(0);
      await expect(told.file.getByText(`${t.told.devices} · 1`, { exact: true })).toBeVisible();
      await fed.open();
      await fed.unfoldTold(0);
      await expect(report(fed, WORST)).toBeVisible();
      await expect(report(fed, HIGH)).toHaveCount(0);
    });

    await test.step('the water goes down; both are closed, and what the device reported is settled with them', async () => {
      await measure(cluster, CALM_M, gauge);
      for (const condition of [HIGH, WORST]) await expect(alarm(condition)).toHaveCount(0, { timeout: MOVED_MS_MAX });
      await fed.close(story.result);
      await told.open();
      await told.close(story.result);
      await told.openDone();
      await told.unfoldTold(0);
      await expect(report(told, HIGH)).toContainText(t.told.settled);
      await wall.screenshot({ path: info.outputPath('settled.png') });
    });

    await test.step('the page of its course shows who did what when, and what was measured then', async () => {
      const { replay, incident } = t;
      const page = await sit(browser, cluster, 2, `${screenIn(language, '/replay.html')}&incident=${told.id}`, OPERATOR);
      const board = page.getByRole('region', { name: `${replay.heading} · ${told.id}`, exact: true });
      const steps = board.getByRole('list', { name: replay.steps, exact: true }).getByRole('listitem');
      const condition = `${gauge.name}: ${t.alarm.condition[HIGH] ?? HIGH}`;
      const deed = (kind: string, by: string) => `${incident.event[kind] ?? kind} · ${by}`;
      await expect(steps.first()).toContainText(deed('incident_opened', OPERATOR));
      await expect(steps.filter({ hasText: deed('incident_fed', OPERATOR) })).toHaveCount(1);
      const end = steps.filter({ hasText: deed('incident_closed', OPERATOR) });
      await expect(end).toHaveCount(1);

      await steps.filter({ hasText: `${incident.event['alarm_raised'] ?? ''} · ${condition}` }).getByRole('button').click();
      const alarms = board.getByRole('list', { name: replay.alarms, exact: true }).getByRole('listitem').filter({ hasText: condition });
      await expect(alarms).toContainText(replay.unacknowledged);
      const station = board.getByRole('list', { name: replay.stations, exact: true }).getByRole('listitem').filter({ hasText: gauge.name });
      await expect(station).toContainText(story.read);
      await expect(station).toContainText(replay.passed(t.alarm.condition[HIGH] ?? HIGH));

      await end.getByRole('button').click();
      await expect(board.getByRole('status')).toContainText(`${deed('incident_closed', OPERATOR)} · “${story.result}”`);
      await expect(alarms).toHaveCount(0);
      await page.screenshot({ path: info.outputPath('course.png') });
    });
  });
}
