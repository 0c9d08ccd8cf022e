// From a citizen's report with a photo to a rated case that is opened again, in both languages: the citizen's line is cut while they send, the
// node that leads is killed, a dispatcher sends a crew, and the sender says that it is not done.
import { publicVi } from '../src/i18n/public.vi';
import { facts, killNode, leaderOf, startNode } from './cluster';
import { IncidentOnWall, openOnWall } from './file';
import { communeOption, crewPhone, jpegOf, MOVED_MS_MAX, onPhone, screenIn, send, sit, TAPPED_MS_MAX } from './people';
import { expect, test } from './witness';
import { begins, LANGUAGES, wordsIn, type Language } from './words';

const OPERATOR = 'truc-ban';
const DISPATCHER = 'dieu-phoi';
const NODES = 3;
const STARS = 4;

interface Story {
  told: string;
  contact: string;
  summary: string;
  kind: 'fire' | 'medical';
  /** The ward where the unit is stationed, and how an operator types it. */
  ward: { name: string; find: string };
  unit: { id: string; name: string };
  answer: string;
  result: string;
  /** Why the sender says that it is not done. */
  reason: string;
  mended: string;
}

const STORIES: Readonly<Record<Language, Story>> = {
  vi: {
    told: 'Có cụ già ngã ở bậc thềm chợ, không đứng dậy được',
    contact: '0905 000 123',
    summary: 'Ngã ở chợ, người dân báo',
    kind: 'medical',
    ward: { name: 'Bắc Kạn', find: 'bac kan' },
    unit: { id: 'unit-002', name: 'Xe cứu thương 115 01' },
    answer: 'Xe cứu thương đã đưa cụ vào viện; gia đình đã biết.',
    result: 'Đã đưa vào viện',
    reason: 'Bậc thềm vỡ vẫn còn đó.',
    mended: 'Bậc thềm đã được sửa',
  },
  en: {
    told: 'A rubbish heap burns behind the school, the smoke blows into the rooms',
    contact: '0905 000 456',
    summary: 'Fire behind the school, reported by a citizen',
    kind: 'fire',
    ward: { name: 'Đức Xuân', find: 'duc xuan' },
    unit: { id: 'unit-001', name: 'Xe chữa cháy 01' },
    answer: 'The fire is out; nobody was hurt.',
    result: 'Put out',
    reason: 'It smokes again.',
    mended: 'Put out for good',
  },
};

