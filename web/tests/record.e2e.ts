// The auditor's screen: the record by who, what, when and why, in both languages and themes.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { enterAt, fake, panel } from './page';

const DICTS = { vi, en };

async function faultless(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`)).toEqual([]);
}

const audit = async (page: Page, query = '') => {
  await fake(page, 'role?role=auditor');
  await enterAt(page, `/record.html${query}`, 'kiem');
};

test.afterEach(async ({ page }) => {
  await fake(page, 'role?role=');
});

for (const [lang, words] of [
  ['vi', { reason: 'Lý do tra cứu', find: 'Tra cứu', lines: 'Các dòng nhật ký', read: 'Xem dữ liệu nhạy cảm', glass: 'bằng quyền khẩn cấp', who: 'Ai đã mở quyền khẩn cấp', refused: 'bị từ chối: người khác đã sửa trước', hold: 'Giữ máy hoặc nghe tiếp C14', merge: 'Gộp sự cố I4817 → I4819', advised: 'Phiếu gợi ý: Cháy (đã nhận), mức Cao (chọn khác)', tally: '2 phiếu; loại đã nhận 2, mức đã nhận 1.', erased: /đã xóa theo quy định số 3, .*23\/11\/2026 \(dòng 9\)/, withheld: 'Có dữ liệu người gọi', download: 'Tải bản để kiểm chứng', lacks: 'không có nội dung của 2 dòng', older: 'Xem cũ hơn', because: 'Cuộc gọi C13', looked: 'Nhật ký, nhóm 0, mới nhất', at: /^\d\d:\d\d:\d\d,\d{3} \d\d[-/]\d\d$/, key: 'theo mục đích của khóa: sip-1: Tổng đài 113', derived: 'tự suy ra', none: 'không nêu lý do' }],
  ['en', { reason: 'Reason for looking', find: 'Look up', lines: 'Lines of the record', read: 'Sensitive read', glass: 'by emergency access', who: 'Who used emergency access', refused: 'refused: somebody else changed it first', hold: 'Held or resumed a call C14', merge: 'Merged incidents I4817 → I4819', advised: 'The form suggested: Fire (taken), High (chose another)', tally: '2 forms; the kind was taken 2 times, the level 1 times.', erased: /was erased by rule no. 3, .*2026 \(line 9\)/, withheld: 'It tells of a caller', download: 'Download the verifiable export', lacks: 'lacks what 2 lines told', older: 'Older', because: 'Call C13', looked: 'Record, group 0, newest', at: /^\d\d\/\d\d, \d\d:\d\d:\d\d\.\d{3}$/, key: 'what the key is for: sip-1: Tổng đài 113', derived: 'derived', none: 'no reason was given' }],
] as const) {
  for (const theme of ['dark', 'light'] as const) {
    test(`who did what and why is found, newest first, ${lang}, ${theme}`, async ({ page }) => {
      await audit(page, `?lang=${lang}&theme=${theme}`);
      await expect(panel(page, words.who)).toContainText('lũ quét ở huyện bên');
      // Without a reason nothing is looked up.
      await page.getByRole('button', { name: words.find, exact: true }).click();
      await expect(panel(page, words.lines)).toHaveCount(0);
      await page.getByLabel(words.reason).fill('thanh tra quý 3');
      await page.keyboard.press('Enter');
      const lines = panel(page, words.lines);
      // This very look stands in it, on top.
      await expect(lines.getByRole('row').nth(1)).toContainText('thanh tra quý 3');
      await expect(lines.getByRole('row').nth(1)).toContainText(words.looked);
      // When is told to the millisecond: two acts in one second have an order.
      await expect(lines.getByRole('row').nth(1).getByRole('cell').first()).toHaveText(words.at);
      while (await lines.getByRole('button', { name: words.older }).isVisible()) {
        const shown = await lines.getByRole('row').count();
        await lines.getByRole('button', { name: words.older }).click();
        await expect.poll(() => lines.getByRole('row').count()).toBeGreaterThan(shown);
      }
      await expect(lines.getByRole('row').filter({ hasText: 'Camera c-12' })).toContainText(words.read);
      await expect(lines.getByRole('row').filter({ hasText: 'Camera c-12' })).toContainText(words.glass);
      // Nobody typed that: it was looked at in a call, and the reader is told so in their language.
      await expect(lines.getByRole('row').filter({ hasText: words.because }).getByRole('cell', { name: words.because, exact: true })).toBeVisible();
      // What was looked at is said in their language as well.
      await expect(lines.getByRole('cell').filter({ hasText: words.because })).toHaveCount(2);
      for (const name of ['call/C13', 'camera/c-12', 'record/0']) await expect(lines).not.toContainText(name);
      // What follows from the line itself is marked as that; that a person gave no reason is said plainly.
      const byKey = lines.getByRole('row').filter({ hasText: words.hold });
      await expect(byKey).toContainText(words.key);
      await expect(byKey.getByText(words.derived, { exact: true })).toBeVisible();
      const silent = lines.getByRole('row').filter({ hasText: words.merge });
      await expect(silent).toContainText(words.none);
      await expect(silent.getByText(words.derived, { exact: true })).toHaveCount(0);
      await expect(lines).toContainText(words.refused);
      // Whether a form's suggestion was taken is said of its line, and counted.
      await expect(lines.getByRole('row').filter({ hasText: words.advised })).toHaveCount(1);
      await expect(lines).toContainText(words.tally);
      // What was done is said in the reader's words, by no name of the log.
      await expect(lines.locator('[translate=no]')).toHaveCount(0);
      await expect(lines).toContainText(words.erased);
      // What the export for this person lacks is said of its line, and of the file when it is there.
      await expect(lines.getByRole('row').filter({ hasText: 'C12' })).toContainText(words.withheld);
      await expect(lines.getByRole('row').filter({ hasText: 'Camera c-12' })).not.toContainText(words.withheld);
      await page.route('**/api/audit/export', (route) => route.fulfill({ body: 'x', contentType: 'application/octet-stream', headers: { 'x-audit-through': '10', 'x-audit-withheld': '2' } }));
      await page.getByRole('button', { name: words.download }).click();
      await expect(page.getByRole('status').filter({ hasText: words.lacks })).toBeVisible();
      await faultless(page);
    });
  }
}

for (const lang of ['vi', 'en'] as const) {
  const t = DICTS[lang].admin.record;

  test(`lines are narrowed by who, by kind and by words, ${lang}`, async ({ page }) => {
    await audit(page, `?lang=${lang}`);
    const form = page.getByRole('form', { name: t.filters });
    await form.getByLabel(t.why).fill('kiểm tra');
    await form.getByLabel(t.by).fill('lan');
    await form.getByLabel(t.kind).selectOption('right');
    await page.getByRole('button', { name: t.find, exact: true }).click();
    const lines = panel(page, t.lines);
    await expect(lines.getByRole('row')).toHaveCount(2);
    await expect(lines).toContainText('lũ quét ở huyện bên');
    await form.getByLabel(t.text).fill('không có gì như vậy');
    await page.getByRole('button', { name: t.find, exact: true }).click();
    await expect(lines).toContainText(t.none);
    // The words for what was done find it, typed without marks: the log has another name for it.
    await form.getByLabel(t.by).fill('');
    await form.getByLabel(t.kind).selectOption('');
    await form.getByLabel(t.text).fill(lang === 'vi' ? 'gop su co' : 'merged');
    await page.getByRole('button', { name: t.find, exact: true }).click();
    await expect(lines).toContainText('I4817 → I4819');
    await expect(lines.getByRole('row')).toHaveCount(2);
  });

  test(`nobody else reads it, and an auditor is led nowhere else, ${lang}`, async ({ page }) => {
    await fake(page, 'role?role=operator');
    await enterAt(page, `/record.html?lang=${lang}`);
    await expect(page.getByText(t.forbidden)).toBeVisible();
    await page.context().clearCookies();
    await audit(page, `?lang=${lang}`);
    await expect(page.getByRole('banner').getByRole('link')).toHaveCount(0);
  });
}
