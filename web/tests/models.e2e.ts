import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';

/** Groups of a cluster, each of which sends its snapshot. */
const GROUPS = 9;
const fake = (page: Page, command: string) => page.request.get(`/fake/${command}`);

async function enter(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await page.locator('input[name=person]').fill('hoa');
  await page.locator('input[name=password]').fill('trongdong');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.evaluate(() => window.__stats?.snapshots), { timeout: 30_000 }).toBe(GROUPS);
}

/** Opens the file of an incident of the queue, wherever it stands: the queue shows as many as fit. */
async function open(page: Page, summary: RegExp): Promise<void> {
  const queue = page.getByRole('region', { name: /^(Hàng đợi sự cố|Incident queue)$/ });
  const wanted = queue.getByRole('button', { name: summary });
  await expect(queue.getByRole('listitem').first()).toBeVisible();
  if (!(await wanted.isVisible())) await queue.getByRole('button', { name: /sự cố phía dưới|incidents below/ }).click();
  await wanted.click();
}

/** The tally of a version as the register's screen shows it. */
async function tally(page: Page, model: string, version: string, count: string): Promise<string> {
  const row = page.getByRole('region', { name: model, exact: true }).getByRole('row').filter({ has: page.getByRole('button', { name: version, exact: true }) });
  return (await row.locator(`[data-count=${count}]`).textContent()) ?? '';
}

test.afterEach(async ({ page }) => {
  for (const command of ['hold?ms=0', 'fail?n=0', 'role?role=', 'model-silent?of=triage/v1&on=0']) await fake(page, command);
});

test('a suggestion is accepted by keyboard; incident and register change when the log has it', async ({ page }) => {
  await enter(page, '/models.html');
  const before = Number(await tally(page, 'triage', 'v1', 'accepted'));
  await page.goto('/?nomap=1');
  await open(page, /Tai nạn xe khách/);
  const file = page.getByRole('complementary', { name: 'I4817' });
  const card = file.getByRole('region', { name: 'Gợi ý của mô hình' });
  await expect(card).toContainText('Cấp cứu · Cao');
  await expect(card).toContainText('tin 91 %');
  await expect(card).toContainText('triage · bản v1');
  await expect(card.locator('q')).toHaveText(['tai nạn', 'xe khách']);
  await expect(file.locator('.file-head')).toContainText('Giao thông');
  await fake(page, 'hold?ms=700');
  await card.getByRole('button', { name: 'Nhận' }).focus();
  await page.keyboard.press('Enter');
  // Pending: nothing is shown as done before the log has it.
  await expect(card).toContainText('Đang ghi');
  await expect(file.locator('.file-head')).toContainText('Giao thông');
  await expect(card).toContainText('Đã ghi');
  await expect(file.locator('.file-head')).toContainText('Cấp cứu');
  await expect(card).toContainText('Đã nhận · Trần Thị Hoa');
  await expect(file.getByRole('list', { name: 'Diễn biến' })).toContainText('Quyết gợi ý của mô hình');
  await page.goto('/models.html');
  await expect.poll(() => tally(page, 'triage', 'v1', 'accepted')).toBe(String(before + 1));
});

test('a suggestion is overridden, in English; what the person set stands beside what was said', async ({ page }) => {
  await enter(page, '/models.html?lang=en');
  const before = Number(await tally(page, 'triage', 'v1', 'overridden'));
  await page.goto('/?nomap=1&lang=en');
  await open(page, /Mưa lớn/);
  const card = page.getByRole('complementary', { name: 'I4815' }).getByRole('region', { name: 'A model suggests' });
  await expect(card).toContainText('Infrastructure · High');
  await expect(card).toContainText('4 people, 1 of them vulnerable');
  await card.getByRole('button', { name: 'Override' }).click();
  // The first choice has the focus, so the keyboard goes on from there.
  await expect(card.getByLabel('Kind instead')).toBeFocused();
  await card.getByRole('button', { name: 'Save' }).click();
  await expect(card).toContainText('Refused');
  await card.getByLabel('Kind instead').selectOption('flood');
  await card.getByLabel('Severity instead').selectOption({ label: '3 · Medium' });
  await card.getByRole('button', { name: 'Save' }).click();
  await expect(card).toContainText('Overridden · Trần Thị Hoa');
  await expect(card).toContainText('→ Flood · Medium');
  await expect(card).toContainText('Infrastructure · High');
  await page.goto('/models.html?lang=en');
  await expect.poll(() => tally(page, 'triage', 'v1', 'overridden')).toBe(String(before + 1));
});

test('a duplicate is dismissed, and the incident stays', async ({ page }) => {
  await enter(page, '/?nomap=1');
  await open(page, /Mất điện/);
  const file = page.getByRole('complementary', { name: 'I4816' });
  const card = file.getByRole('region', { name: 'Gợi ý của mô hình' });
  await expect(card).toContainText('Trùng với I4820');
  await card.getByRole('button', { name: 'Bỏ' }).click();
  await expect(card).toContainText('Đã bỏ');
  await expect(file.locator('.file-head')).toContainText('Đã điều lực lượng');
});

