// Pictures of every screen in both themes, against the fake node: `npm run shots -- FOLDER [vi|en]`. Needs a build. Each is a WebP small enough
// for a page of text, named after the screen and the theme; a screen that has an HTML entry and no scene here is taken as it opens.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';
import { runnerImport } from 'vite';

const [folder, language = 'vi'] = process.argv.slice(2);
if (folder === undefined || !['vi', 'en'].includes(language)) {
  console.error('usage: npm run shots -- FOLDER [vi|en]');
  process.exit(2);
}
/** Bytes of one picture. */
const BYTES_MAX = 150_000;
/** Tried in turn until the picture is small enough. */
const QUALITIES = [0.92, 0.85, 0.75, 0.6, 0.45, 0.3];
/** Anything on a screen is there by then. */
const SEEN_MS_MAX = 30_000;
const PORT = Number(process.env['FAKE_PORT'] ?? 4182);
const ORIGIN = `http://127.0.0.1:${PORT}`;
const WALL = { width: 1920, height: 1080 };
const DESK = { width: 1600, height: 900 };
const PHONE = { width: 390, height: 844 };
const LIVE = '.line[data-state=live]';

const { module } = await runnerImport(new URL('./tests/fake/server.ts', import.meta.url).pathname);
await module.startFake({ port: PORT, root: 'dist' });
const LOCALE = { vi: 'vi-VN', en: 'en-GB' }[language];
// A native date field goes by the browser's own language, which on Linux is the environment's, not the page's: without it stands mm/dd/yyyy.
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  env: { ...process.env, LANGUAGE: language },
  args: [`--lang=${LOCALE}`, '--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--enable-unsafe-swiftshader'],
});
/** An empty page that turns pictures into WebP. */
const packer = await browser.newPage();
let made = 0;

const fake = (page, command) => page.request.get(`${ORIGIN}/fake/${command}`);
const see = (locator) => locator.first().waitFor({ timeout: SEEN_MS_MAX });
const region = (page, vi, en) => page.getByRole('region', { name: language === 'vi' ? vi : en });

/** A page at an address; a person signs in where one is named. */
async function at(path, theme, { person, role, viewport = DESK, before = [] } = {}) {
  const context = await browser.newContext({ viewport, locale: LOCALE, reducedMotion: 'reduce', deviceScaleFactor: viewport === PHONE ? 2 : 1, hasTouch: viewport === PHONE });
  const page = await context.newPage();
  page.setDefaultTimeout(SEEN_MS_MAX);
  await fake(page, `role?role=${role ?? ''}`);
  for (const command of before) await fake(page, command);
  const [address, hash = ''] = path.split('#');
  await page.goto(`${ORIGIN}${address}${address.includes('?') ? '&' : '?'}theme=${theme}&lang=${language}${hash === '' ? '' : `#${hash}`}`);
  if (person !== undefined) {
    await page.locator('input[name=person]').fill(person);
    await page.locator('input[name=password]').fill('trongdong');
    await page.keyboard.press('Enter');
  }
  return page;
}

/** Keeps the page as it is, as a WebP that the browser itself makes. */
async function keep(page, name, theme) {
  await page.evaluate(() => document.fonts.ready.then(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(undefined))))));
  const png = (await page.screenshot()).toString('base64');
  const packed = await packer.evaluate(
    async ({ png, qualities, most }) => {
      const image = Object.assign(new Image(), { src: `data:image/png;base64,${png}` });
      await image.decode();
      const canvas = Object.assign(document.createElement('canvas'), { width: image.naturalWidth, height: image.naturalHeight });
      canvas.getContext('2d').drawImage(image, 0, 0);
      let data = '';
      for (const quality of qualities) {
        data = canvas.toDataURL('image/webp', quality).split(',')[1];
        if (data.length * 0.75 <= most) break;
      }
      return data;
    },
    { png, qualities: QUALITIES, most: BYTES_MAX },
  );
  const bytes = Buffer.from(packed, 'base64');
  const file = join(folder, `${name}-${theme}.webp`);
  writeFileSync(file, bytes);
  made += 1;
  console.log(`${file} ${Math.round(bytes.length / 1_000)} kB${bytes.length > BYTES_MAX ? ' TOO LARGE' : ''}`);
}