for (const language of LANGUAGES) {
  test(`a report is told on a cut line, gathered, dispatched, answered, rated, and opened again by its sender (${language})`, async ({ browser }, info) => {
    test.setTimeout(300_000);
    const words = wordsIn(language);
    const { t, open } = words;
    const story = STORIES[language];
    const cluster = facts();
    const gone = await leaderOf(cluster);
    // The citizen's page knows one node only: another than the one that dies.
    const stays = (gone % NODES) + 1;
    const { context, page } = await onPhone(browser, cluster, stays, '/bao-tin');
    // Chosen as a person chooses it, so that the page behind the link speaks it too.
    if (language === 'en') await page.getByRole('button', { name: publicVi.page.language, exact: true }).click();
    let code = '';

    await test.step('the citizen writes, adds a photo, and sends into a cut line', async () => {
      await page.getByLabel(open.tell.what, { exact: true }).fill(story.told);
      await page.locator('#commune').selectOption(await communeOption(page, story.ward.name));
      await page.locator('#contact').fill(story.contact);
      await page.locator('#photos').setInputFiles({ name: 'scene.jpg', mimeType: 'image/jpeg', buffer: await jpegOf(page) });
      await expect(page.getByRole('img', { name: open.tell.photos.photo(1), exact: true })).toBeVisible();
      await context.setOffline(true);
      await page.getByRole('button', { name: open.tell.send, exact: true }).click();
      await expect(page.getByRole('heading', { name: open.tell.waiting, exact: true })).toBeVisible();
    });

    await test.step('the node that leads is killed; report and photo go out once when the line is back', async () => {
      await killNode(cluster, gone);
      await leaderOf(cluster, gone);
      await context.setOffline(false);
      await expect(page.getByRole('heading', { name: `✓ ${open.tell.sent}`, exact: true })).toBeVisible({ timeout: MOVED_MS_MAX });
      code = (await page.locator('.code').textContent())?.trim() ?? '';
      expect(code).toMatch(/^\w{5}-\w{5}-\w{5}$/);
      await expect(page.getByText(open.tell.photos.sent('1', '1'), { exact: true })).toBeVisible({ timeout: MOVED_MS_MAX });
      await startNode(cluster, gone);
    });

    const wall = await sit(browser, cluster, stays, screenIn(language, '/'), OPERATOR);
    await test.step('what came stands over the wall until somebody deals with it', async () => {
      const untouched = wall.getByRole('region', { name: t.waiting.heading, exact: true });
      await expect(untouched.getByRole('button').first()).toBeVisible({ timeout: MOVED_MS_MAX });
      await wall.keyboard.press('Alt+b');
      await expect(untouched.getByRole('listitem').filter({ hasText: code })).toContainText(story.told);
      await wall.keyboard.press('Escape');
    });

    const id = await test.step('an operator opens an incident', () => openOnWall(wall, words, { summary: story.summary, kind: story.kind, find: story.ward.find }));
    const incident = new IncidentOnWall(wall, id, words);

    await test.step('the report is gathered in it, and its photo is there', async () => {
      await incident.unfoldTold(0);
      await incident.gather(story.told);
      const photo = incident.file.getByRole('region', { name: t.photo.heading, exact: true }).locator('img');
      await expect(photo).toHaveCount(1, { timeout: MOVED_MS_MAX });
      await photo.scrollIntoViewIfNeeded();
      await expect.poll(() => photo.evaluate((image) => (image as HTMLImageElement).naturalWidth), { timeout: MOVED_MS_MAX }).toBeGreaterThan(0);
      await wall.screenshot({ path: info.outputPath('gathered.png') });
    });

    await test.step('a dispatcher sends the unit; its crew goes, arrives and is done', async () => {
      const crew = await crewPhone(browser, cluster, stays, `to-${story.unit.id}`, language);
      const board = await sit(browser, cluster, gone, screenIn(language, '/dispatch'), DISPATCHER);
      const region = (name: string) => board.getByRole('region', { name, exact: true });
      await region(t.dispatch.incidents).getByRole('button').filter({ hasText: id }).click();
      const list = region(`${t.dispatch.recommended} · ${id}`);
      const unit = list.getByRole('listitem').filter({ hasText: story.unit.name });
      const sent = region(t.dispatch.units).getByRole('listitem').filter({ hasText: story.unit.name }).filter({ hasText: id });
      const notYet = list.getByText(begins(`${t.command.refused}: `)).or(list.getByText(begins(`${t.command.unsent}: `)));
      await send(list, () => unit.getByRole('button').first().click(), sent, notYet);
      await expect(crew.page.getByRole('region', { name: t.unit.incident, exact: true })).toContainText(story.summary, { timeout: TAPPED_MS_MAX });
      const { act, noOrder, state } = t.dispatch.crew;
      for (const tap of [act.accepted, act['en-route'], act['on-scene'], act.cleared]) {
        await crew.page.getByRole('button', { name: tap, exact: true }).click();
      }
      await expect(crew.page.getByText(state.waiting, { exact: true })).toHaveCount(0, { timeout: MOVED_MS_MAX });
      await expect(crew.page.getByText(noOrder, { exact: true })).toBeVisible({ timeout: TAPPED_MS_MAX });
    });

    await test.step('the sender is answered, and the case is closed', async () => {
      await incident.answer(story.answer);
      await incident.close(story.result);
    });

    await test.step('the sender reads the answer, rates it, and opens it again', async () => {
      await page.getByRole('link', { name: open.tell.follow, exact: true }).click();
      await expect(page).toHaveURL(new RegExp(`/theo-doi#${code}$`));
      const card = page.getByRole('region', { name: `${open.follow.status}: ${code}`, exact: true });
      await expect(card).toContainText(story.answer);
      await page.getByRole('radio', { name: `${STARS} ${open.follow.stars[STARS - 1]}`, exact: true }).check();
      await page.getByRole('button', { name: open.follow.sendRating, exact: true }).click();
      await expect(page.getByText(open.follow.rated(STARS), { exact: true })).toBeVisible();
      await page.screenshot({ path: info.outputPath('rated.png') });
      await page.getByText(open.follow.reopen, { exact: true }).click();
      await page.getByLabel(open.follow.reason, { exact: true }).fill(story.reason);
      await page.getByRole('button', { name: open.follow.sendReopen, exact: true }).click();
      await expect(card).toContainText(story.reason);
      await expect(page.getByRole('button', { name: open.follow.sendRating, exact: true })).toHaveCount(0);
    });

    await test.step('open data has nothing of today, and nothing of anybody', async () => {
      for (const file of ['incidents.csv', 'incidents.geojson', 'reports.csv', 'reports.geojson']) {
        const { status, text } = await page.evaluate(async (name) => {
          const answer = await fetch(`/api/public/open-data/${name}`);
          return { status: answer.status, text: await answer.text() };
        }, file);
        expect(status, file).toBe(200);
        expect(text).toContain(file.endsWith('.csv') ? 'kind,kind_vi,kind_en' : '"FeatureCollection"');
        for (const own of [code, story.told, story.contact, story.summary, story.answer, story.reason, story.unit.id]) expect(text, file).not.toContain(own);
      }
    });

    await test.step('the operator sees both, takes the case up again, and closes it for good', async () => {
      await incident.openDone();
      await incident.unfoldTold(1);
      await expect(incident.told).toContainText(t.told.rated(STARS));
      await expect(incident.told).toContainText(`${t.told.reopened}: ${story.reason}`);
      await incident.decide(t.incident.reopen, story.reason, t.incident.reopened(1));
      await incident.close(story.mended);
    });
  });
}
