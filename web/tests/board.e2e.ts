// What the dispatcher's board says of agencies and of people: their one answer, and who has how much in hand.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { board, freshSeq, panel } from './page';

const WORDS = { vi, en };
/** A command of somebody at another screen. */
async function elsewhere(page: Page, path: string, data: object): Promise<{ entity: string; version: number }> {
  const response = await page.request.post(path, { data, headers: { 'x-request-seq': freshSeq() } });
  expect(response.ok()).toBe(true);
  return (await response.json()) as { entity: string; version: number };
}

for (const lang of ['vi', 'en'] as const) {
  const words = WORDS[lang];
  const t = words.dispatch;

  test(`agencies answer as one once the last of them is done, and a new task voids the answer, ${lang}`, async ({ page }) => {
    const [first, second, third] = [1, 2, 3].map((n) => `Cơ quan ${lang}${n}-${test.info().retry}`) as [string, string, string];
    const answer = `Đã lấy mẫu và khoanh vùng ${lang}`;
    await board(page, `?lang=${lang}`);
    await panel(page, t.incidents).getByRole('button', { name: /Mùi khét/ }).click();
    const tasks = page.getByRole('region', { name: t.tasks });
    const task = (agency: string) => tasks.getByRole('listitem').filter({ hasText: agency });
    const give = async (agency: string) => {
      await tasks.getByRole('textbox', { name: t.agency, exact: true }).fill(agency);
      await tasks.getByRole('textbox', { name: t.taskText, exact: true }).fill('Lấy mẫu khí');
      await tasks.getByRole('button', { name: t.giveTask }).click();
      await expect(task(agency).first()).toContainText(t.task.given);
    };
    const finish = async (agency: string) => {
      await task(agency).first().getByRole('button', { name: t.task.done, exact: true }).click();
      await expect(task(agency).first()).toContainText(`— ${t.task.done}`);
    };
    await give(first);
    await give(second);
    await finish(first);
    const field = tasks.getByRole('textbox', { name: t.answer, exact: true });
    // One is still at it: there is nothing to answer yet.
    await expect(field).toHaveCount(0);
    await finish(second);
    const combine = tasks.getByRole('button', { name: t.combine });
    // Without words nothing is sent, and the button says what lacks.
    await expect(combine).toHaveAttribute('aria-disabled', 'true');
    await field.fill(answer);
    const sent = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/answer'));
    await combine.click();
    expect((await sent).postDataJSON()).toMatchObject({ answer });
    await expect(tasks.getByText(`${t.answer}: ${answer}`)).toBeVisible();
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
    await give(third);
    await expect(tasks.getByText(`${t.answer}: ${answer}`)).toHaveCount(0);
    await finish(third);
  });

  test(`who took an incident on has one more in hand, and nobody one less, ${lang}`, async ({ page }) => {
    await board(page, `?lang=${lang}`);
    const loads = page.getByRole('region', { name: words.parts.load.heading });
    await expect(loads).toContainText('Trần Thị Hoa');
    const commune = ((await (await page.request.get('/map/communes.geojson')).json()) as GeoJSON.FeatureCollection).features[0]!.properties!;
    const place = { latitude_e7: Math.round(Number(commune['label_lat']) * 1e7), longitude_e7: Math.round(Number(commune['label_lon']) * 1e7), admin_unit: String(commune['code']), address: '' };
    const opening = { kind: 'fire', severity: 'low', exercise: false, place };
    const one = await elsewhere(page, '/api/incidents', { ...opening, summary: `Của ai ${lang}` });
    await expect(panel(page, t.incidents)).toContainText(one.entity);
    const text = async () => (await loads.textContent()) ?? '';
    const inHand = async () => Number(/Trần Thị Hoa:\D*(\d+)/.exec(await text())?.[1]);
    const ofNobody = async () => Number(new RegExp(`${words.parts.load.nobody}:\\D*(\\d+)`).exec(await text())?.[1]);
    await expect.poll(ofNobody).toBeGreaterThan(0);
    const [hers, nobodys] = [await inHand(), await ofNobody()];
    // Another one, which is played, is in nobody's hand.
    const played = await elsewhere(page, '/api/incidents', { ...opening, exercise: true, summary: `Diễn tập của ai ${lang}` });
    await expect(panel(page, t.incidents)).toContainText(played.entity);
    const taken = await elsewhere(page, `/api/incidents/${one.entity}/acknowledge`, { expected_version: one.version });
    await expect.poll(inHand).toBe(hers + 1);
    await expect.poll(ofNobody).toBe(nobodys - 1);
    await elsewhere(page, `/api/incidents/${one.entity}/close`, { expected_version: taken.version, note: '' });
    await elsewhere(page, `/api/incidents/${played.entity}/close`, { expected_version: played.version, note: '' });
    await expect.poll(inHand).toBe(hers);
  });
}