const live = async (page) => {
  await see(page.locator(LIVE));
  await page.waitForFunction(() => (window.__stats?.snapshots ?? 0) > 0, undefined, { timeout: SEEN_MS_MAX });
};
/** Whether the map has been drawn; a machine without WebGL has none. */
const mapped = (page) => page.locator('.map[data-ready=true]').waitFor({ timeout: SEEN_MS_MAX }).catch(() => console.log('no map on this machine'));

async function wall(theme) {
  const page = await at('/', theme, { person: 'hoa', viewport: WALL });
  await live(page);
  await mapped(page);
  await keep(page, 'wall', theme);
  await region(page, 'Hàng đợi sự cố', 'Incident queue').getByRole('listitem').filter({ hasText: 'Cháy kho hàng' }).getByRole('button').first().click();
  await see(page.getByRole('complementary', { name: 'I4819' }));
  await keep(page, 'wall-incident', theme);
  await page.context().close();
  const room = await at('/?room=pho-yen', theme, { person: 'hoa', viewport: WALL, before: ['rooms'] });
  await live(room);
  // Whose room it is comes over the line, and the line begins anew for its district.
  await see(room.getByRole('heading', { name: /^(Phòng Phổ Yên|Pho Yen room)$/ }));
  await see(region(room, 'Hàng đợi sự cố', 'Incident queue').getByRole('listitem').filter({ hasText: 'Cháy kho hàng' }));
  await mapped(room);
  await keep(room, 'wall-room', theme);
  await room.context().close();
}

async function dispatch(theme) {
  const page = await at('/dispatch', theme, { person: 'dung' });
  await live(page);
  await region(page, 'Sự cố đang mở', 'Open incidents').getByRole('button').first().click();
  await see(region(page, /^Nên điều · /, /^Whom to send · /).getByRole('listitem'));
  await keep(page, 'dispatch', theme);
  const text = encodeURIComponent(language === 'vi' ? 'Nước vào nhà, hai cụ già chưa ra được' : 'Water in the house, two old people cannot get out');
  await fake(page, `report?code=7K3FQ9XM2ABCDEH&kind=FLOOD&minutes=18&near=I4820&text=${text}`);
  await fake(page, `report?code=9QXMB2ABC7K3FDE&why=reopened&minutes=4&text=${text}`);
  await see(region(page, 'Tin báo chờ', 'Reports waiting'));
  await page.keyboard.press('Alt+b');
  await page.keyboard.press('Enter');
  await see(region(page, 'Tin báo chờ', 'Reports waiting').locator('li select'));
  await keep(page, 'dispatch-reports', theme);
  await fake(page, 'reports');
  await page.context().close();
}

async function desk(theme) {
  const person = `shots-${theme}`;
  const before = ['calm', 'wait?number=0922000999&ms=26000', 'wait?callback=1&number=0922000998&ms=900000'];
  const page = await at('/console', theme, { person, role: 'admin', before });
  await live(page);
  await mapped(page);
  await fake(page, `ring?person=${person}`);
  await see(page.getByTestId('history'));
  await keep(page, 'console-ring', theme);
  await page.keyboard.press('F2');
  await page.keyboard.type('cháy kho hàng trong nhà xưởng ở vạn xuân, khói đen');
  await see(region(page, /^Có phải/, /^Is it one/).getByRole('listitem').filter({ hasText: /I4\d+/ }));
  await keep(page, 'console-form', theme);
  await page.keyboard.press('F4');
  await page.keyboard.press('F9');
  await page.keyboard.press('F9');
  await see(region(page, /^Điều lực lượng · I/, /^Send units · I/).getByRole('listitem'));
  await keep(page, 'console-sent', theme);
  await fake(page, 'calm');
  await page.context().close();
}