test('who only watches sees the suggestion and decides nothing', async ({ page }) => {
  await fake(page, 'role?role=viewer');
  await enter(page, '/?nomap=1');
  await open(page, /Tai nạn xe khách/);
  const card = page.getByRole('region', { name: 'Gợi ý của mô hình' });
  await expect(card).toBeVisible();
  await expect(card.getByRole('button')).toHaveCount(0);
  await page.goto('/models.html');
  await expect(page.getByRole('main')).toContainText('Chỉ quản trị viên');
});

test('every screen says that a model is slow or off, and that the rules carry on', async ({ page }) => {
  await enter(page, '/?nomap=1');
  await fake(page, 'model-silent?of=triage/v1&on=1');
  await expect(page.getByText('Mô hình đang chậm (triage) — luật vẫn chạy')).toBeVisible();
  await fake(page, 'model-silent?of=triage/v1&on=0');
  await expect(page.getByText('luật vẫn chạy')).toHaveCount(0);
  await fake(page, 'role?role=admin');
  await page.goto('/models.html?lang=en');
  const card = page.getByRole('region', { name: 'triage', exact: true });
  await card.getByRole('button', { name: 'Turn off' }).click();
  await expect(card.getByRole('button', { name: 'Confirm' })).toBeDisabled();
  await card.getByLabel('Reason (required)').fill('wrong since noon');
  await card.getByRole('button', { name: 'Confirm' }).click();
  await expect(card).toContainText('“wrong since noon” — Trần Thị Hoa');
  await expect(page.getByText('Models off (triage) — rules carry on')).toBeVisible();
  await card.getByRole('button', { name: 'Turn on' }).click();
  await card.getByLabel('Reason (required)').fill('looked at it');
  await card.getByRole('button', { name: 'Confirm' }).click();
  await expect(page.getByText('rules carry on')).toHaveCount(0);
});

test('an administrator registers a version, rolls it out and back', async ({ page }) => {
  await fake(page, 'role?role=admin');
  await enter(page, '/models.html');
  const form = page.getByRole('form', { name: 'Đăng ký phiên bản' });
  await form.getByLabel('Tên mô hình').fill('same');
  await form.getByLabel('Tên phiên bản').fill('v2');
  await form.getByLabel('Dùng để').selectOption('duplicate');
  await form.getByLabel('Mã băm SHA-256').fill('ab'.repeat(32));
  await form.getByLabel('Dữ liệu huấn luyện và đo').fill('bộ tin tự viết, hạt giống 2');
  await form.getByLabel('Chất lượng').fill('precision 0.9');
  await form.getByRole('button', { name: 'Đăng ký' }).click();
  await expect(form.getByRole('alert')).toHaveText('Dòng phải có dạng: tên = số.');
  await form.getByLabel('Chất lượng').fill('precision = 0.91\nrecall = 0,8');
  await form.getByRole('button', { name: 'Đăng ký' }).click();
  const card = page.getByRole('region', { name: 'same', exact: true });
  const row = (version: string) => card.getByRole('row').filter({ has: page.getByRole('button', { name: version, exact: true }) });
  await expect(row('v2')).toContainText('Không dùng');
  await row('v2').getByRole('button', { name: 'Cho chạy bóng' }).click();
  await expect(row('v2')).toContainText('Chạy bóng');
  await row('v2').getByRole('button', { name: 'Cho gợi ý' }).click();
  await expect(row('v2')).toContainText('Đang gợi ý');
  await expect(row('v1')).toContainText('Không dùng');
  await card.getByRole('button', { name: 'v2', exact: true }).click();
  await expect(card).toContainText('recall 0.8');
  await row('v2').getByRole('button', { name: 'Lùi về bản trước' }).click();
  await expect(row('v1')).toContainText('Đang gợi ý');
});

for (const theme of ['dark', 'light'] as const) {
  for (const language of ['vi', 'en'] as const) {
    test(`axe finds nothing on models and suggestions, ${theme}, ${language}`, async ({ page }) => {
      await fake(page, 'role?role=admin');
      await enter(page, `/models.html?theme=${theme}&lang=${language}`);
      await expect(page.getByRole('img', { name: /^(Độ tin|As sure)/ }).first()).toBeVisible();
      const { violations } = await new AxeBuilder({ page }).analyze();
      await page.goto(`/?nomap=1&theme=${theme}&lang=${language}`);
      await page.getByRole('button', { name: /Tai nạn xe khách/ }).click();
      await expect(page.getByRole('complementary')).toBeVisible();
      const wall = await new AxeBuilder({ page }).analyze();
      const found = [...violations, ...wall.violations];
      expect(found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`)).toEqual([]);
    });
  }
}
