// Crews on phones who tap, and a wall that shows it.
//
//   node tap.mjs '{"wall": {"origin", "token"}, "phones": [{"origin", "token", "unit"}], "incident"}'
//
// Prints `ready` once the wall shows the incident's file and each phone its crew. For each line `cycle` every crew accepts, sets out,
// arrives and is done, as soon as it has the order; prints `tap {"unit", "status", "tappedMs", "paintedMs"}` for each tap that the wall has
// painted, and `cycled` at the end. Times are Unix milliseconds of this machine's clock: of the press on the phone, and of the task after
// the wall's frame.

import { afterPaint, launch, open, orders, say, screen } from './browser.mjs';

const { wall, phones, incident } = JSON.parse(process.argv[2] ?? 'null');
/** Between two taps of a crew, milliseconds. */
const BETWEEN_MS = 600;
/** A tap that is not on the wall by then fails the measurement; an election is well within. */
const PAINTED_MS_MAX = 60_000;
/** What is pressed, and what the wall shows of the unit then; nothing: it has left the incident. */
const TAPS = [['NHẬN LỆNH', 'Đã nhận'], ['LÊN ĐƯỜNG', 'Đang đến'], ['ĐÃ ĐẾN NƠI', 'Tại hiện trường'], ['XONG VIỆC', '']];

const browser = await launch();
/** By crew: what was pressed and is not on the wall yet, by its place among the taps. */
const waiting = new Map(phones.map(({ unit }) => [unit, new Map()]));

/** The wall shows a later status when several came at once, as after an election: then all that were pressed before it are on the wall. */
function shown(unit, status, atMs) {
  const pressed = waiting.get(unit);
  const reached = TAPS.findIndex(([, word]) => word === status);
  if (pressed === undefined || !pressed.has(reached)) return;
  for (const [place, tell] of [...pressed]) {
    if (place > reached) continue;
    pressed.delete(place);
    tell(atMs);
  }
}
const page = await screen(browser, wall.origin, wall.token, '/?nomap=1&theme=dark&lang=vi', async (page) => {
  await page.exposeFunction('tellPainted', shown);
  await page.addInitScript(afterPaint);
  await page.addInitScript(() => {
    let before = new Map();
    const look = () => {
      const now = new Map();
      for (const element of document.querySelectorAll('aside .unit .link')) {
        const [unit, status = ''] = element.textContent.split(' · ');
        now.set(unit.trim(), status.trim());
      }
      const changed = [...now].filter(([unit, status]) => before.get(unit) !== status);
      for (const unit of before.keys()) if (!now.has(unit)) changed.push([unit, '']);
      before = now;
      if (changed.length > 0) window.afterPaint((atMs) => changed.forEach(([unit, status]) => void window.tellPainted(unit, status, atMs)));
    };
    new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
  });
});
await page.getByRole('listitem').filter({ hasText: incident }).getByRole('button').first().click();
await page.getByRole('complementary', { name: incident }).waitFor();

const crews = [];
for (const { origin, token, unit } of phones) {
  const phone = await open(browser, origin, token, { viewport: { width: 390, height: 844 }, hasTouch: true });
  await phone.addInitScript(() => addEventListener('click', ({ target }) => {
    if (target instanceof Element && target.closest('.thumb') !== null) window.__tappedMs = performance.timeOrigin + performance.now();
  }, true));
  await phone.goto(`${origin}/unit?lang=vi`);
  await phone.getByRole('heading', { level: 1 }).filter({ hasText: unit }).waitFor({ timeout: PAINTED_MS_MAX });
  crews.push({ phone, unit });
}
say('ready');

/** When the wall painted what the crew is about to press. */
function paintedAt(unit, place) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the wall does not show: ${unit} · ${TAPS[place][1]}`)), PAINTED_MS_MAX);
    waiting.get(unit).set(place, (atMs) => {
      clearTimeout(timer);
      resolve(atMs);
    });
  });
}

async function play({ phone, unit }, at) {
  const told = [];
  await phone.getByRole('button', { name: TAPS[0][0], exact: true }).waitFor({ timeout: PAINTED_MS_MAX });
  // Crews do not tap in step.
  await phone.waitForTimeout((at * BETWEEN_MS) / phones.length);
  for (const [place, [name, status]] of TAPS.entries()) {
    const painted = paintedAt(unit, place);
    // It is waited for below; until then its failure is nobody's.
    painted.catch(() => {});
    await phone.getByRole('button', { name, exact: true }).click();
    const tappedMs = await phone.evaluate(() => window.__tappedMs);
    told.push(painted.then((paintedMs) => say('tap', { unit, status, tappedMs, paintedMs })));
    await phone.waitForTimeout(BETWEEN_MS);
  }
  await Promise.all(told);
}

for await (const line of orders()) {
  if (line !== 'cycle') continue;
  await Promise.all(crews.map(play));
  say('cycled');
}
await browser.close();
process.exit(0);
