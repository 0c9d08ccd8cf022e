// Every screen under axe in both themes, and the crew's page on a slow phone.
//
//   node look.mjs '{"origin", "admin", "crew", "code", "incident"}' RUNS
//
// `admin` and `crew` are tokens, `code` is that of a citizen's report, `incident` one that is open. Prints `axe {"screen", "theme",
// "violations": […]}` for each screen and theme, then `first {"paintMs", "orderMs", "bytes"}` for each of RUNS first visits to the crew's page
// with CPU and line slowed down, then ends.

import { readdirSync } from 'node:fs';
import { axe, launch, open, say } from './browser.mjs';

const { origin, admin, crew, code, incident } = JSON.parse(process.argv[2] ?? 'null');
const runs = Number(process.argv[3] ?? 5);
/** What WebPageTest and others call slow 3G: 400 kbit/s both ways, 400 ms there and back; and a processor of a quarter of this one's speed. */
const SLOW = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 };
const CPU_SLOWER = 4;
const PHONE = { width: 390, height: 844 };
const SEEN_MS_MAX = 60_000;
/** For everybody: no session. */
const PUBLIC = ['bao-tin', 'theo-doi'];
/** On phones. */
const HELD = [...PUBLIC, 'unit'];

const browser = await launch();
const source = axe();
// Each screen is one HTML entry; who adds one adds it here as well.
const entries = readdirSync(new URL('../../../web/', import.meta.url)).filter((name) => name.endsWith('.html')).map((name) => name.slice(0, -5)).sort();

async function judge(page, screen, theme) {
  await page.evaluate(source);
  const violations = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    return violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.length }));
  });
  say('axe', { screen, theme, violations });
}

for (const entry of entries) {
  for (const theme of ['dark', 'light']) {
    const token = PUBLIC.includes(entry) ? undefined : entry === 'unit' ? crew : admin;
    const page = await open(browser, origin, token, HELD.includes(entry) ? { viewport: PHONE, hasTouch: true } : {});
    const hash = entry === 'theo-doi' ? `#${code}` : '';
    await page.goto(`${origin}/${entry === 'index' ? '' : entry}?theme=${theme}&nomap=1${hash}`, { waitUntil: 'load' });
    await page.locator('main').waitFor({ timeout: SEEN_MS_MAX });
    if (!HELD.includes(entry)) await page.waitForSelector('.line[data-state=live]', { timeout: SEEN_MS_MAX });
    if (entry === 'unit') await page.getByText(incident).first().waitFor({ timeout: SEEN_MS_MAX });
    if (entry === 'theo-doi') await page.locator('main ol li').first().waitFor({ timeout: SEEN_MS_MAX });
    if (entry === 'bao-tin') await page.locator('#commune option').nth(1).waitFor({ state: 'attached', timeout: SEEN_MS_MAX });
    await judge(page, entry, theme);
    if (entry === 'index' || entry === 'dispatch') {
      await page.getByRole('button').filter({ hasText: incident }).or(page.getByRole('listitem').filter({ hasText: incident }).getByRole('button')).first().click();
      if (entry === 'index') await page.getByRole('complementary', { name: incident }).waitFor({ timeout: SEEN_MS_MAX });
      await judge(page, `${entry} with an incident`, theme);
    }
    await page.context().close();
  }
}

for (let run = 0; run < runs; run += 1) {
  // A browser that has never been here.
  const page = await open(browser, origin, crew, { viewport: PHONE, hasTouch: true, isMobile: true });
  const line = await page.context().newCDPSession(page);
  let bytes = 0;
  line.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  await line.send('Network.enable');
  await line.send('Network.emulateNetworkConditions', SLOW);
  await line.send('Emulation.setCPUThrottlingRate', { rate: CPU_SLOWER });
  const from = Date.now();
  await page.goto(`${origin}/unit?theme=light`, { waitUntil: 'commit', timeout: SEEN_MS_MAX });
  await page.getByText(incident).first().waitFor({ timeout: SEEN_MS_MAX });
  const orderMs = Date.now() - from;
  const atOrder = bytes;
  const paintMs = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
  say('first', { paintMs, orderMs, bytes: atOrder });
  await page.context().close();
}
await browser.close();
process.exit(0);
