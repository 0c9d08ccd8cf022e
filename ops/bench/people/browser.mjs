// What the scripted people share: one browser, a signed-in page, the orders on standard input, and the time at which a change was painted.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const need = createRequire(new URL('../../../web/package.json', import.meta.url));
const { chromium } = need('playwright-core');

/** axe-core as a page runs it. */
export const axe = () => readFileSync(need.resolve('axe-core/axe.min.js'), 'utf8');

/** The distribution's own browser, without what reaches out of the machine by itself. */
export const launch = () =>
  chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      // Several pages are looked at at once: none is in the background.
      '--disable-renderer-backgrounding', '--disable-background-timer-throttling', '--disable-backgrounding-occluded-windows',
    ],
  });

/** A page of whoever has this token (none: of the public), in a browser context of its own. */
export async function open(browser, origin, token, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1600, height: 900 }, reducedMotion: 'reduce', ...options });
  if (token !== undefined) await context.addCookies([{ name: 'td_session', value: token, url: origin, httpOnly: true, sameSite: 'Strict' }]);
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(`page: ${error.message}`));
  return page;
}

/** A screen that follows the cluster. */
export async function screen(browser, origin, token, path, before = () => {}) {
  const page = await open(browser, origin, token);
  await before(page);
  await page.goto(`${origin}${path}`);
  await page.waitForSelector('.line[data-state=live]', { timeout: 60_000 });
  return page;
}

/** What the benchmark orders, a line each, until it closes the input. */
export const orders = () => createInterface({ input: process.stdin });

/** Says something to the benchmark. */
export const say = (word, more = '') => console.log(more === '' ? word : `${word} ${typeof more === 'string' ? more : JSON.stringify(more)}`);

/** Put into a page: `afterPaint(told)` calls back with the time in the task after the animation frame that follows, Unix milliseconds. */
export const afterPaint = () => {
  window.afterPaint = (told) =>
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => told(performance.timeOrigin + performance.now());
      channel.port2.postMessage(null);
    });
};
