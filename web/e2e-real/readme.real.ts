// The read-me's first hour, as it is written: the command that starts the demonstration is README.md's own, and who, where and which keys are
// read there and done in its order, with everything that moves in it. A step that nobody can play, or that says something else than
// what is played, fails before anything is played.
import { readFileSync } from 'node:fs';
import type { Browser, Page, TestInfo } from '@playwright/test';
import { open as openRow, queue, row, signIn } from '../tests/page';
import { facts, killNode, type Facts } from './cluster';
import { UP } from './demo';
import { acknowledgedBy, logIn, measure, post, registerGauge, report } from './device';
import { band, begin, isLive, isReported, seats } from './drill';
import { IncidentOnWall } from './file';
import { communeOption, jpegOf, MOVED_MS_MAX, onPhone, screenIn, send, sit, TAPPED_MS_MAX } from './people';
import { expect, test } from './witness';
import { begins, literally, wordsIn } from './words';

/** Simulated crews answer, a call rings, a model has read a report. */
const LIVE_MS_MAX = 180_000;
/** What a key did is at the centre by then, or is pressed again. */
const PRESSED_MS_MAX = 10_000;
/** Seats where calls are taken, three of them simulated: with so many callers at once one rings here. */
const SEATS = 4;
/** What the caller says. */
const TOLD = 'xe tai lat o quyet thang';
/** What somebody told another centre, which passed it on. */
const PLEA = 'Nước ngập tới mái nhà rồi, 5 người với 2 cháu nhỏ đang trên nóc, cứu với';
const COMMUNE = 'Phường Phan Đình Phùng';
/** Above the limit of the tests' gauge. */
const ABOVE_M = 27.8;
const CITIZEN = 'Nước đã tới sân trường, lối vào bị cây đổ chắn';
const STARS = 5;
const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const words = wordsIn('vi');
const { t, open } = words;

/** One step of the read-me, and who plays it. */
interface Player {
  /** All that stands in backticks in the step, in order: accounts, addresses, commands. */
  quoted: string[];
  keys: string[];
  /** Words that the step has to have, because they are done. */
  says: string[];
  play: (browser: Browser, cluster: Facts, step: string, info: TestInfo) => Promise<void>;
}

