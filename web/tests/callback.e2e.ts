// Who gave up before being answered stands in the console's list, with the reason, until somebody has reached them.
import { expect } from '@playwright/test';
import { test } from './anew';
import { enterAt, fake } from './page';

test.beforeEach(async ({ page }) => {
  await fake(page, 'role?role=admin');
  await fake(page, 'calm');
});
test.afterEach(async ({ page }) => {
  for (const command of ['role?role=', 'calm']) await fake(page, command);
});

for (const [lang, says] of [
  ['vi', { list: 'Cần gọi lại: 1', none: 'Không ai chờ gọi lại.', why: 'gác máy khi chưa ai nghe', back: 'Gọi lại', vain: 'gọi lại chưa gặp', tries: '1/3', ofCalls: /^Trong giờ qua, \d+ cuộc gọi:$/, late: /▼ nghe trong 15 s: \d+ % \(cần 90\)/ }],
  ['en', { list: 'To call back: 1', none: 'Nobody waits for a call back.', why: 'hung up before anybody answered', back: 'Call back', vain: 'called back in vain', tries: '1 of 3', ofCalls: /^Calls of the last hour, \d+:$/, late: /▼ answered in 15 s: \d+ % \(90 asked\)/ }],
] as const) {
  test(`who hung up unanswered is listed until they were reached, ${lang}`, async ({ page }) => {
    await enterAt(page, `/console?nomap=1&lang=${lang}`, `owed-${lang}`);
    await expect(page.getByText(says.none)).toBeVisible();
    await fake(page, 'wait?callback=1&why=hung_up&number=0933000555&ms=60000');
    const list = page.getByRole('list', { name: says.list });
    const row = list.getByRole('listitem').filter({ hasText: '0933 000 555' });
    await expect(row).toContainText(says.why);
    // Who gave up was not answered in time, and the figure says so.
    await expect(page.getByText(says.late)).toBeVisible();
    await expect(page.getByText(says.ofCalls)).toBeVisible();
    // Called in vain: it stands there again, and says so.
    await row.getByRole('button', { name: says.back }).click();
    await expect(page.getByText(says.none)).toBeVisible();
    await page.keyboard.press('F7');
    await expect(row).toContainText(says.vain);
    await expect(row).toContainText(says.tries);
    // Reached: nobody owes them anything any more.
    await page.keyboard.press('F7');
    const bar = page.getByRole('region', { name: /^(Cuộc gọi|Call)$/ });
    await expect(bar.locator('.state')).toContainText(/Sẵn sàng|Available/);
    await row.getByRole('button', { name: says.back }).click();
    await expect(page.getByText(says.none)).toBeVisible();
    await page.keyboard.press('F2');
    await expect(bar.locator('.state')).toHaveText(/Đang nghe|On a call/);
    // Said once: my own state is the call's.
    await expect(bar.locator('.call')).not.toContainText(/Đang nghe|Talking|Đang gọi lại|Calling back/);
    await expect(page.getByText(says.none)).toBeVisible();
  });
}
