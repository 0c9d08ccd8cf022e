// From a telephone call to a closed and rated case, in both languages: a real SIP caller, an agent without a mouse, a crew whose line is
// cut in the middle, and the node that leads killed meanwhile. Another service hands a second caller over, whose name is known when they call again;
// and an auditor reads what the form suggested.
import { outbox } from '../tests/page';
import { facts, killNode, leaderOf, startNode } from './cluster';
import { IncidentOnWall } from './file';
import { crewPhone, MOVED_MS_MAX, onPhone, screenIn, send, sit, stepsOf, TAPPED_MS_MAX } from './people';
import { call, hasSipp, phone, seat, type Line } from './telephone';
import { expect, test } from './witness';
import { begins, LANGUAGES, literally, wordsIn, type Language } from './words';

const AGENT = 'tong-dai';
const OPERATOR = 'truc-ban';
const AUDITOR = 'thanh-tra';
const STARS = 5;

interface Story {
  number: string;
  /** As the screen shows it. */
  spoken: string;
  /** Who is handed over while the agent is on the line: by which service, the number, as the screen shows it, and the name that they say. */
  second: { from: Line; number: string; spoken: string; name: string };
  /** A key for each letter, as it is typed without marks. */
  told: string;
  kind: 'fire' | 'medical';
  /** The unit that a person crews here, and the ward where it is stationed: the nearest to what is told. */
  unit: { id: string; name: string };
  ward: string;
  answer: string;
  result: string;
}

// A story for each language: another caller, unit and ward, so that nothing of one is taken for the other.
const STORIES: Readonly<Record<Language, Story>> = {
  vi: {
    number: '0912345678',
    spoken: '0912 345 678',
    second: { from: '113', number: '0911222333', spoken: '0911 222 333', name: 'Bà Nông Thị Tư' },
    told: 'chay nha o duc xuan, khoi den nhieu',
    kind: 'fire',
    unit: { id: 'unit-001', name: 'Xe chữa cháy 01' },
    ward: 'Đức Xuân',
    answer: 'Lửa đã được dập, không ai bị thương.',
    result: 'Đã dập tắt, không ai bị thương',
  },
  en: {
    number: '0987654321',
    spoken: '0987 654 321',
    second: { from: '115', number: '0977888999', spoken: '0977 888 999', name: 'Mrs Carter' },
    told: 'ong cu kho tho, ngat o bac kan',
    kind: 'medical',
    unit: { id: 'unit-002', name: 'Xe cứu thương 115 01' },
    ward: 'Bắc Kạn',
    answer: 'The ambulance took him to hospital.',
    result: 'Taken to hospital, breathing by himself',
  },
};

