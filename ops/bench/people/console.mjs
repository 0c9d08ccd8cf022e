// A scripted agent at the console: looks at what pops up, and plays whole calls by the keyboard.
//
//   node console.mjs ORIGIN TOKEN
//
// Prints `ready` once the agent takes calls. Orders on standard input, one at a time:
//   pop                        waits for the next pop; prints `pop {"call", "shownMs", "wholeMs"}`, from the ring's stamp to the painted pop
//   take {"text", "place"}     answers what rings, writes that, saves and sends; prints `answered` on the way and `took {…}` at the end,
//                              then hangs up, ends the wrap-up and prints `free`
// Keys and presses are counted in the page. Waits are for what an agent looks at, and are told one by one.

import { launch, orders, say, screen } from './browser.mjs';

const [origin, token] = process.argv.slice(2);
if (token === undefined) throw new Error('usage: node console.mjs ORIGIN TOKEN');

/** A suggestion of a place that has not come by then does not come. */
const SUGGESTED_MS_MAX = 1_500;
/** Sending is pressed again so often because the incident changed while its list was looked at. */
const SENDS_MAX = 6;
/** Nothing that an agent waits for takes longer, a change of the lead included. */
const SEEN_MS_MAX = 60_000;

const browser = await launch();
const page = await screen(browser, origin, token, '/console?nomap=1&theme=dark&lang=vi', (page) =>
  page.addInitScript(() => {
    window.__hands = { keys: 0, clicks: 0 };
    addEventListener('keydown', ({ key }) => ['Shift', 'Control', 'Alt'].includes(key) || (window.__hands.keys += 1), true);
    addEventListener('pointerdown', () => (window.__hands.clicks += 1), true);
  }),
);
page.setDefaultTimeout(SEEN_MS_MAX);
const bar = page.getByRole('region', { name: 'Cuộc gọi', exact: true });
const form = page.getByRole('region', { name: /^Phiếu/ });
const list = page.getByRole('region', { name: /^Điều lực lượng · I/ });
const suggested = page.getByRole('status', { name: 'Gợi ý', exact: true }).locator('.one');
const state = (name) => bar.locator(`.state.${name}`);
const press = (key) => page.keyboard.press(key);
const see = (locator) => locator.first().waitFor();

await bar.locator('.state').waitFor();
if (!(await state('available').isVisible())) await press('F8');
await see(state('available'));
say('ready');

let seen = 0;
async function pop() {
  await page.waitForFunction((n) => (window.__pops ?? []).filter(({ wholeMs }) => wholeMs !== undefined).length > n, seen, { timeout: SEEN_MS_MAX });
  const pops = await page.evaluate(() => window.__pops.filter(({ wholeMs }) => wholeMs !== undefined));
  say('pop', pops[seen]);
  seen += 1;
}

/** Presses F9 until a unit is offered the incident; whoever is refused looks again and presses again. */
async function send() {
  const sent = page.getByText(/ · Đang mời/);
  const notYet = page.getByText('Đang tính nên điều ai').or(page.getByText(/Bị từ chối/));
  for (let presses = 0; presses < SENDS_MAX; presses += 1) {
    await page.waitForFunction(() => document.querySelector('.done ol li') !== null && document.querySelector('.done .outdated') === null, undefined, { timeout: SEEN_MS_MAX });
    if (await sent.first().isVisible()) return;
    await press('F9');
    await see(sent.or(notYet));
    if (await sent.first().isVisible()) return;
  }
  throw new Error('no unit was sent');
}

async function take({ text, place }) {
  await see(page.locator('.bar.rings'));
  await page.evaluate(() => Object.assign(window.__hands, { keys: 0, clicks: 0 }));
  const waits = {};
  const timed = async (name, act, until) => {
    const from = performance.now();
    await act();
    await until();
    waits[name] = performance.now() - from;
  };
  const from = performance.now();
  await press('F2');
  const answered = see(bar.getByText('Đang nghe')).then(() => (waits.answered_beside = performance.now() - from));
  say('answered');
  await page.keyboard.type(text);
  await timed('suggested', async () => {}, () => page.waitForFunction(() => document.querySelectorAll('.suggest .one').length >= 3, undefined, { timeout: SUGGESTED_MS_MAX }).catch(() => {}));
  const found = (await suggested.count()) >= 3;
  await timed('taken', () => press('F4'), () => page.waitForFunction(() => document.querySelector('.intake select').value !== '', undefined, { timeout: SEEN_MS_MAX }));
  if (!found) {
    // The place was not in the words: by the command line.
    await press('F1');
    await page.keyboard.type(`noi ${place}`);
    await press('Enter');
    await see(page.locator('#console-place b'));
  }
  await answered;
  const saved = page.getByText(/Đã lưu thành I\d+/);
  await timed('saved', () => press('F9'), () => see(saved.or(form.getByText(/Có thể trùng/))));
  // Asked whether it is an open one: it is another.
  if (!(await saved.isVisible())) await timed('saved_again', () => press('F9'), () => see(saved));
  await timed('listed', async () => {}, () => see(list.getByRole('listitem')));
  await timed('sent', send, async () => {});
  const hands = await page.evaluate(() => window.__hands);
  const incident = /I\d+/.exec((await saved.textContent()) ?? '')?.[0] ?? '';
  const { answered_beside: answeredMs, ...response } = waits;
  const responseMs = Object.values(response).reduce((sum, ms) => sum + ms, 0);
  say('took', { incident, keys: hands.keys, clicks: hands.clicks, answeredMs, responseMs, waits });
  await press('F7');
  await see(state('wrap-up'));
  await press('F7');
  await see(state('available'));
  say('free');
}

for await (const line of orders()) {
  const [order, ...more] = line.split(' ');
  if (order === 'pop') await pop();
  else if (order === 'take') await take(JSON.parse(more.join(' ')));
}
await browser.close();
process.exit(0);
