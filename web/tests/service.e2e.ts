// Devices out of service, and alarms that a rule suppresses: they ring at nobody and leave the list, are counted and listed by themselves,
// and come back to it.
import { expect } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { enter, fake, file, freshSeq, panel } from './page';

const WORDS = { vi, en };

test.afterEach(async ({ page }) => {
  for (const command of ['service', 'seen?on=0', 'storm?n=0']) await fake(page, command);
});

for (const lang of ['vi', 'en'] as const) {
  const { alarm: t, parts } = WORDS[lang];
  const service = parts.service;
  // The name of the second level is the beginning of the third's.
  const lesser = new RegExp(`${t.condition['level-2']}(?!I)`);

  test(`a station is taken out of service with a reason and an end, and returned by hand, ${lang}`, async ({ page }) => {
    await page.setViewportSize({ width: 1920, height: 1600 });
    await enter(page, `?nomap=1&lang=${lang}`);
    const alarms = panel(page, new RegExp(`^${t.heading}$`));
    const row = alarms.getByRole('listitem').filter({ hasText: 'Chợ Mới' });
    await expect(row).toContainText(t.state['unack-active']);
    await row.getByRole('button').first().click();
    const station = file(page, 'wl-cho-moi');
    await station.getByRole('button', { name: service.takeOut, exact: true }).click();
    const question = page.getByRole('dialog', { name: service.question });
    // Without a reason nothing is sent.
    await question.getByRole('button', { name: service.takeOut }).click();
    await expect(question.getByRole('alert')).toHaveText(t.reasonMissing);
    await question.getByRole('radio', { name: t.condition['level-2']!, exact: true }).check();
    await question.getByLabel(t.reason).fill('rửa cảm biến');
    await question.getByRole('button', { name: service.takeOut }).click();
    await expect(question).toHaveCount(0);
    await expect(station).toContainText('rửa cảm biến');
    await expect(row).toHaveCount(0);
    // It is counted where everybody looks, and stands under its own heading with its level.
    await alarms.getByRole('button', { name: service.count('1', '0') }).click();
    const list = page.getByRole('dialog', { name: service.heading }).getByRole('list', { name: service.out('1') });
    await expect(list).toContainText('rửa cảm biến');
    const standing = list.getByRole('listitem').filter({ hasText: t.state['out-of-service'] });
    await expect(standing.locator('svg text')).toHaveText('4');
    await list.getByRole('button', { name: new RegExp(`^${service.giveBack}`) }).click();
    await expect(page.getByRole('dialog', { name: service.heading }).getByRole('list', { name: service.out('0') })).toBeAttached();
    await page.keyboard.press('Escape');
    await expect(row).toContainText(t.state['unack-active']);
    await expect(alarms.getByRole('button', { name: service.count('1', '0') })).toHaveCount(0);
  });

  test(`what a rule suppresses is counted by itself and comes back when its cause ends, ${lang}`, async ({ page }) => {
    await page.setViewportSize({ width: 1920, height: 1600 });
    await enter(page, `?nomap=1&lang=${lang}`);
    const alarms = panel(page, new RegExp(`^${t.heading}$`));
    const rows = alarms.getByRole('listitem').filter({ hasText: lesser }).filter({ hasText: 'Gia Bảy' });
    await expect(alarms.getByRole('listitem').first()).toBeVisible();
    await fake(page, 'service?rule=1');
    await alarms.getByRole('button', { name: service.count('0', '1') }).click();
    const list = page.getByRole('dialog', { name: service.heading }).getByRole('list', { name: service.suppressed('1') });
    await expect(list.getByRole('listitem')).toContainText(t.state.suppressed);
    await expect(list.getByRole('listitem')).toContainText(service.because(t.condition['level-3']!));
    await expect(list.locator('svg text')).toHaveText('4');
    await page.keyboard.press('Escape');
    await expect(rows).toHaveCount(0);
    // The station's file says by which rule.
    await alarms.getByRole('listitem').filter({ hasText: 'Gia Bảy' }).first().getByRole('button').first().click();
    await expect(file(page, 'wl-gia-bay')).toContainText(service.rule(t.condition['level-2']!, t.condition['level-3']!));
    await fake(page, 'service?rule=1&cause=0');
    await expect(rows).toContainText(t.state['unack-active']);
    await expect(alarms.getByRole('button', { name: service.count('0', '1') })).toHaveCount(0);
  });
}

test('a shelved alarm that returns by itself sounds again', async ({ page }) => {
  // The first tone of the worst level; nothing else on this screen rings as high.
  const WORST_HZ = 880;
  await page.addInitScript(() => {
    const create = AudioContext.prototype.createOscillator;
    const made: OscillatorNode[] = [];
    Object.assign(window, { made });
    AudioContext.prototype.createOscillator = function (...args) {
      const oscillator = create.apply(this, args);
      made.push(oscillator);
      return oscillator;
    };
  });
  const beats = () => page.evaluate((hertz) => (window as unknown as { made: OscillatorNode[] }).made.filter(({ frequency }) => frequency.value === hertz).length, WORST_HZ);
  const key = { entity: 'storm-0', condition: 'silence' };
  const shelve = (until_ms: number) =>
    page.request.post('/api/alarms/shelve', { data: { ...key, reason: 'đang sửa', until_ms }, headers: { 'x-request-seq': freshSeq() } });
  // One alarm of the worst level waits, and it is shelved: nothing rings for it.
  await fake(page, 'seen?on=1');
  await fake(page, 'storm?n=1');
  await page.setViewportSize({ width: 1920, height: 1600 });
  await page.clock.install();
  await enter(page);
  await shelve(Date.now() + 3_600_000);
  const row = panel(page, /^Cảnh báo$/).getByRole('listitem').filter({ hasText: 'storm-0' });
  await expect(row).toContainText(vi.alarm.state.shelved);
  await page.getByRole('button', { name: vi.settings.soundOff }).click();
  await expect(page.getByRole('button', { name: vi.settings.soundOn })).toBeVisible();
  await page.clock.fastForward(4_500);
  expect(await beats()).toBe(0);
  // Its time is over soon: no command comes, and it rings.
  await shelve((await page.evaluate(() => Date.now())) + 1_500);
  await expect(row).toContainText(vi.alarm.state['unack-active']);
  await expect.poll(beats).toBeGreaterThan(0);
  await page.request.post('/api/alarms/unshelve', { data: key, headers: { 'x-request-seq': freshSeq() } });
});
