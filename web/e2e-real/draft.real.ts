// What an agent has written survives the crash of the browser and of the node at which it was typed, also when both are gone and the agent goes on
// at another machine.
import { facts, killNode, leaderOf, startNode } from './cluster';
import { MOVED_MS_MAX, screenIn, sit } from './people';
import { call, hasSipp, phone, seat } from './telephone';
import { expect, test, witness } from './witness';
import { begins, literally, wordsIn } from './words';

const AGENT = 'tong-dai';
const NUMBER = '0933555777';
/** Where the agent types; the telephone is at another one. */
const TYPED_AT = 2;
const GOES_ON_AT = 3;
const TOLD = 'sat lo dat o tich luong, ';
const TOLD_ON = 'dat lap nua duong truoc truong hoc';
const KIND = 'infrastructure';
const WARD = 'Tích Lương';

test('a form that is not saved outlives the browser, the node and the machine', async ({ browser }) => {
  expect(hasSipp, 'sipp is not there: apt-get install sip-tester').toBe(true);
  test.setTimeout(240_000);
  const { t } = wordsIn('vi');
  const { kept } = t.console.form;
  const being = t.console.agent.state;
  const cluster = facts();
  const desk = await phone();
  await seat(cluster, AGENT, desk.address);
  const screen = screenIn('vi', '/console');
  const agent = await sit(browser, cluster, TYPED_AT, screen, AGENT);
  const stateOf = (page: typeof agent) => page.getByRole('region', { name: t.console.call.heading, exact: true }).locator('.state');
  const text = (page: typeof agent) => page.getByRole('textbox', { name: t.console.form.text, exact: true });
  const kind = (page: typeof agent) => page.getByRole('region', { name: begins(t.console.form.heading) }).getByRole('combobox', { name: t.console.form.kind, exact: true });

  await test.step('a call is answered, and what is told is kept here and at the centre', async () => {
    await expect(stateOf(agent)).toHaveText(new RegExp(`^\\s*(${literally(being.off)}|${literally(being.break)})\\s*$`));
    await agent.keyboard.press('F8');
    await expect(stateOf(agent)).toContainText(being.available);
    call(cluster, NUMBER);
    await expect(stateOf(agent)).toContainText(being.ringing);
    await agent.keyboard.press('F2');
    await expect(stateOf(agent)).toContainText(being['on-call']);
    await agent.keyboard.type(TOLD);
    await expect(agent.getByText(kept.centre, { exact: true })).toBeVisible();
  });

  const again = await test.step('the browser crashes in the middle of a sentence: it stands there when the page is opened again', async () => {
    await agent.keyboard.type(TOLD_ON);
    await expect(text(agent)).toHaveValue(TOLD + TOLD_ON);
    const crashed = agent.waitForEvent('crash');
    const devtools = await agent.context().newCDPSession(agent);
    // It gets no answer: who would give it is gone.
    void devtools.send('Page.crash').catch(() => {});
    await crashed;
    const page = witness(await agent.context().newPage(), 'after the crash');
    await page.goto(`${cluster.urls[TYPED_AT - 1]}${screen}`);
    await expect(page.locator('.line[data-state=live]')).toBeVisible({ timeout: MOVED_MS_MAX });
    await expect(text(page)).toHaveValue(TOLD + TOLD_ON);
    await expect(page.getByRole('status', { name: t.console.form.suggested, exact: true })).toContainText(WARD);
    await page.keyboard.press('F4');
    await expect(kind(page)).toHaveValue(KIND);
    await expect(page.getByText(kept.centre, { exact: true })).toBeVisible({ timeout: MOVED_MS_MAX });
    return page;
  });

  await test.step('the node is killed and the machine is gone: another machine at another node has all of it, and saves it', async () => {
    await killNode(cluster, TYPED_AT);
    await leaderOf(cluster, TYPED_AT);
    await again.context().close();
    const page = await sit(browser, cluster, GOES_ON_AT, screen, AGENT);
    await expect(text(page)).toHaveValue(TOLD + TOLD_ON, { timeout: MOVED_MS_MAX });
    await expect(kind(page)).toHaveValue(KIND);
    await page.keyboard.press('F9');
    await expect(page.getByText(new RegExp(literally(t.console.sent.saved('#')).replace('#', 'I\\d+')))).toBeVisible({ timeout: MOVED_MS_MAX });
    await page.keyboard.press('F7');
    await expect(stateOf(page)).toContainText(being['wrap-up'], { timeout: MOVED_MS_MAX });
    await page.keyboard.press('F7');
    await expect(stateOf(page)).toContainText(being.available, { timeout: MOVED_MS_MAX });
    await page.keyboard.press('F8');
    await expect(stateOf(page)).toContainText(being.break, { timeout: MOVED_MS_MAX });
    await startNode(cluster, TYPED_AT);
  });
  desk.end();
});
