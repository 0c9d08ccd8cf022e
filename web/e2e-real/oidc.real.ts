// Signing in by the word of a provider that others wrote, in both languages: over TLS that only the operator's `ca_file` vouches for, with PKCE, from
// its own form to the right person's desk and out again. Whoever is nobody here, turns back there, or comes a second time with what was used is told
// so on a page and is not let in.
import type { Browser, Page } from '@playwright/test';
import { join } from 'node:path';
import { facts, leaderOf, type Facts } from './cluster';
import { MOVED_MS_MAX, screenIn } from './people';
import { hasOpenssl, Provider, PROVIDER } from './provider';
import { expect, test, witness } from './witness';
import { LANGUAGES, wordsIn, type Language } from './words';

/** Where people sign in, another one that knows the provider as well, and one whose operator trusts the wrong authority for it. */
const HERE = 1;
const OTHER = 2;
const MISTAKEN = 3;
const PASSAGE = 'td_oidc';
const SESSION = 'td_session';
const RESTARTS_MS_MAX = 300_000;
/** The provider's form asks for a typeface that is not on this machine. */
const OUTSIDE = /^https:\/\/fonts\./;

const STORIES: Readonly<Record<Language, { login: string; person: string; name: string }>> = {
  vi: { login: 'khoa', person: 'tong-dai', name: 'Trần Văn Khoa (tổng đài)' },
  en: { login: 'mai', person: 'dtv-1', name: 'Vũ Thị Mai (điện thoại viên)' },
};

let provider: Provider | undefined;

test.beforeAll(async () => {
  test.setTimeout(RESTARTS_MS_MAX);
  expect(hasOpenssl, 'openssl is not there: apt-get install openssl').toBe(true);
  const cluster = facts();
  provider = await Provider.open(cluster);
  for (const node of [HERE, OTHER]) await provider.introduce(cluster, node);
  await provider.introduce(cluster, MISTAKEN, join(cluster.folder, `node-${MISTAKEN}`, 'certificates', 'ca.pem'));
  // While nobody leads nobody can be let in, whoever vouches.
  await leaderOf(cluster);
});

test.afterAll(async () => {
  test.setTimeout(RESTARTS_MS_MAX);
  await provider?.close(facts());
});

/** A browser of somebody's own before the door of a node. Its operating system trusts the provider; the node has only its `ca_file`. */
async function atDoor(browser: Browser, { urls }: Facts, node: number, screen: string): Promise<Page> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  await context.route(OUTSIDE, (route) => route.abort());
  const page = witness(await context.newPage(), `door of node ${node}`);
  await page.goto(`${urls[node - 1]}${screen}`);
  return page;
}

const cookieOf = async (page: Page, name: string) => (await page.context().cookies()).find((cookie) => cookie.name === name);

for (const language of LANGUAGES) {
  test(`whoever another provider vouches for is let in as who they are here, and nobody else is (${language})`, async ({ browser }, info) => {
    test.setTimeout(240_000);
    const op = provider;
    if (op === undefined) throw new Error('there is no provider');
    const { t } = wordsIn(language);
    const { with: by, why } = t.admin.signIn;
    const { login, person, name } = STORIES[language];
    const cluster = facts();
    const [here = '', other = ''] = cluster.urls;
    const screen = screenIn(language, '/console');
    const leave = (page: Page) => page.getByRole('link', { name: by(PROVIDER), exact: true }).click();
    const isRefused = async (page: Page, reason: string) => {
      await expect(page.getByRole('alert')).toHaveText(why[reason] ?? '');
      await expect(page.locator('input[name=person]')).toBeVisible();
      expect(await cookieOf(page, SESSION)).toBeUndefined();
    };
    const statusOf = async (session: string) => (await fetch(`${here}/api/session`, { headers: { cookie: `${SESSION}=${session}` } })).status;

    const page = await atDoor(browser, cluster, HERE, screen);
    const [callback, carried] = await test.step('the provider’s form leads to the desk of whom it names', async () => {
      await leave(page);
      await expect(page.locator('input[name=login]')).toBeVisible();
      const carried = await cookieOf(page, PASSAGE);
      if (carried === undefined) throw new Error('the browser carries nothing to the provider');
      const [came] = await Promise.all([
        page.waitForRequest((request) => request.url().startsWith(`${here}/api/oidc/callback?`)),
        op.signIn(page, login),
      ]);
      await expect(page.getByRole('button', { name: `${t.login.logout}: ${name}`, exact: true })).toBeVisible({ timeout: MOVED_MS_MAX });
      await expect(page).toHaveURL(`${here}${screen}`);
      const session = (await (await page.request.get(`${here}/api/session`)).json()) as { person: string; role: string };
      expect([session.person, session.role]).toEqual([person, 'agent']);
      expect(await cookieOf(page, PASSAGE), 'what was carried there is taken away').toBeUndefined();
      await page.screenshot({ path: info.outputPath('at-the-desk.png') });
      return [came.url(), carried] as const;
    });

    await test.step('whoever signs out is out, and so is their session', async () => {
      const session = (await cookieOf(page, SESSION))?.value ?? '';
      expect(await statusOf(session)).toBe(200);
      await page.getByRole('button', { name: `${t.login.logout}: ${name}`, exact: true }).click();
      await expect(page.locator('input[name=person]')).toBeVisible();
      await expect.poll(() => statusOf(session)).toBe(401);
    });

    await test.step('what came back once lets nobody in again: not here, and not at a node that has not seen it', async () => {
      await page.context().addCookies([carried]);
      await page.goto(callback);
      await isRefused(page, 'expired');
      // That node cannot know: it is the provider that takes no code twice.
      await page.context().addCookies([carried]);
      await page.goto(callback.replace(here, other));
      await isRefused(page, 'denied');
      await page.screenshot({ path: info.outputPath('replayed.png') });
    });

    await test.step('who is nobody here, and who only says that an address is theirs, is told so', async () => {
      for (const nobody of ['stranger', 'pretender']) {
        const page = await atDoor(browser, cluster, HERE, screen);
        await leave(page);
        await op.signIn(page, nobody);
        await isRefused(page, 'unknown');
        await page.screenshot({ path: info.outputPath(`${nobody}.png`) });
        await page.context().close();
      }
    });

    await test.step('who turns back at the provider is back at the door', async () => {
      const page = await atDoor(browser, cluster, HERE, screen);
      await leave(page);
      await op.turnBack(page);
      await isRefused(page, 'denied');
      await page.context().close();
    });

    await test.step('a node whose operator trusts another authority sends nobody there', async () => {
      const page = await atDoor(browser, cluster, MISTAKEN, screen);
      await leave(page);
      await isRefused(page, 'unavailable');
      expect(new URL(page.url()).origin).toBe(cluster.urls[MISTAKEN - 1]);
      await page.context().close();
    });
  });
}
