// A wall that a whole room reads shows of a discreet kind no words and no address, hides none, and has all in the file.
import { expect, test } from '@playwright/test';
import { enter, file, open, panel } from './page';

for (const [lang, says] of [
  ['vi', { queue: 'Hàng đợi sự cố', more: 'nội dung kín, mở hồ sơ để xem' }],
  ['en', { queue: 'Incident queue', more: 'discreet: open the file to read it' }],
] as const) {
  test(`what is discreet stands on the wall without its words, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&discreet=infrastructure,other&lang=${lang}`);
    await page.setViewportSize({ width: 1920, height: 2400 });
    const row = panel(page, says.queue).getByRole('listitem').filter({ hasText: 'I4816' });
    await expect(row).toContainText(says.more);
    await expect(row).not.toContainText('Mất điện');
    await expect(row).not.toContainText('Đình Cả');
    await expect(row).toContainText('Võ Nhai');
    // Others are as they were.
    await expect(panel(page, says.queue).getByRole('listitem').filter({ hasText: 'I4819' })).toContainText('Cháy kho hàng');
    await open(page, 'I4816');
    await expect(file(page, 'I4816')).toContainText('Mất điện diện rộng');
  });
}
