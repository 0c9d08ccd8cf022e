// What an operations team does at the drill's page, and what every screen says meanwhile.
import type { Browser, Locator, Page, TestInfo } from '@playwright/test';
import type { Facts } from './cluster';
import { crewPhone, MOVED_MS_MAX, screenIn, sit } from './people';
import { expect, witness } from './witness';
import { begins, literally, wordsIn, type Language, type Words } from './words';

/** Who may start drills. */
export const ADMIN = 'quan-tri';
const OPERATOR = 'truc-ban';
const CREW = 'to-unit-001';
const NODES = 3;
/** A fault may be open for so long after its end: recovery is measured, then the drill is closed. */
export const CLOSED_MS_MAX = 150_000;
/** A drill that was asked for is shown by then. */
const ASKED_MS_MAX = 10_000;
/** Promises of each scenario. */
const PROMISES = { 'node-lost': 5, 'leader-lost': 6 } as const;
type Played = keyof typeof PROMISES;

/** The node that comes so many later, as if they stood in a ring. */
export const after = (node: number, by: number) => ((node - 1 + by) % NODES) + 1;
/** The pattern of words with one number in them. */
export const numbered = (text: string, number: string) => new RegExp(literally(text).replace('#', number));

/** The people of a drill. */
export interface Seats {
  admin: Page;
  wall: Page;
  phone: Page;
  words: Words;
}

/** An administrator at a node that nothing happens to, a wall at the one that suffers, a crew's phone at the third. */
export async function seats(browser: Browser, cluster: Facts, suffers: number, language: Language, by = { who: ADMIN, screen: '/drill' }): Promise<Seats> {
  const admin = await sit(browser, cluster, after(suffers, 1), screenIn(language, by.screen), by.who);
  const wall = await sit(browser, cluster, suffers, screenIn(language, '/'), OPERATOR);
  const { page: phone } = await crewPhone(browser, cluster, after(suffers, 2), CREW, language);
  return { admin, wall, phone, words: wordsIn(language) };
}

/** The page has heard of every node, and nothing is to be done about any. */
export async function isWell(form: Locator): Promise<void> {
  await expect(form.getByRole('checkbox')).toHaveCount(NODES, { timeout: MOVED_MS_MAX });
  await expect(form.getByRole('alert')).toHaveCount(0, { timeout: CLOSED_MS_MAX });
}

/** Chooses a drill and begins it; its number, and where its course is shown. */
export async function begin({ admin, words: { t } }: Seats, scenario: Played, suffers: number, seconds: number): Promise<{ number: string; course: Locator }> {
  const form = admin.getByRole('form', { name: t.drill.start, exact: true });
  const button = form.getByRole('button', { name: t.drill.begin, exact: true });
  await isWell(form);
  await form.getByRole('combobox', { name: t.drill.what, exact: true }).selectOption(scenario);
  await form.getByRole('combobox', { name: t.drill.howLong, exact: true }).selectOption(String(seconds));
  const radius = form.getByRole('checkbox', { name: begins(t.drill.nodes(String(suffers))) });
  if (scenario === 'node-lost') {
    await expect(button).toBeDisabled();
    await radius.check();
    // Two of three would take the majority.
    const other = form.getByRole('checkbox', { name: begins(t.drill.nodes(String(after(suffers, 1)))) });
    await other.check();
    await expect(button).toBeDisabled();
    await other.uncheck();
  } else {
    await expect(radius).toHaveCount(0);
  }
  // It is armed by the name of the node that is to break, and by no other. Who leads may move while somebody types; the page says who it is now.
  const says = form.locator('label').filter({ hasText: numbered(t.drill.arm(t.drill.nodes('#')), '\\d+') });
  const arm = async () => {
    const breaks = Number(/\d+/.exec((await says.textContent({ timeout: ASKED_MS_MAX })) ?? '')?.[0]);
    if (scenario === 'node-lost') expect(breaks).toBe(suffers);
    await says.getByRole('textbox').fill(t.drill.nodes(String(after(breaks, 1))), { timeout: ASKED_MS_MAX });
    await expect(button).toBeDisabled({ timeout: ASKED_MS_MAX });
    await says.getByRole('textbox').fill(t.drill.nodes(String(breaks)), { timeout: ASKED_MS_MAX });
    await expect(button).toBeEnabled({ timeout: ASKED_MS_MAX });
  };
  await expect(arm).toPass({ timeout: MOVED_MS_MAX });
  await form.getByRole('textbox', { name: t.drill.purpose, exact: true }).fill('e2e');
  const course = admin.getByRole('region', { name: t.drill.course, exact: true });
  // A node that was away a moment ago may be well before the log counts it: then it is asked once more.
  const begun = async () => {
    if (!(await course.isVisible())) await button.click({ timeout: ASKED_MS_MAX });
    await expect(course).toBeVisible({ timeout: ASKED_MS_MAX });
  };
  await expect(begun).toPass({ timeout: MOVED_MS_MAX });
  await expect(course.getByRole('heading')).toContainText(t.drill.scenario[scenario]);
  const number = /\d+/.exec((await course.getByRole('heading').textContent()) ?? '')?.[0] ?? '';
  return { number, course };
}