/** The numbered steps of the first hour, each as one line. */
function stepsOf(text: string): string[] {
  const [, after = ''] = /first hour:\n\n([^]*?)\n\n## /.exec(text) ?? [];
  return after.split(/\n(?=\d+\. )/).map((step) => step.replace(/\s+/g, ' '));
}
const STEPS = stepsOf(README);
const quoted = (step: string) => [...step.matchAll(/`([^`]+)`/g)].map(([, what = '']) => what);
const keysOf = (step: string) => [...step.matchAll(/\b(?:Shift\+)?F\d+\b/g)].map(([key]) => key);
/** The incident that the plea became. */
let plea = '';

async function alarmIncidentModel(browser: Browser, cluster: Facts, step: string): Promise<void> {
  const [who = ''] = quoted(step);
  const [alarmKey = '', incidentKey = ''] = keysOf(step);
  const wall = await sit(browser, cluster, 2, screenIn('vi', '/'), who);
  // Rivers rise all day; a test does not wait for the day.
  await registerGauge(cluster, COMMUNE);
  await measure(cluster, ABOVE_M);
  // The banner has the alarm that the key acknowledges. Others may come before it until the key is pressed, and in the list the acknowledged
  // ones may stand below those that fit: what the centre has tells which of them it was.
  const banner = wall.getByRole('region', { name: t.alarm.first, exact: true });
  await expect(banner.getByRole('button', { name: begins(t.alarm.acknowledge) })).toBeVisible({ timeout: LIVE_MS_MAX });
  const admin = await logIn(cluster);
  const before = await acknowledgedBy(cluster, admin, who);
  // The one on top may have come up anew, or been taken over, while the key went down: a person presses again.
  const acknowledged = async () => {
    await wall.keyboard.press(alarmKey);
    await expect.poll(() => acknowledgedBy(cluster, admin, who), { timeout: PRESSED_MS_MAX }).toBeGreaterThan(before);
  };
  await expect(acknowledged).toPass({ timeout: MOVED_MS_MAX });

  await report(cluster, COMMUNE, [{ reference: 'readme-1', summary: PLEA, latitude_e7: 215_935_000 }]);
  const opened = queue(wall).getByRole('listitem').filter({ has: wall.getByRole('button', { name: t.incident.acknowledge, exact: true }) });
  await expect(opened.first()).toBeVisible({ timeout: MOVED_MS_MAX });
  const first = new IncidentOnWall(wall, (await opened.first().locator('.id').textContent())?.trim() ?? '', words);
  // Its file is opened, because a taken incident may leave the rows that fit.
  await first.open();
  await wall.keyboard.press(incidentKey);
  await expect(first.head).toContainText(new RegExp(`${t.incident.status.acknowledged}|${t.incident.status.assigned}`), { timeout: MOVED_MS_MAX });

  await wall.keyboard.press('Escape');
  await expect(first.file).toHaveCount(0);

  await openRow(wall, PLEA);
  plea = (await row(wall, PLEA).locator('.id').textContent())?.trim() ?? '';
  const of = new IncidentOnWall(wall, plea, words);
  await expect(of.file.getByRole('region', { name: t.models.suggestion.heading, exact: true })).toContainText(t.incident.kind.flood, { timeout: LIVE_MS_MAX });
}

async function dispatch(browser: Browser, cluster: Facts, step: string): Promise<void> {
  const [who = '', board = ''] = quoted(step);
  const desk = await sit(browser, cluster, 3, screenIn('vi', board), who);
  const chosen = desk.getByRole('region', { name: t.dispatch.incidents, exact: true }).getByRole('button').filter({ hasText: PLEA.slice(0, 20) }).first();
  await chosen.click();
  const list = desk.getByRole('region', { name: `${t.dispatch.recommended} · ${plea}`, exact: true });
  const units = desk.getByRole('region', { name: t.dispatch.units, exact: true });
  const sent = units.getByRole('listitem').filter({ has: desk.getByRole('button', { name: plea, exact: true }) }).first();
  const notYet = list.getByText(begins(`${t.command.refused}: `)).or(list.getByText(begins(`${t.command.unsent}: `)));
  await send(list, () => desk.keyboard.press('1'), sent, notYet);
  await expect(chosen).not.toContainText(t.dispatch.nobody, { timeout: MOVED_MS_MAX });
  // Simulated crews answer and set out.
  await expect(sent).toContainText(new RegExp(`${t.unit.status.accepted}|${t.unit.status['en-route']}|${t.unit.status['on-scene']}`), { timeout: LIVE_MS_MAX });
}

async function crew(browser: Browser, cluster: Facts, step: string): Promise<void> {
  const [who = '', screen = ''] = quoted(step);
  const name = / you are ([^.]+)\./.exec(step)?.[1] ?? '';
  const { page } = await onPhone(browser, cluster, 2, screen);
  await signIn(page, who, cluster.password);
  await expect(page.getByRole('heading', { level: 1 })).toContainText(name);
  // Something burns where it is stationed.
  const fire = 'Cháy nhà kho, khói đen';
  await report(cluster, 'Phường Đức Xuân', [{ reference: 'readme-2', summary: fire, latitude_e7: 221_637_000 }]);
  const desk = await sit(browser, cluster, 3, screenIn('vi', '/dispatch'), 'dieu-phoi');
  const chosen = desk.getByRole('region', { name: t.dispatch.incidents, exact: true }).getByRole('button').filter({ hasText: fire }).first();
  await chosen.click();
  const id = /I\d+/.exec((await chosen.textContent()) ?? '')?.[0] ?? '';
  const list = desk.getByRole('region', { name: `${t.dispatch.recommended} · ${id}`, exact: true });
  const unit = list.getByRole('listitem').filter({ hasText: name });
  const units = desk.getByRole('region', { name: t.dispatch.units, exact: true }).getByRole('listitem').filter({ hasText: name });
  const sent = units.filter({ has: desk.getByRole('button', { name: id, exact: true }) });
  const notYet = list.getByText(begins(`${t.command.refused}: `)).or(list.getByText(begins(`${t.command.unsent}: `)));
  await send(list, () => unit.getByRole('button').first().click(), sent, notYet);
  await expect(page.getByRole('region', { name: t.unit.incident, exact: true })).toContainText(id, { timeout: TAPPED_MS_MAX });
  const { act } = t.dispatch.crew;
  for (const tap of [act.accepted, act['en-route'], act['on-scene'], act.cleared]) await page.getByRole('button', { name: tap, exact: true }).click();
  await expect(page.getByText(t.dispatch.crew.state.waiting, { exact: true })).toHaveCount(0, { timeout: MOVED_MS_MAX });
  await expect(page.getByText(t.dispatch.crew.noOrder, { exact: true })).toBeVisible({ timeout: TAPPED_MS_MAX });
}

async function takeCall(browser: Browser, cluster: Facts, step: string): Promise<void> {
  const [who = '', screen = ''] = quoted(step);
  const page = await sit(browser, cluster, 2, screenIn('vi', screen), who);
  const { agent, call, form: ofForm, sent: ofSent, line } = t.console;
  const bar = page.getByRole('region', { name: call.heading, exact: true });
  const state = bar.locator('.state');
  const form = page.getByRole('region', { name: begins(ofForm.heading) });
  const list = page.getByRole('region', { name: begins(ofSent.heading('I')) });
  const { status } = t.unit;
  const sent = page.getByText(new RegExp(` · (${status.offered}|${status.accepted}|${status['en-route']})`));
  let saved = false;
  const done: Record<string, () => Promise<void>> = {
    F8: async () => {
      await expect(state).toContainText(new RegExp(`${agent.state.off}|${agent.state.break}`));
      await page.keyboard.press('F8');
      await expect(state).toContainText(new RegExp(`${agent.state.available}|${agent.state.ringing}`), { timeout: MOVED_MS_MAX });
      // Calls ring all day; a test does not wait for the day.
      await ring(cluster);
      await expect(bar).toContainText(call.incoming, { timeout: LIVE_MS_MAX });
    },
    F2: async () => {
      await page.keyboard.press('F2');
      await expect(state).toContainText(agent.state['on-call'], { timeout: MOVED_MS_MAX });
      await page.keyboard.type(TOLD);
    },
    F4: async () => {
      const suggested = page.getByRole('status', { name: ofForm.suggested, exact: true });
      for (const what of [t.incident.kind.traffic, 'Quyết Thắng']) await expect(suggested).toContainText(what);
      await page.keyboard.press('F4');
      await expect(form.getByRole('combobox', { name: ofForm.kind, exact: true })).toHaveValue('traffic');
    },
    F9: async () => {
      const notYet = page.getByText(ofSent.computing).or(page.getByText(begins(`${t.command.refused}: `)));
      if (saved) return send(list, () => page.keyboard.press('F9'), sent.first(), notYet);
      await save(page);
      saved = true;
    },
    F7: async () => {
      await page.keyboard.press('F7');
      await expect(state).toContainText(agent.state['wrap-up'], { timeout: MOVED_MS_MAX });
    },
    F1: async () => {
      await page.keyboard.press('F1');
      await expect(page.getByRole('combobox', { name: line.label, exact: true })).toBeFocused();
    },
  };
  for (const key of keysOf(step)) await test.step(key, done[key]!);
  // Simulated agents know their own callers only: these would ring on.
  await tellExchange(cluster, 'end', () => ({ cause: 'hung_up' }));
}

/** As many callers as there are seats. */
const ring = (cluster: Facts) => tellExchange(cluster, 'offer', (caller) => ({ line: '1022', number: `098800000${caller}` }));

/** Says the same of each caller through the exchange's interface, which takes it as often as it is said. */
async function tellExchange(cluster: Facts, verb: string, body: (caller: number) => object): Promise<void> {
  const { cookie } = await logIn(cluster);
  for (let caller = 0; caller < SEATS; caller += 1) {
    await post(cluster.urls, `/api/telephony/calls/readme-${caller}/${verb}`, { cookie }, body(caller));
  }
}

/** Saves; where an open incident is likely the same, a second press says that it is another. */
async function save(page: Page): Promise<void> {
  const saved = page.getByText(new RegExp(literally(t.console.sent.saved('#')).replace('#', 'I\\d+')));
  const asked = page.getByText(new RegExp(`^${literally(t.console.form.askAlike('#').split('#')[0] ?? '')}`));
  await page.keyboard.press('F9');
  await expect(saved.or(asked).first()).toBeVisible({ timeout: MOVED_MS_MAX });
  if (await asked.isVisible()) await page.keyboard.press('F9');
  await expect(saved).toBeVisible({ timeout: MOVED_MS_MAX });
}

async function citizen(browser: Browser, cluster: Facts, step: string): Promise<void> {
  const [tells = '', who = '', follows = ''] = quoted(step);
  const { page } = await onPhone(browser, cluster, 3, tells);
  await page.getByLabel(open.tell.what, { exact: true }).fill(CITIZEN);
  await page.locator('#commune').selectOption(await communeOption(page, COMMUNE));
  await page.locator('#photos').setInputFiles({ name: 'scene.jpg', mimeType: 'image/jpeg', buffer: await jpegOf(page) });
  await expect(page.getByRole('img', { name: open.tell.photos.photo(1), exact: true })).toBeVisible();
  await page.getByRole('button', { name: open.tell.send, exact: true }).click();
  await expect(page.getByRole('heading', { name: `✓ ${open.tell.sent}`, exact: true })).toBeVisible({ timeout: MOVED_MS_MAX });
  await expect(page.getByText(open.tell.photos.sent('1', '1'), { exact: true })).toBeVisible({ timeout: MOVED_MS_MAX });
  const code = (await page.locator('.code').textContent())?.trim() ?? '';

  const wall = await sit(browser, cluster, 2, screenIn('vi', '/'), who);
  await openRow(wall, PLEA);
  const incident = new IncidentOnWall(wall, plea, words);
  await incident.unfoldTold(0);
  await incident.gather(CITIZEN);
  await incident.answer('Đã dọn cây, xuồng đang tới.');

  await page.getByRole('link', { name: open.tell.follow, exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`${literally(follows)}#${code}$`));
  await expect(page.getByRole('region', { name: `${open.follow.status}: ${code}`, exact: true })).toContainText('Đã dọn cây, xuồng đang tới.');
  await page.getByRole('radio', { name: `${STARS} ${open.follow.stars[STARS - 1]}`, exact: true }).check();
  await page.getByRole('button', { name: open.follow.sendRating, exact: true }).click();
  await expect(page.getByText(open.follow.rated(STARS), { exact: true })).toBeVisible();
}

