// One wall screen in Chromium that says when each incident's row was painted.
//
//   node paint.mjs ORIGIN TOKEN
//
// Prints `ready` once the queue follows, then `painted ID UNIX_MS` for each incident, the first time that it is there. Ends
// when its standard input does. The time is taken in the page, in the task after the animation frame that follows on the
// change of the document: that frame's style, layout and paint are done by then.

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const web = fileURLToPath(new URL('../../../web/package.json', import.meta.url));
const { chromium } = createRequire(web)('playwright-core');

const [origin, token] = process.argv.slice(2);
if (token === undefined) throw new Error('usage: node paint.mjs ORIGIN TOKEN');

const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
});
process.stdin.on('end', () => void browser.close().then(() => process.exit(0)));
process.stdin.resume();

const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
await context.addCookies([{ name: 'td_session', value: token, url: origin, httpOnly: true, sameSite: 'Strict' }]);
const page = await context.newPage();
page.on('pageerror', (error) => console.error(`page: ${error.message}`));
await page.exposeFunction('tellPainted', (id, atMs) => console.log(`painted ${id} ${atMs}`));
await page.addInitScript(() => {
  const told = new Set();
  const look = () => {
    const found = [];
    for (const element of document.querySelectorAll('.row .id')) {
      const id = element.textContent.trim();
      if (id !== '' && !told.has(id)) {
        told.add(id);
        found.push(id);
      }
    }
    if (found.length === 0) return;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        const atMs = performance.timeOrigin + performance.now();
        for (const id of found) void window.tellPainted(id, atMs);
      };
      channel.port2.postMessage(null);
    });
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
});
await page.goto(`${origin}/?nomap=1`);
await page.waitForSelector('main, [role=main], .panel, section', { timeout: 30_000 });
await page.waitForTimeout(3_000);
console.log('ready');