/** The mark of a drill on any screen. */
export const band = (page: Page, { t }: Words, number: string) => page.getByRole('status').filter({ hasText: t.drill.band(number) });

/** What an administrator sees while it goes on. */
export async function isLive(course: Locator, { t }: Words, suffers: number): Promise<void> {
  await expect(course.page().getByRole('timer')).toHaveText(numbered(t.drill.left('#'), '\\d+'));
  for (const name of Object.values(t.drill.measure)) {
    const plot = course.getByRole('figure').filter({ hasText: name });
    await expect(plot).toContainText(/\d/);
    await expect(plot.locator('path')).toHaveAttribute('d', /^M/, { timeout: MOVED_MS_MAX });
  }
  const row = course.getByRole('row', { name: begins(`${t.drill.nodes(String(suffers))} · ${t.drill.suffers}`) });
  await expect(row).toContainText(t.drill.silentNode, { timeout: MOVED_MS_MAX });
}

/** The drill is closed with that end; its report is opened, and says of each promise whether it was kept. */
export async function isReported({ admin, wall, phone, words }: Seats, scenario: Played, number: string, end: string, info: TestInfo): Promise<void> {
  const { t } = words;
  const past = admin.getByRole('region', { name: t.drill.past, exact: true });
  const link = admin.getByRole('link', { name: t.drill.openReport(number), exact: true });
  const row = past.getByRole('row').filter({ has: link });
  await expect(row).toContainText(` · ${end}`, { timeout: CLOSED_MS_MAX });
  for (const page of [admin, wall, phone]) await expect(band(page, words, number)).toHaveCount(0, { timeout: MOVED_MS_MAX });

  const [report] = await Promise.all([admin.context().waitForEvent('page'), link.click()]);
  witness(report, `report ${number}`);
  await report.waitForLoadState();
  // The page is in both languages, Vietnamese first.
  await expect(report.getByRole('heading', { level: 1 })).toHaveText(wordsIn('vi').t.drill.scenario[scenario]);
  const promises = report.locator('h2').filter({ hasText: 'Promises' }).locator('xpath=following-sibling::table[1]');
  await expect(promises.locator('td.kept, td.broken')).toHaveCount(PROMISES[scenario]);
  const isPassed = (await promises.locator('td.broken').count()) === 0;
  await expect(report.locator('p > strong')).toHaveText(wordsIn('vi').t.drill.phase[isPassed ? 'passed' : 'failed']);
  await expect(row).toContainText(t.drill.phase[isPassed ? 'passed' : 'failed']);
  // The page says the same, and what came to this screen meanwhile.
  const result = admin.getByRole('region', { name: t.drill.result(number), exact: true });
  await expect(result.getByRole('row')).toHaveCount(PROMISES[scenario] + 1);
  await expect(result.locator('dl > div').filter({ hasText: t.drill.lost }).locator('dd')).toHaveText('0');
  await expect(result).toContainText(t.drill.whole);
  await report.screenshot({ path: info.outputPath(`report-${scenario}.png`), fullPage: true });
  await report.close();
}