async function warning(browser: Browser, cluster: Facts, step: string): Promise<void> {
  const [author = '', leader = '', feed = ''] = quoted(step);
  const cardAt = async (node: number, person: string) => {
    const wall = await sit(browser, cluster, node, screenIn('vi', '/'), person);
    await openRow(wall, PLEA);
    return new IncidentOnWall(wall, plea, words).file.locator('details.warnings');
  };
  const headline = 'Nước lên nhanh ở Phan Đình Phùng';
  const written = await cardAt(2, author);
  await written.locator('summary').click();
  await written.getByRole('button', { name: t.warning.write, exact: true }).click();
  await written.getByLabel(t.warning.form.senderName, { exact: true }).fill('Trung tâm điều hành');
  await written.getByLabel(t.warning.form.sender, { exact: true }).fill('trungtam.example.vn');
  for (const language of [t.warning.form.vi, t.warning.form.en]) {
    const texts = written.getByRole('group', { name: language, exact: true });
    for (const field of ['event', 'headline', 'description', 'instruction'] as const) await texts.getByLabel(t.warning.form[field], { exact: true }).fill(headline);
  }
  await written.getByRole('button', { name: t.warning.form.send, exact: true }).click();
  const own = written.getByRole('listitem').filter({ hasText: headline });
  await expect(own).toContainText(t.warning.standing.draft, { timeout: MOVED_MS_MAX });
  // The button says so, and cannot be pressed.
  await expect(own.getByRole('button', { name: t.warning.approve, exact: true })).toHaveAttribute('title', t.warning.ownDraft);

  const read = (await cardAt(3, leader)).getByRole('listitem').filter({ hasText: headline });
  await expect(read).toContainText(t.warning.standing.draft, { timeout: MOVED_MS_MAX });
  await read.getByRole('button', { name: t.warning.approve, exact: true }).click();
  await expect(read).toContainText(t.warning.standing.published, { timeout: MOVED_MS_MAX });
  // At another node than where it was approved.
  const published = () => fetch(`${cluster.urls[0]}${feed}`).then((answer) => answer.text());
  await expect.poll(published, { timeout: MOVED_MS_MAX }).toContain(headline);
}

