// The drill as an operations team runs it from the page, on real nodes: refused while the cluster is not well, marked on wall and phone, watched
// live, stopped by a button or by its own end, and reported promise by promise.
import { facts, killNode, leaderOf, startNode } from './cluster';
import { ADMIN, after, band, begin, CLOSED_MS_MAX, isLive, isReported, isWell, numbered, seats } from './drill';
import { MOVED_MS_MAX, screenIn, sit } from './people';
import { expect, test } from './witness';
import { wordsIn } from './words';

test('a node is lost: marked everywhere, watched, stopped by the button, reported (vi)', async ({ browser }, info) => {
  test.setTimeout(300_000);
  const cluster = facts();
  const suffers = after(await leaderOf(cluster), 1);
  const people = await seats(browser, cluster, suffers, 'vi');
  const { admin, wall, phone, words } = people;
  const { number, course } = await begin(people, 'node-lost', suffers, 120);
  for (const page of [admin, wall, phone]) await expect(band(page, words, number)).toContainText(words.t.drill.nodes(String(suffers)), { timeout: MOVED_MS_MAX });
  await isLive(course, words, suffers);
  // The wall was at the node that is lost now.
  await expect.poll(() => wall.evaluate(() => window.__stats?.node), { timeout: MOVED_MS_MAX }).not.toBe(suffers);
  await expect(wall.locator('.line[data-state=live]')).toBeVisible({ timeout: MOVED_MS_MAX });
  await admin.screenshot({ path: info.outputPath('course.png') });
  await admin.getByRole('button', { name: words.t.drill.stop, exact: true }).click();
  await isReported(people, 'node-lost', number, words.t.drill.end.stopped, info);
});

test('the leader is lost at dispatch: another is elected, the drill ends by itself (en)', async ({ browser }, info) => {
  test.setTimeout(300_000);
  const cluster = facts();
  const suffers = await leaderOf(cluster);
  const people = await seats(browser, cluster, suffers, 'en');
  const { wall, phone, words } = people;
  const { t } = words;
  const { number, course } = await begin(people, 'leader-lost', suffers, 30);
  for (const page of [wall, phone]) await expect(band(page, words, number)).toContainText(t.drill.scenario['leader-lost'], { timeout: MOVED_MS_MAX });
  await expect(course.getByText(numbered(t.drill.elections('#'), '[1-9]\\d*'))).toBeVisible({ timeout: MOVED_MS_MAX });
  // What is opened for the exercise says that it is one. The queue does not scroll, and sensors that fell silent since stand above it.
  await wall.setViewportSize({ width: 1920, height: 1700 });
  const queue = wall.getByRole('region', { name: t.incident.heading, exact: true });
  await expect(queue.getByRole('listitem').filter({ hasText: t.incident.exercise }).first()).toBeVisible({ timeout: MOVED_MS_MAX });
  await isReported(people, 'leader-lost', number, t.drill.end.over, info);
  await expect(queue.getByRole('listitem').filter({ hasText: t.incident.exercise })).toHaveCount(0, { timeout: MOVED_MS_MAX });
});

test('a cluster that is not well is not drilled: the page says what is to be done first, and so does the gateway', async ({ browser }) => {
  test.setTimeout(240_000);
  const cluster = facts();
  const { t } = wordsIn('en');
  const gone = after(await leaderOf(cluster), 1);
  const at = after(gone, 1);
  const admin = await sit(browser, cluster, at, screenIn('en', '/drill'), ADMIN);
  const form = admin.getByRole('form', { name: t.drill.start, exact: true });
  const button = form.getByRole('button', { name: t.drill.begin, exact: true });
  await isWell(form);
  // It breaks no node: whatever holds it back is the cluster.
  await form.getByRole('combobox', { name: t.drill.what, exact: true }).selectOption('call-surge');
  await expect(button).toBeEnabled();
  await killNode(cluster, gone);
  const against = form.getByRole('alert').filter({ hasText: t.drill.notWell });
  await expect(against).toContainText(`Node ${gone}`, { timeout: MOVED_MS_MAX });
  await expect(button).toBeDisabled();
  const wanted = { scenario: 'leader_lost', nodes: [], seconds: 10, strength: 0, purpose: 'e2e' };
  const answer = await admin.request.post(`${cluster.urls[at - 1]}/api/drills`, { data: wanted });
  expect([answer.status(), ((await answer.json()) as { code: string }).code]).toEqual([409, 'unhealthy']);
  await startNode(cluster, gone);
  await expect(form.getByRole('alert')).toHaveCount(0, { timeout: CLOSED_MS_MAX });
  await expect(button).toBeEnabled();
});
