// What the tests of the wall share.
import { expect, type Locator, type Page } from '@playwright/test';

/** Groups of a cluster, each of which sends its snapshot. */
export const GROUPS = 9;

/** Signs in at the fake node and waits until everything is there. */
export async function enter(page: Page, query = '?nomap=1', person = 'hoa'): Promise<void> {
  await page.goto(`/${query}`);
  await signIn(page, person, 'trongdong');
  await expect(page.getByRole('region', { name: /Hàng đợi sự cố|Incident queue/ }).getByRole('listitem').first()).toBeVisible();
  await expect.poll(() => page.evaluate(() => window.__stats?.snapshots)).toBe(GROUPS);
}

/** Signs in at another screen than the wall and waits until everything is there. */
export async function enterAt(page: Page, address: string, person = 'hoa'): Promise<void> {
  await page.goto(address);
  await signIn(page, person, 'trongdong');
  await expect.poll(() => page.evaluate(() => window.__stats?.snapshots), { timeout: 30_000 }).toBe(GROUPS);
}

/** The dispatcher's board. */
export const board = (page: Page, query = '') => enterAt(page, `/dispatch${query}`, 'dung');

/** A crew's page, on a phone. */
export async function crew(page: Page, query = ''): Promise<void> {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`/unit${query}`);
  await signIn(page, 'rin', 'trongdong');
  await expect(page.getByRole('heading', { name: 'XCC-03' })).toBeVisible();
}

/** What the phone keeps of the taps, as the disk has it. */
export const outbox = (page: Page) =>
  page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) => new Promise<T>((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
    const database = await done(indexedDB.open('trongdong', 1));
    const kept = await done(database.transaction('kept').objectStore('kept').get('trongdong.outbox') as IDBRequest<string | undefined>);
    database.close();
    return JSON.parse(kept ?? '[]') as { tappedAtMs: number; state: string; status: string }[];
  });

/** The agent's drafts as this machine's disk has them: what was written, by call. */
export const draftsOnDisk = (page: Page) =>
  page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) => new Promise<T>((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
    const database = await done(indexedDB.open('trongdong', 1));
    const range = IDBKeyRange.bound('trongdong.draft/', 'trongdong.draft/\uffff');
    const kept = await done(database.transaction('kept').objectStore('kept').getAll(range) as IDBRequest<string[]>);
    database.close();
    const drafts = kept.map((text) => (JSON.parse(text) as { draft: { call: string; text: string; kind?: string } }).draft);
    return Object.fromEntries(drafts.map((draft) => [draft.call, draft]));
  });

/** The machine's disk and memory of drafts are gone. */
export const forgetDrafts = (page: Page) =>
  page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) => new Promise<T>((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
    for (const key of Object.keys(localStorage)) if (/^trongdong\.(draft\/|console$)/.test(key)) localStorage.removeItem(key);
    const database = await done(indexedDB.open('trongdong', 1));
    await done(database.transaction('kept', 'readwrite').objectStore('kept').clear());
    database.close();
  });

/** Fills in the login form. */
export async function signIn(page: Page, person: string, password: string): Promise<void> {
  await page.locator('input[name=person]').fill(person);
  await page.locator('input[name=password]').fill(password);
  await page.keyboard.press('Enter');
}

let taken = Date.now() * 1_000;
/**
 * A number for a command that a test gives beside its screens. The fake node answers a number that it knows as it did before, so each is
 * taken once: by no other command of the same millisecond, and not again where the test is tried again.
 */
export const freshSeq = () => String((taken += 1));

export const fake = (page: Page, command: string) => page.request.get(`/fake/${command}`);
export const queue = (page: Page) => page.getByRole('region', { name: /^(Hàng đợi sự cố|Incident queue)$/ });
/** The first row of the queue with this text. */
export const row = (page: Page, text: string) => queue(page).getByRole('listitem').filter({ hasText: text });
/** The row of the incident with this text, wherever it stands: the queue shows as many as fit, and the rest when they are asked for. */
export async function rowOf(page: Page, text: string | RegExp): Promise<Locator> {
  const wanted = queue(page).getByRole('listitem').filter({ hasText: text });
  const more = queue(page).getByRole('button', { name: /sự cố phía dưới|incidents below/ });
  // Of a list that is unfolded nothing is below: it may be on its way.
  await expect(wanted.or(more).first()).toBeVisible();
  if (!(await wanted.first().isVisible())) await more.click();
  return wanted.first();
}
/** Opens the file of the incident with this text. */
export async function open(page: Page, text: string | RegExp): Promise<void> {
  await (await rowOf(page, text)).getByRole('button').first().click();
}
/** The same by its number. */
export async function turnTo(page: Page, id: string): Promise<void> {
  await open(page, id);
  await expect(file(page, id)).toBeVisible();
}
export const panel = (page: Page, name: string | RegExp) => page.getByRole('region', { name });
export const alarms = (page: Page) => page.getByRole('region', { name: 'Cảnh báo', exact: true });
export const file = (page: Page, id: string) => page.getByRole('complementary', { name: id });
export const timeline = (page: Page, id: string) => file(page, id).getByRole('list', { name: 'Diễn biến' });