async function drill(browser: Browser, cluster: Facts, step: string, info: TestInfo): Promise<void> {
  const [who = '', screen = ''] = quoted(step);
  // One that the next step does not stop.
  const suffers = 2;
  const people = await seats(browser, cluster, suffers, 'vi', { who, screen });
  const { number, course } = await begin(people, 'node-lost', suffers, 60);
  for (const page of [people.admin, people.wall, people.phone]) await expect(band(page, words, number)).toBeVisible({ timeout: MOVED_MS_MAX });
  await isLive(course, words, suffers);
  await people.admin.getByRole('button', { name: t.drill.stop, exact: true }).click();
  await isReported(people, 'node-lost', number, t.drill.end.stopped, info);
}

async function stopNode(browser: Browser, cluster: Facts, step: string): Promise<void> {
  const node = Number(/node-(\d)$/.exec(quoted(step)[0] ?? '')?.[1] ?? 'NaN');
  const wall = await sit(browser, cluster, node, screenIn('vi', '/'), 'truc-ban');
  await killNode(cluster, node);
  await expect.poll(() => wall.evaluate(() => window.__stats?.node), { timeout: MOVED_MS_MAX }).not.toBe(node);
  await expect(wall.locator('.line[data-state=live]')).toBeVisible({ timeout: MOVED_MS_MAX });
}

