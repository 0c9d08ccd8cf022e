// A code at sign-in, one's second factor, emergency access, and who is not rung.
import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';
import { CODE } from './fake/access';
import { enter, enterAt, fake, signIn } from './page';

async function faultless(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
}

test.afterEach(async ({ page }) => {
  await fake(page, 'role?role=');
});

for (const [lang, words] of [
  ['vi', { code: 'Mã xác thực', denied: /Mã sai hoặc đã dùng/, heading: 'Tài khoản và quyền', lacking: 'Chưa ghi người gọi kể gì.' }],
  ['en', { code: 'Authentication code', denied: /wrong or was used before/, heading: 'Account and rights', lacking: 'What the caller tells is not written.' }],
] as const) {
  test(`whoever has a second factor is asked for a code, ${lang}`, async ({ page }) => {
    await page.goto(`/?lang=${lang}&nomap=1`);
    await signIn(page, 'hai-buoc', 'trongdong');
    const code = page.getByLabel(words.code);
    await expect(code).toBeFocused();
    await faultless(page);
    await code.fill('000000');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('alert')).toContainText(words.denied);
    await code.fill(CODE);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('button', { name: words.heading })).toBeVisible();
  });

  test(`what is pressed over one's account orders nothing on the screen behind, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await page.getByRole('button', { name: words.heading }).click();
    const dialog = page.getByRole('dialog', { name: words.heading });
    await expect(dialog).toBeVisible();
    // From the keyboard's place, and after a click on what takes no focus.
    for (const key of ['F1', 'F8', 'F9']) await page.keyboard.press(key);
    await dialog.getByRole('heading', { name: words.heading }).click();
    for (const key of ['F1', 'F8', 'F9']) await page.keyboard.press(key);
    await expect(page.getByRole('dialog')).toHaveCount(1);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await expect(page.getByRole('button', { name: words.heading })).toBeFocused();
  });

  test(`F9 over one's account saves nothing of the console's form, ${lang}`, async ({ page }) => {
    await fake(page, 'role?role=admin');
    await enterAt(page, `/console?nomap=1&lang=${lang}`, `account-${lang}`);
    await page.getByRole('button', { name: words.heading }).click();
    await expect(page.getByRole('dialog', { name: words.heading })).toBeVisible();
    await page.keyboard.press('F9');
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await expect(page.getByText(words.lacking)).toHaveCount(0);
    // The form is empty, and says so at once when it is asked to be saved.
    await page.keyboard.press('F9');
    await expect(page.getByText(words.lacking)).toBeVisible();
  });
}

test('a second factor is chosen with the password and counts once a code of it was shown', async ({ page }) => {
  await page.goto('/?nomap=1');
  await signIn(page, 'chon-moi', 'trongdong');
  await page.getByRole('button', { name: 'Tài khoản và quyền' }).click();
  const factor = page.getByRole('region', { name: 'Xác thực hai bước' });
  await factor.getByLabel('Mật khẩu của bạn').fill('sai');
  await factor.getByRole('button', { name: 'Bật' }).click();
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText('không đúng');
  await factor.getByLabel('Mật khẩu của bạn').fill('trongdong');
  await factor.getByRole('button', { name: 'Bật' }).click();
  await expect(factor.getByRole('listitem')).toHaveCount(10);
  await faultless(page);
  await factor.getByLabel('Mã trong ứng dụng').fill(CODE);
  await factor.getByRole('button', { name: 'Xác nhận' }).click();
  await expect(factor).toContainText('Đang bật');
  await factor.getByLabel('Mã trong ứng dụng').fill(CODE);
  await factor.getByRole('button', { name: 'Tắt' }).click();
  await expect(factor).toContainText('Chưa bật');
});

test('emergency access takes a reason and stands in the header until it ends', async ({ page }) => {
  await page.goto('/?nomap=1');
  await signIn(page, 'khan-cap', 'trongdong');
  await page.getByRole('button', { name: 'Tài khoản và quyền' }).click();
  const glass = page.getByRole('region', { name: 'Quyền khẩn cấp' });
  await glass.getByRole('button', { name: 'Mở quyền khẩn cấp' }).click();
  await expect(page.getByRole('dialog').getByRole('alert')).not.toBeEmpty();
  await glass.getByLabel('Lý do khẩn cấp').fill('lũ quét ở huyện bên');
  await glass.getByRole('button', { name: 'Mở quyền khẩn cấp' }).click();
  await expect(page.getByRole('banner')).toContainText('Quyền khẩn cấp đến');
  await page.getByRole('button', { name: 'Tài khoản và quyền' }).click();
  await page.getByRole('region', { name: 'Quyền khẩn cấp' }).getByRole('button', { name: 'Kết thúc' }).click();
  await expect(page.getByRole('banner')).not.toContainText('Quyền khẩn cấp đến');
});

test('whoever is off duty is told that nothing rings here', async ({ page }) => {
  await page.goto('/?nomap=1');
  await signIn(page, 'ngoai-ca', 'trongdong');
  await expect(page.getByText('Ngoài ca trực: không reo')).toBeVisible();
});
