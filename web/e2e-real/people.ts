// People of the tests at their screens, each in a browser of their own; whatever they wait for is something that they see.
import { expect, type Browser, type BrowserContext, type Locator, type Page } from '@playwright/test';
import { signIn } from '../tests/page';
import type { Facts } from './cluster';
import { logIn, read } from './device';
import { witness } from './witness';
import { wordsIn, type Language } from './words';

/** A lead moves, and screens with it. */
export const MOVED_MS_MAX = 60_000;
/** A tap can be taken back for five seconds before it goes, and the page asks every four. */
export const TAPPED_MS_MAX = 30_000;
/** Who was let in sees the screen by then. */
const ENTERED_MS_MAX = 15_000;
/** A phone, held upright. */
const PHONE = { width: 390, height: 844 };
/** Something is pressed again so often because the incident changed while it was looked at. */
const PRESSES_MAX = 6;

/** A screen without its map, in a language. */
export const screenIn = (language: Language, path: string): string => `${path}?nomap=1&lang=${language}`;

/** Opens a screen at a node (from 1 on) and signs in. */
export async function sit(browser: Browser, { urls, password }: Facts, node: number, screen: string, person: string): Promise<Page> {
  const page = witness(await (await browser.newContext()).newPage(), `${person} ${screen.split('?')[0]}`);
  // What blinks would be dim in some pictures.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto(`${urls[node - 1]}${screen}`);
  await enter(page, person, password, page.locator('.line[data-state=live]'));
  return page;
}

/** Signs in until the screen is there: while a lead moves nobody can be let in, the page says so, and a person tries again. */
async function enter(page: Page, person: string, password: string, there: Locator): Promise<void> {
  const form = page.locator('input[name=person]');
  await expect(form.or(there).first()).toBeVisible();
  const entered = async () => {
    if (await form.isVisible()) await signIn(page, person, password);
    await expect(there).toBeVisible({ timeout: ENTERED_MS_MAX });
  };
  await expect(entered).toPass({ timeout: MOVED_MS_MAX });
}

/** A page on a phone at a node, and the phone, whose line can be cut. */
export async function onPhone(browser: Browser, { urls }: Facts, node: number, screen: string): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ viewport: PHONE, hasTouch: true });
  const page = witness(await context.newPage(), `phone ${screen.split(/[?#]/)[0]}`);
  await page.goto(`${urls[node - 1]}${screen}`);
  return { context, page };
}

/** A crew's page on a phone, signed in. */
export async function crewPhone(browser: Browser, cluster: Facts, node: number, person: string, language: Language): Promise<{ context: BrowserContext; page: Page }> {
  const phone = await onPhone(browser, cluster, node, `/unit?lang=${language}`);
  await enter(phone.page, person, cluster.password, phone.page.getByText(wordsIn(language).t.dispatch.crew.noOrder, { exact: true }));
  // The page's own files are on the phone before the first tunnel.
  await phone.page.evaluate(async () => void (await navigator.serviceWorker.ready));
  return phone;
}

/**
 * Sends, by whatever `press` does, until `sent` is seen. What a model says of the incident may come in between: then the list is worked out
 * anew, or the cluster refuses what was decided on the older version, and a person presses once more.
 */
export async function send(list: Locator, press: () => Promise<void>, sent: Locator, notYet: Locator): Promise<void> {
  for (let presses = 0; presses < PRESSES_MAX; presses += 1) {
    await expect(list.locator('.outdated')).toHaveCount(0);
    await expect(list.getByRole('listitem').first()).toBeVisible();
    if (await sent.isVisible()) return;
    await press();
    await expect(sent.or(notYet).first()).toBeVisible({ timeout: MOVED_MS_MAX });
    if (await sent.isVisible()) return;
  }
  await expect(sent).toBeVisible();
}

/**
 * Presses until `done` is seen. A command that was decided on an older version than the incident has by now is refused: a person looks, and
 * presses once more.
 */
export async function pressUntil(press: () => Promise<void>, done: Locator, refused: Locator): Promise<void> {
  for (let presses = 0; presses < PRESSES_MAX; presses += 1) {
    await press();
    await expect(done.or(refused).first()).toBeVisible({ timeout: MOVED_MS_MAX });
    if (await done.isVisible()) return;
  }
  await expect(done).toBeVisible({ timeout: MOVED_MS_MAX });
}

/** On the page for citizens: the value of the commune of that name, once the list is there. */
export async function communeOption(page: Page, name: string): Promise<string> {
  const option = page.locator('#commune option').filter({ hasText: name }).first();
  await expect(option).toBeAttached();
  return (await option.getAttribute('value')) ?? '';
}

/** A photograph, as a phone would make one: drawn by the page's own browser. */
export async function jpegOf(page: Page): Promise<Buffer> {
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

/** One thing that a crew said, as the centre has it: when it was tapped, when it came. */
export interface Step {
  status: string;
  tapped_at_ms: number;
  received_at_ms: number;
}

/** What the cluster has of a unit's assignment, asked of any node that answers. */
export async function stepsOf(cluster: Facts, unit: string): Promise<Step[]> {
  const { cookie } = await logIn(cluster);
  const { items } = await read<{ items: { id: string; duty: { assignment: { steps: Step[] } | null } }[] }>(cluster, '/api/units', cookie);
  return items.find(({ id }) => id === unit)?.duty.assignment?.steps ?? [];
}