for (const language of LANGUAGES) {
  test(`a call becomes an incident, a unit goes there through a tunnel, the case is closed and rated (${language})`, async ({ browser }, info) => {
    expect(hasSipp, 'sipp is not there: apt-get install sip-tester').toBe(true);
    test.setTimeout(300_000);
    const words = wordsIn(language);
    const { t, open } = words;
    const story = STORIES[language];
    const cluster = facts();
    const desk = await phone();
    await seat(cluster, AGENT, desk.address);
    // Three people at three nodes; the telephone is at the first.
    const agent = await sit(browser, cluster, 2, screenIn(language, '/console'), AGENT);
    const wall = await sit(browser, cluster, 3, screenIn(language, '/'), OPERATOR);
    const crew = await crewPhone(browser, cluster, 3, `to-${story.unit.id}`, language);
    const bar = agent.getByRole('region', { name: t.console.call.heading, exact: true });
    const state = bar.locator('.state');
    const waiting = agent.getByRole('region', { name: begins(t.console.queue.heading) });
    const card = agent.getByRole('group', { name: t.console.caller.heading, exact: true });
    const form = agent.getByRole('region', { name: begins(t.console.form.heading) });
    const tap = (name: string) => crew.page.getByRole('button', { name, exact: true }).click();
    const { state: being } = t.console.agent;
    let clicks = 0;
    await agent.exposeFunction('countClick', () => (clicks += 1));

    // Away at first, or on the break that the story before ended with.
    await expect(state).toHaveText(new RegExp(`^\\s*(${literally(being.off)}|${literally(being.break)})\\s*$`));
    await agent.evaluate(() => addEventListener('pointerdown', () => void (window as unknown as { countClick: () => void }).countClick(), true));
    await agent.keyboard.press('F8');
    await expect(state).toContainText(being.available);
    const caller = call(cluster, story.number);

    await test.step('it rings at the desk with the caller’s number, and is answered by a key', async () => {
      await expect(bar).toContainText(t.console.call.incoming);
      await expect(bar.getByTestId('number')).toHaveText(story.spoken);
      await agent.keyboard.press('F2');
      await expect(state).toContainText(being['on-call']);
    });

    let id = '';
    let code = '';
    await test.step('what is told fills the form by suggestions, and one key saves it', async () => {
      await agent.keyboard.type(story.told);
      await expect(agent.getByRole('status', { name: t.console.form.suggested, exact: true })).toContainText(story.ward);
      await agent.keyboard.press('F4');
      await expect(form.getByRole('combobox', { name: t.console.form.kind, exact: true })).toHaveValue(story.kind);
      await agent.keyboard.press('F9');
      const saved = agent.getByText(new RegExp(literally(t.console.sent.saved('#')).replace('#', 'I\\d+')));
      await expect(saved).toBeVisible();
      id = /I\d+/.exec((await saved.textContent()) ?? '')?.[0] ?? '';
      code = /\w{5}-\w{5}-\w{5}/.exec((await agent.getByText(begins(t.console.sent.code('').trim())).textContent()) ?? '')?.[0] ?? '';
      expect(code, 'the caller is given a code').not.toBe('');
    });
    const incident = new IncidentOnWall(wall, id, words);
    await expect(incident.row).toContainText(story.told);

    await test.step('the agent sends the first unit of the list without leaving the keys', async () => {
      const list = agent.getByRole('region', { name: t.console.sent.heading(id), exact: true });
      await expect(list.getByRole('listitem').first()).toContainText(story.unit.name);
      const sent = agent.getByText(`${story.unit.name} · ${t.unit.status.offered}`, { exact: true });
      const notYet = agent.getByText(t.console.sent.computing).or(agent.getByText(begins(`${t.command.refused}: `)));
      await send(list, () => agent.keyboard.press('F9'), sent, notYet);
      await agent.screenshot({ path: info.outputPath('sent.png') });
      expect(clicks).toBe(0);
    });

    await test.step('the crew accepts on its phone, and the wall hears of it', async () => {
      await expect(crew.page.getByRole('region', { name: t.unit.incident, exact: true })).toContainText(id, { timeout: TAPPED_MS_MAX });
      await tap(t.dispatch.crew.act.accepted);
      await incident.open();
      await expect(incident.unit(story.unit.name, t.unit.status.accepted)).toBeVisible({ timeout: TAPPED_MS_MAX });
    });

    await test.step('a caller whom another service hands over waits while the agent talks and writes up, is answered then, and says their name', async () => {
      const { from, number, spoken, name } = story.second;
      const second = call(cluster, number, from);
      const row = waiting.getByRole('listitem').filter({ hasText: spoken });
      await expect(row).toContainText(t.console.call.from(from));
      await agent.keyboard.press('F7');
      expect(await caller.hungUp).toBe(true);
      await expect(state).toContainText(being['wrap-up']);
      await expect(row).toBeVisible();
      await agent.keyboard.press('F7');
      await expect(bar).toContainText(t.console.call.incoming);
      await expect(bar.getByTestId('number')).toHaveText(spoken);
      await expect(bar).toContainText(t.console.call.from(from));
      await agent.keyboard.press('F2');
      await expect(state).toContainText(being['on-call']);
      const field = card.getByRole('textbox', { name: t.console.caller.name, exact: true });
      await expect(field).toHaveValue('');
      await field.fill(name);
      await field.press('Enter');
      await expect(card.getByTestId('name')).toHaveText(name);
      await agent.keyboard.press('F7');
      expect(await second.hungUp).toBe(true);
      await expect(state).toContainText(being['wrap-up']);
      await agent.keyboard.press('F7');
      await expect(state).toContainText(being.available);
    });

    let tapped: { status: string; tappedAtMs: number }[] = [];
    await test.step('in the tunnel the crew sets out and arrives: kept on the phone, and nobody is told that the centre knew', async () => {
      await expect(crew.page.getByText(t.dispatch.crew.state.waiting, { exact: true })).toHaveCount(0, { timeout: TAPPED_MS_MAX });
      await crew.context.setOffline(true);
      await tap(t.dispatch.crew.act['en-route']);
      await tap(t.dispatch.crew.act['on-scene']);
      await expect(crew.page.getByText(t.dispatch.crew.waitingCount(2), { exact: true })).toBeVisible();
      await expect(crew.page.getByText(t.dispatch.crew.state.waiting, { exact: true })).toHaveCount(2);
      // The disk has it a moment after the page.
      const kept = async () => (await outbox(crew.page)).filter(({ state: of }) => of === 'waiting');
      await expect.poll(async () => (await kept()).map(({ status }) => status)).toEqual(['en-route', 'on-scene']);
      tapped = await kept();
    });

    await test.step('meanwhile the node that leads is killed; another one leads, and the wall goes on', async () => {
      const gone = await leaderOf(cluster);
      await killNode(cluster, gone);
      expect(await leaderOf(cluster, gone)).not.toBe(gone);
      await expect(wall.locator('.line[data-state=live]')).toBeVisible({ timeout: MOVED_MS_MAX });
      await expect(incident.unit(story.unit.name, t.unit.status.accepted)).toBeVisible();

      await crew.context.setOffline(false);
      await expect(crew.page.getByText(t.dispatch.crew.state.waiting, { exact: true })).toHaveCount(0, { timeout: MOVED_MS_MAX });
      await expect(incident.unit(story.unit.name, t.unit.status['on-scene'])).toBeVisible({ timeout: MOVED_MS_MAX });
      await startNode(cluster, gone);
    });

    await test.step('the taps arrived once each, in order, with their own times', async () => {
      const steps = (await stepsOf(cluster, story.unit.id)).filter(({ status }) => status === 'en_route' || status === 'on_scene');
      expect(steps.map(({ status, tapped_at_ms }) => [status.replace('_', '-'), tapped_at_ms])).toEqual(tapped.map(({ status, tappedAtMs }) => [status, tappedAtMs]));
      for (const { tapped_at_ms, received_at_ms } of steps) expect(received_at_ms).toBeGreaterThan(tapped_at_ms);
    });

    await test.step('the crew is done; the operator answers the caller and closes the case', async () => {
      await tap(t.dispatch.crew.act.cleared);
      await expect(crew.page.getByText(t.dispatch.crew.noOrder, { exact: true })).toBeVisible({ timeout: TAPPED_MS_MAX });
      await incident.unfoldTold(1);
      await incident.answer(story.answer);
      await incident.close(story.result);
      await expect(incident.row).toHaveCount(0);
      await wall.screenshot({ path: info.outputPath('closed.png') });
    });

    await test.step('the caller reads the answer by the code, and rates it', async () => {
      const { page } = await onPhone(browser, cluster, 1, `/theo-doi?lang=${language}#${code}`);
      await expect(page.getByRole('region', { name: begins(open.follow.status) })).toContainText(story.answer);
      await page.getByRole('radio', { name: `${STARS} ${open.follow.stars[STARS - 1]}` }).check();
      await page.getByRole('button', { name: open.follow.sendRating, exact: true }).click();
      await expect(page.getByText(open.follow.rated(STARS), { exact: true })).toBeVisible();
      await incident.openDone();
      await incident.unfoldTold(1);
      await expect(incident.told).toContainText(t.told.rated(STARS));
    });

    await test.step('the auditor finds in the record what the form suggested, and that it was taken', async () => {
      const { record } = t.admin;
      const page = await sit(browser, cluster, 2, screenIn(language, '/record'), AUDITOR);
      const form = page.getByRole('form', { name: record.filters, exact: true });
      await form.getByLabel(record.why, { exact: true }).fill(story.result);
      await form.getByLabel(record.by, { exact: true }).fill(AGENT);
      await form.getByLabel(record.text, { exact: true }).fill(record.acts['FileReport'] ?? '');
      await form.getByRole('button', { name: record.find, exact: true }).click();
      const taken = (what: string) => `${what} (${record.taken})`;
      const said = literally(record.advised(taken(t.incident.kind[story.kind]), taken('#'))).replace('#', '[^()]+');
      const lines = page.getByRole('table', { name: record.lines, exact: true });
      await expect(lines.getByRole('row').filter({ hasText: new RegExp(said) })).toHaveCount(1);
      await page.screenshot({ path: info.outputPath('record.png') });
    });

    await test.step('nobody waits; the one who said their name calls again by themselves, and it stands in the pop', async () => {
      await expect(waiting).toContainText(t.console.queue.empty, { timeout: MOVED_MS_MAX });
      await expect(agent.locator('.line[data-state=live]')).toBeVisible({ timeout: MOVED_MS_MAX });
      const again = call(cluster, story.second.number);
      await expect(bar).toContainText(t.console.call.incoming, { timeout: MOVED_MS_MAX });
      await expect(bar.getByTestId('number')).toHaveText(story.second.spoken);
      await expect(bar).toContainText(t.console.call.line('1022'));
      await expect(card.getByTestId('name')).toHaveText(story.second.name);
      await agent.screenshot({ path: info.outputPath('named.png') });
      await agent.keyboard.press('F2');
      await expect(state).toContainText(being['on-call']);
      await agent.keyboard.press('F7');
      expect(await again.hungUp).toBe(true);
      await expect(state).toContainText(being['wrap-up']);
      await agent.keyboard.press('F7');
      await expect(state).toContainText(being.available);
      // The picture may come before the answer to the key before, and of one person's orders there is one at a time.
      await expect(bar.getByRole('button', { name: 'F8' })).toBeEnabled();
      await agent.keyboard.press('F8');
      await expect(state).toContainText(being.break, { timeout: MOVED_MS_MAX });
    });
    desk.end();
  });
}
