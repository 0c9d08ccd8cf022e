// From a citizen's report to a rated case that is opened again, in English: the citizen's line is cut while they send, the node that leads is
// killed, a dispatcher sends a crew, and the sender says that it is not done.
import { expect, test, type Page } from '@playwright/test';
import { file } from '../tests/page';
import { facts, killNode, leaderOf, startNode } from './cluster';
import { crewPhone, MOVED_MS_MAX, onPhone, send, sit, TAPPED_MS_MAX } from './people';

const OPERATOR = 'truc-ban';
const DISPATCHER = 'dieu-phoi';
const CREW = 'to-unit-002';
const UNIT = 'Xe cứu thương 115 01';
/** The ward where that unit is stationed. */
const WARD = { name: 'Bắc Kạn', find: 'bac kan' };
const TOLD = 'An old man has fallen on the steps of the market and cannot get up';
const SUMMARY = 'Fall at the market, reported by a citizen';
const ANSWER = 'The ambulance took him to hospital; his family knows.';
const REASON = 'The broken step is still there.';
const NODES = 3;

test('a report is told on a cut line, gathered, dispatched, answered, rated, and opened again by its sender', async ({ browser }, info) => {
  test.setTimeout(300_000);
  const cluster = facts();
  const gone = await leaderOf(cluster);
  // The citizen's page knows one node only: another than the one that dies.
  const stays = (gone % NODES) + 1;
  const citizen = await onPhone(browser, cluster, stays, '/bao-tin?lang=en');
  let code = '';

  await test.step('the citizen writes, adds a photograph if the page takes one, and sends into a cut line', async () => {
    const { page, context } = citizen;
    await page.getByLabel('What is happening?').fill(TOLD);
    await page.getByLabel('Commune or ward', { exact: true }).selectOption(await optionOf(page, WARD.name));
    await page.getByLabel('Your telephone number').fill('0905 000 123');
    const photo = page.locator('input[type=file]');
    if ((await photo.count()) > 0) await photo.first().setInputFiles({ name: 'steps.jpg', mimeType: 'image/jpeg', buffer: await jpegOf(page) });
    else info.annotations.push({ type: 'skipped', description: 'the page takes no photographs' });
    await context.setOffline(true);
    await page.getByRole('button', { name: 'Send the report' }).click();
    await expect(page.getByText('NOT sent yet')).toBeVisible();
  });

  await test.step('the node that leads is killed; the report goes out once when the line is back', async () => {
    await killNode(cluster, gone);
    await leaderOf(cluster, gone);
    await citizen.context.setOffline(false);
    await expect(citizen.page.getByText('The centre has it')).toBeVisible({ timeout: MOVED_MS_MAX });
    code = (await citizen.page.locator('.code').textContent())?.trim() ?? '';
    expect(code).toMatch(/^\w{5}-\w{5}-\w{5}$/);
    await startNode(cluster, gone);
  });

  const wall = await sit(browser, cluster, stays, '/?nomap=1&lang=en', OPERATOR);
  const queue = wall.getByRole('region', { name: 'Incident queue' });
  const rows = queue.getByRole('listitem');
  const told = (id: string) => file(wall, id).getByRole('list', { name: 'Told by citizens' });
  const untouched = wall.getByRole('region', { name: 'Reports waiting' });
  let id = '';
  await test.step('what came stands over the wall until somebody deals with it', async () => {
    await expect(untouched).toContainText('reports waiting', { timeout: MOVED_MS_MAX });
    await wall.keyboard.press('Alt+b');
    await expect(untouched.getByRole('listitem').filter({ hasText: code })).toContainText(TOLD);
    await wall.keyboard.press('Escape');
  });

  await test.step('an operator opens an incident and gathers the report in it', async () => {
    await wall.keyboard.press('F8');
    const dialog = wall.getByRole('dialog');
    await dialog.getByLabel('Summary').fill(SUMMARY);
    await dialog.getByLabel('Kind', { exact: true }).selectOption('medical');
    await dialog.getByLabel('Find', { exact: true }).fill(WARD.find);
    await dialog.getByLabel('High', { exact: true }).check();
    await dialog.getByRole('button', { name: 'Open incident' }).click();
    id = ((await rows.filter({ hasText: SUMMARY }).locator('.id').textContent()) ?? '').trim();
    await expect(file(wall, id)).toBeVisible();
    await file(wall, id).getByText(/Told by citizens · 0/).click();
    const waiting = told(id).getByRole('listitem').filter({ hasText: TOLD });
    await waiting.getByRole('button', { name: 'Gather here' }).click();
    await expect(file(wall, id).getByText(/Told by citizens · 1/)).toBeVisible({ timeout: MOVED_MS_MAX });
    await wall.screenshot({ path: info.outputPath('gathered.png') });
  });

  await test.step('a dispatcher sends the ambulance; its crew goes, arrives and is done', async () => {
    const crew = await crewPhone(browser, cluster, stays, CREW, 'en');
    const board = await sit(browser, cluster, gone, '/dispatch?lang=en', DISPATCHER);
    await board.getByRole('region', { name: 'Open incidents' }).getByRole('button').filter({ hasText: id }).click();
    const list = board.getByRole('region', { name: `Whom to send · ${id}` });
    const unit = list.getByRole('listitem').filter({ hasText: UNIT });
    const offered = crew.page.getByRole('region', { name: 'Task' }).filter({ hasText: id });
    const sent = list.getByText(/Committed/).or(offered);
    await send(list, () => unit.getByRole('button', { name: /^Send/ }).click(), sent.first(), list.getByText(/Refused|Not sent/));
    await expect(offered).toContainText(SUMMARY, { timeout: TAPPED_MS_MAX });
    for (const tap of ['ACCEPT', 'ON OUR WAY', 'ON SCENE', 'CLEARED']) {
      await crew.page.getByRole('button', { name: tap, exact: true }).click();
    }
    await expect(crew.page.getByText('wait to be sent')).toHaveCount(0, { timeout: MOVED_MS_MAX });
    await expect(crew.page.getByText('No order.')).toBeVisible({ timeout: TAPPED_MS_MAX });
    for (const page of [board, crew.page]) await page.context().close();
  });

  await test.step('the sender is answered, and the case is closed', async () => {
    await told(id).getByRole('button', { name: 'Answer / Take out' }).click();
    await told(id).getByLabel('The answer, or why it is taken out').fill(ANSWER);
    await told(id).getByRole('button', { name: 'Answer', exact: true }).click();
    await expect(told(id)).toContainText('Answered');
    await file(wall, id).getByLabel('Note', { exact: true }).fill('Taken to hospital');
    await file(wall, id).getByRole('button', { name: 'Close', exact: true }).and(file(wall, id).locator('.act')).click();
    await expect(file(wall, id).locator('.file-head')).toContainText('Closed', { timeout: MOVED_MS_MAX });
  });

  await test.step('the sender reads the answer, rates it, and opens it again', async () => {
    const { page } = citizen;
    await page.getByRole('link', { name: 'Follow this report' }).click();
    await expect(page).toHaveURL(new RegExp(`/theo-doi#${code}$`));
    const card = page.getByRole('region', { name: /^Status/ });
    await expect(card).toContainText(ANSWER);
    await page.getByRole('radio', { name: '4 Good' }).check();
    await page.getByRole('button', { name: 'Send the rating' }).click();
    await expect(page.getByText('You rated it 4/5.')).toBeVisible();
    await page.screenshot({ path: info.outputPath('rated.png') });
    await page.getByText('Not done? Open it again', { exact: true }).click();
    await page.getByLabel('What is not done?').fill(REASON);
    await page.getByRole('button', { name: 'Open it again', exact: true }).click();
    await expect(card).toContainText(REASON);
    await expect(page.getByRole('button', { name: 'Send the rating' })).toHaveCount(0);
  });

  await test.step('the operator sees both, takes the case up again, and closes it for good', async () => {
    await wall.keyboard.press('Escape');
    await queue.getByRole('button', { name: /^Done/ }).click();
    await rows.filter({ hasText: id }).getByRole('button').first().click();
    await file(wall, id).getByText(/Told by citizens · 1/).click();
    await expect(told(id)).toContainText('The sender rated it 4/5');
    await expect(told(id)).toContainText(`The sender opened it again: ${REASON}`);
    await file(wall, id).getByLabel('Note', { exact: true }).fill(REASON);
    await file(wall, id).getByRole('button', { name: 'Reopen' }).click();
    await expect(file(wall, id).locator('.file-head')).toContainText('reopened 1 times', { timeout: MOVED_MS_MAX });
    await file(wall, id).getByLabel('Note', { exact: true }).fill('The step was mended');
    await file(wall, id).getByRole('button', { name: 'Close', exact: true }).and(file(wall, id).locator('.act')).click();
    await expect(file(wall, id).locator('.file-head')).toContainText('Closed', { timeout: MOVED_MS_MAX });
  });
  for (const page of [wall, citizen.page]) await page.context().close();
});

/** The value of the commune of that name, once the list is there. */
async function optionOf(page: Page, name: string): Promise<string> {
  const option = page.locator('#commune option').filter({ hasText: name }).first();
  await expect(option).toBeAttached();
  return (await option.getAttribute('value')) ?? '';
}

/** A photograph, as a phone would make one: drawn by the page's own browser. */
async function jpegOf(page: Page): Promise<Buffer> {
  const address = await page.evaluate(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 });
    const pen = canvas.getContext('2d')!;
    pen.fillStyle = '#888';
    pen.fillRect(0, 0, 320, 240);
    pen.fillStyle = '#c00';
    pen.fillRect(40, 60, 120, 80);
    return canvas.toDataURL('image/jpeg', 0.8);
  });
  return Buffer.from(address.slice(address.indexOf(',') + 1), 'base64');
}
