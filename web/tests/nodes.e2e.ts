// The page of the cluster's nodes: what is to be done in words, each group, each node; and nothing old.
import { expect } from '@playwright/test';
import AxeBuilder from '@axe-core/playwright';
import { test } from './anew';
import { enterAt, fake, panel } from './page';

test.afterEach(async ({ page }) => {
  for (const command of ['cut?down=0', 'drill-against?on=0', 'role?role=']) await fake(page, command);
});

const SAYS = {
  vi: { findings: 'Việc cần làm', groups: 'Nhóm', nodes: 'Nút', well: 'TỐT', nothing: 'Không có gì phải làm.', degraded: 'CẦN XỬ LÝ', silent: 'không trả lời', todo: 'Nút 3 không trả lời: kiểm tra máy.', leads: 'nút 1', missing: 'thiếu nút', old: 'không hiện số liệu cũ', node3: /nút 3/ },
  en: { findings: 'What to do', groups: 'Groups', nodes: 'Nodes', well: 'WELL', nothing: 'Nothing needs to be done.', degraded: 'NEEDS WORK', silent: 'no answer', todo: 'Node 3 does not answer: look at its machine.', leads: 'node 1', missing: 'a node is missing', old: 'old figures are not shown', node3: /node 3/ },
} as const;

for (const lang of ['vi', 'en'] as const) {
  const says = SAYS[lang];
  for (const theme of ['dark', 'light'] as const) {
    test(`who leads, how far, and what is to be done, ${lang}, ${theme}`, async ({ page }) => {
      await fake(page, 'role?role=admin');
      await enterAt(page, `/nodes.html?lang=${lang}&theme=${theme}`);
      const findings = page.getByRole('region', { name: says.findings });
      const groups = page.getByRole('region', { name: says.groups, exact: true });
      const nodes = page.getByRole('region', { name: says.nodes, exact: true });
      await expect(findings).toContainText(says.well);
      await expect(findings).toContainText(says.nothing);
      await expect(groups.getByRole('row')).toHaveCount(10);
      await expect(groups.getByRole('row').nth(1)).toContainText(says.leads);
      await expect(nodes.getByRole('row', { name: says.node3 })).toContainText('GiB');
      await fake(page, 'drill-against?on=1');
      await expect(findings).toContainText(says.degraded);
      await expect(findings).toContainText(says.todo);
      await expect(groups.getByRole('row').nth(1)).toContainText(says.missing);
      // Of a node that does not answer nothing is shown that it said before.
      await expect(nodes.getByRole('row', { name: says.node3 })).toContainText(says.silent);
      await expect(nodes.getByRole('row', { name: says.node3 })).not.toContainText('GiB');
      expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
    });
  }

  test(`what is old is not shown, ${lang}`, async ({ page }) => {
    await fake(page, 'role?role=admin');
    await enterAt(page, `/nodes.html?lang=${lang}`);
    await expect(page.getByRole('table')).toHaveCount(3);
    await page.route('**/api/drills/watch', (route) => route.abort());
    await expect(page.getByRole('alert').filter({ hasText: says.old })).toBeVisible({ timeout: 20_000 });
    await expect(page.getByRole('table')).toHaveCount(0);
    await page.unroute('**/api/drills/watch');
    await expect(page.getByRole('table')).toHaveCount(3);
  });
}

const OWN = {
  vi: { elections: 'Ai điều khiển từ lúc nào', reign: 'nút 1 · nhiệm kỳ 9', all: 'Mọi lần đổi mà các nút còn nhớ', before: /^nhóm 0: nút 2, nhiệm kỳ 8, từ / , own: 'Đường truyền của màn hình này, 1 giờ qua', none: 'Cụm và màn hình này đều tốt.', unknown: 'Chưa hỏi được cụm', cluster: 'Màn hình này tốt: lỗi ở cụm.', live: 'đang nối với nút 1', roundTrip: /vừa rồi \d+ ms/, cut: 'đang đứt', never: 'đứt 0 lần, nối lại 0 lần', once: 'đứt 1 lần, nối lại 1 lần' },
  en: { elections: 'Who led from when', reign: 'node 1 · term 9', all: 'All changes that the nodes remember', before: /^group 0: node 2, term 8, from /, own: "This screen's own line, last hour", none: 'The cluster and this screen are well.', unknown: 'The cluster could not be asked', cluster: 'This screen is well: the fault is in the cluster.', live: 'stands, to node 1', roundTrip: /last \d+ ms/, cut: 'cut', never: 'cut 0 times, back 0 times', once: 'cut 1 times, back 1 times' },
} as const;
for (const lang of ['vi', 'en'] as const) {
  const says = OWN[lang];
  test(`who led from when, ${lang}`, async ({ page }) => {
    await fake(page, 'role?role=admin');
    await enterAt(page, `/nodes.html?lang=${lang}`);
    const elections = page.getByRole('region', { name: says.elections, exact: true });
    await expect(elections.getByRole('row')).toHaveCount(10);
    const first = elections.getByRole('row').nth(1);
    await expect(first).toContainText(says.reign);
    // The leader before is in the drawing as well: two bars.
    await expect(first.locator('rect')).toHaveCount(2);
    await elections.getByText(says.all).click();
    await expect(elections.getByRole('listitem')).toHaveCount(18);
    await expect(elections.getByRole('listitem').nth(1)).toHaveText(says.before);
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  });

  test(`whether a fault is the screen's or the cluster's, ${lang}`, async ({ page }) => {
    await fake(page, 'role?role=admin');
    await enterAt(page, `/nodes.html?lang=${lang}`);
    const own = page.getByRole('region', { name: says.own, exact: true });
    await expect(own).toContainText(says.none);
    await expect(own).toContainText(says.live);
    await expect(own).toContainText(says.roundTrip);
    await expect(own).toContainText(says.never);
    await fake(page, 'drill-against?on=1');
    await expect(own).toContainText(says.cluster);
    await fake(page, 'drill-against?on=0');
    await page.route('**/api/drills/watch', (route) => route.abort());
    await expect(own).toContainText(says.unknown, { timeout: 20_000 });
    await page.unroute('**/api/drills/watch');
    await expect(own).toContainText(says.none);
    await fake(page, 'cut?down=1');
    await expect(own.getByText(says.cut, { exact: true })).toBeVisible();
    await fake(page, 'cut?down=0');
    await expect(own).toContainText(says.once, { timeout: 30_000 });
    // Another page of the same tab takes it along, and brings it back.
    await page.goto(`/models.html?lang=${lang}`);
    await page.goto(`/nodes.html?lang=${lang}`);
    await expect(own).toContainText(says.live);
    await expect(own).toContainText(says.once);
  });
}

test('an administrator comes there from every page, and nobody else', async ({ page }) => {
  await fake(page, 'role?role=admin');
  await enterAt(page, '/models.html');
  await page.getByRole('link', { name: 'Các nút', exact: true }).click();
  await expect(panel(page, 'Việc cần làm')).toBeVisible();
  await fake(page, 'role?role=operator');
  await page.goto('/nodes.html');
  await expect(page.getByText('Chỉ quản trị viên toàn tỉnh mở được trang này.')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Các nút', exact: true })).toHaveCount(0);
});
