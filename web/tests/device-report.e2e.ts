// What devices report: it stands in the incident beside what people told, is taken out and put back, and waits for a person meanwhile.
import AxeBuilder from '@axe-core/playwright';
import { expect } from '@playwright/test';
import { test } from './anew';
import { board, enter, fake, file, turnTo } from './page';

const WORDS = [
  { lang: 'vi', people: 'Người dân báo · 0', devices: 'Thiết bị báo', device: 'Thiết bị', reason: 'Lý do tách báo động này', unlink: 'Tách ra', link: 'Gộp vào đây', only: 'Sự cố chỉ được biết qua báo động này: hãy gộp hoặc đóng sự cố.', waiting: 'Tin báo chờ', out: 'Tách khỏi sự cố', words: 'Kết luận về báo động này, hoặc lý do để sau', settle: 'Kết thúc' },
  { lang: 'en', people: 'Told by citizens · 0', devices: 'Told by devices', device: 'Device', reason: 'Why this alarm is taken out', unlink: 'Take out', link: 'Gather here', only: 'This alarm is all that the incident is known by: merge or close the incident.', waiting: 'Reports waiting', out: 'Taken out of an incident', words: 'What the alarm came to, or why it is set aside', settle: 'Settle' },
];

test.use({ viewport: { width: 1920, height: 1080 } });
test.afterEach(async ({ page }) => void (await fake(page, 'waiting')));

for (const w of WORDS) {
  test(`an alarm's report stands in its incident, is taken out and put back, ${w.lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${w.lang}`);
    await turnTo(page, 'I4815');
    const incident = file(page, 'I4815');
    const summary = incident.locator('summary').filter({ hasText: w.people });
    await expect(summary).toContainText(`${w.devices} · 1`);
    await summary.click();
    const told = incident.getByRole('list', { name: w.devices, exact: true }).getByRole('listitem').filter({ hasText: 'rain-dinh-hoa/level-2' });
    await expect(told).toContainText('Mưa tại Định Hóa 82 mm, vượt 50 mm');
    await expect(told.locator('.channel')).toHaveText(w.device);
    const { violations } = await new AxeBuilder({ page }).include('aside').analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`)).toEqual([]);

    await told.getByRole('button', { name: w.unlink, exact: true }).click();
    await told.getByLabel(w.reason, { exact: true }).fill('Trạm khác');
    await told.getByRole('button', { name: w.unlink, exact: true }).click();
    await expect(told.getByRole('button', { name: w.link, exact: true })).toBeVisible();
    await expect(summary).not.toContainText(w.devices);
    await told.getByRole('button', { name: w.link, exact: true }).click();
    await expect(summary).toContainText(`${w.devices} · 1`);

    // What an incident is known by alone stays in it, and the button says so.
    await turnTo(page, 'I4821');
    const river = file(page, 'I4821');
    await river.locator('summary').filter({ hasText: w.people }).click();
    const only = river.getByRole('listitem').filter({ hasText: 'wl-gia-bay/level-3' }).getByRole('button', { name: w.unlink, exact: true });
    await expect(only).toHaveAttribute('aria-disabled', 'true');
    await expect(only).toHaveAttribute('title', w.only);
  });

  test(`one that was taken out waits for a person, as a device's, ${w.lang}`, async ({ page }) => {
    await board(page, `?lang=${w.lang}`);
    await fake(page, `report?code=device.a93be7714d0c52f6e8b1c904&channel=DEVICE&why=set_back&kind=FLOOD&text=${encodeURIComponent('Mưa tại Định Hóa 82 mm')}`);
    const bar = page.getByRole('region', { name: w.waiting, exact: true });
    await expect(bar).toBeVisible();
    await page.keyboard.press('Alt+b');
    const row = bar.getByRole('listitem').filter({ hasText: 'Mưa tại Định Hóa 82 mm' });
    await expect(row).toContainText(w.out);
    await expect(row.locator('.channel')).toHaveText(w.device);
    await row.locator('button.head').click();
    await row.getByLabel(w.words, { exact: true }).fill('Cảm biến bẩn, đã lau');
    await row.getByRole('button', { name: w.settle, exact: true }).click();
    await expect(row).toHaveCount(0);
  });
}