const PLAYERS: readonly Player[] = [
  { quoted: ['truc-ban'], keys: ['F2', 'Shift+F2'], says: ['acknowledge an alarm', 'take the first incident', 'what the model says'], play: alarmIncidentModel },
  { quoted: ['dieu-phoi', '/dispatch'], keys: [], says: ['the keys 1 to 9 send', 'Units answer by themselves'], play: dispatch },
  { quoted: ['to-unit-001', '/unit'], keys: [], says: ['you are Xe chữa cháy 01.', 'accepts, sets out, arrives and is done'], play: crew },
  { quoted: ['tong-dai', '/console'], keys: ['F8', 'F2', 'F4', 'F9', 'F9', 'F7', 'F1'], says: ['calls ring all day'], play: takeCall },
  { quoted: ['/bao-tin', 'truc-ban', '/theo-doi'], keys: [], says: ['with a photo', 'gather it', 'rates it'], play: citizen },
  { quoted: ['truc-ban', 'lanh-dao', '/api/public/warnings'], keys: [], says: ['write a warning', 'nobody approves their own'], play: warning },
  { quoted: ['quan-tri', '/drill'], keys: [], says: ['let a node be lost', 'stop it', 'open the report'], play: drill },
  { quoted: ['trongdong start .data/demo/node-1'], keys: [], says: ['Stop one of the nodes', 'go on at the others'], play: stopNode },
];

test.describe.configure({ mode: 'serial' });

test('every step of the first hour has a player, and the command above it is what was started', () => {
  expect(STEPS.map((step) => ({ quoted: quoted(step), keys: keysOf(step) }))).toEqual(PLAYERS.map(({ quoted: of, keys }) => ({ quoted: of, keys })));
  for (const [at, { says }] of PLAYERS.entries()) for (const part of says) expect(STEPS[at]).toContain(part);
  // Its own folder and ports are all that the tests say beside it.
  expect(UP.command.join(' ')).toBe('cargo xtask up --');
});

for (const [at, { play }] of PLAYERS.entries()) {
  const step = STEPS[at] ?? '';
  test(`step ${step.slice(0, 60)}…`, async ({ browser }, info) => {
    test.setTimeout(400_000);
    await play(browser, facts(), step, info);
  });
}