async function unit(theme) {
  const page = await at('/unit', theme, { person: 'rin', viewport: PHONE });
  await see(page.getByRole('heading', { name: 'XCC-03' }));
  await see(page.locator('.thumb'));
  await keep(page, 'unit', theme);
  await page.context().setOffline(true);
  await page.locator('button.thumb').last().click();
  await see(page.locator('li.waiting'));
  // Not before the page says for how long the centre was not heard.
  await see(page.locator('.lost[role=timer]'));
  await keep(page, 'unit-offline', theme);
  await page.context().close();
}

async function tell(theme) {
  const page = await at('/bao-tin', theme, { viewport: PHONE });
  await page.locator('#commune option').nth(3).waitFor({ state: 'attached' });
  await page.locator('textarea').first().fill(language === 'vi' ? 'Nước ngập ngang gối, hai nhà chưa ra được.' : 'Water up to the knee, two families cannot get out.');
  await page.locator('#commune').selectOption({ index: 3 });
  await keep(page, 'bao-tin', theme);
  await page.locator('form .big').click();
  await see(page.locator('.code'));
  await keep(page, 'bao-tin-sent', theme);
  await page.context().close();
}

async function follow(theme) {
  const page = await at('/theo-doi#7K3FQ-9XM2A-BCDEH', theme, { viewport: { width: PHONE.width, height: 1_500 } });
  await see(page.locator('main ol li'));
  await keep(page, 'theo-doi', theme);
  await page.context().close();
}

async function replay(theme) {
  const page = await at('/replay.html?incident=I4819', theme, { person: 'hoa' });
  await live(page);
  await see(page.getByTestId('then-incident'));
  // At the last step there is the most to see.
  await page.locator('button.step').last().click();
  await keep(page, 'replay', theme);
  await page.context().close();
}

async function record(theme) {
  const page = await at('/record.html', theme, { person: 'kiem', role: 'auditor' });
  await live(page);
  await page.getByLabel(language === 'vi' ? 'Lý do tra cứu' : 'Reason for looking').fill(language === 'vi' ? 'thanh tra quý 3' : 'inspection of the third quarter');
  await page.keyboard.press('Enter');
  await see(region(page, 'Các dòng nhật ký', 'Lines of the record').getByRole('row').nth(1));
  await keep(page, 'record', theme);
  await page.context().close();
}

async function nodes(theme) {
  const page = await at('/nodes.html', theme, { person: 'hoa', role: 'admin' });
  // The tables are asked for over HTTP and may be there before the line is.
  await live(page);
  await see(page.getByRole('table').nth(1));
  await keep(page, 'nodes', theme);
  await page.context().close();
}

async function rooms(theme) {
  const page = await at('/rooms.html?room=tinh', theme, { person: 'hoa', role: 'admin', before: ['rooms'] });
  await live(page);
  await see(page.locator('input[name=room]:checked'));
  await see(region(page, 'Nhật ký trực', 'Duty log'));
  await keep(page, 'rooms', theme);
  await page.context().close();
}

/** A screen as it opens, for whoever may see everything. */
const plain = (entry) => async (theme) => {
  const page = await at(`/${entry}.html`, theme, { person: 'hoa', role: 'admin' });
  await see(page.locator('main'));
  await page.locator(LIVE).waitFor({ timeout: 5_000 }).catch(() => {});
  // What a screen asks for over HTTP is there once nothing is asked for.
  await page.waitForLoadState('networkidle');
  await keep(page, entry, theme);
  await page.context().close();
};

async function login(theme) {
  const page = await at('/', theme);
  await see(page.locator('input[name=person]'));
  await keep(page, 'login', theme);
  await page.context().close();
}

const SCENES = { index: wall, dispatch, console: desk, unit, 'bao-tin': tell, 'theo-doi': follow, replay, record, nodes, rooms };
mkdirSync(resolve(folder), { recursive: true });
const entries = readdirSync('.').filter((name) => name.endsWith('.html')).map((name) => name.slice(0, -5)).sort();
for (const theme of ['light', 'dark']) {
  for (const scene of [login, ...entries.map((entry) => SCENES[entry] ?? plain(entry))]) await scene(theme);
}
await browser.close();
console.log(`${made} pictures in ${folder}`);
process.exit(0);
