// The keys of a screen are listed by Shift+F1, one function key does the same on every screen, and those of a single character can be turned off: then they need Alt (WCAG 2.1.4).
import AxeBuilder from '@axe-core/playwright';
import { expect } from '@playwright/test';
import { test } from './anew';
import { board, enter, enterAt, fake, panel } from './page';

test.afterEach(async ({ page }) => {
  for (const command of ['role?role=', 'calm']) await fake(page, command);
});

for (const [lang, says] of [
  ['vi', { keys: 'Phím tắt của màn hình này', single: 'Dùng phím một ký tự', incidents: 'Sự cố đang mở', send: /^Nên điều · I4801/, button: 'Điều (phím 1)', alt: 'Điều (phím Alt+1)', units: 'Lực lượng', offered: 'Đang mời', told: 'Người gọi kể gì?', line: 'Dòng lệnh', computing: 'Chưa gửi: Đang tính nên điều ai' }],
  ['en', { keys: 'Keys of this screen', single: 'Single characters are keys', incidents: 'Open incidents', send: /^Whom to send · I4801/, button: 'Send (key 1)', alt: 'Send (key Alt+1)', units: 'Units', offered: 'Offered', told: 'What does the caller tell?', line: 'Command line', computing: 'Not sent: Whom to send is being worked out' }],
] as const) {
  test(`on the board a single digit sends until it is turned off, and Alt always does, ${lang}`, async ({ page }) => {
    await board(page, `?lang=${lang}`);
    const incident = panel(page, says.incidents).getByRole('button', { name: /Cây nghiêng/ });
    await incident.click();
    const list = panel(page, says.send);
    await expect(list.getByRole('button', { name: says.button })).toBeVisible();
    await page.keyboard.press('Shift+F1');
    const dialog = page.getByRole('dialog', { name: says.keys });
    await expect(dialog.getByText('1…9', { exact: true })).toBeVisible();
    expect((await new AxeBuilder({ page }).include('dialog').analyze()).violations).toEqual([]);
    await dialog.getByRole('checkbox', { name: says.single }).uncheck();
    await expect(dialog.getByText('1…9', { exact: true })).toHaveCount(0);
    await expect(dialog.getByText('Alt+1…9')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(dialog).toHaveCount(0);
    // The focus is where it was.
    await expect(incident).toBeFocused();
    await expect(list.getByRole('button', { name: says.alt })).toBeVisible();
    const orders: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith('/assign')) orders.push(request.url());
    });
    const best = ((await list.getByRole('listitem').first().locator('b').textContent()) ?? '').trim();
    await page.keyboard.press('1');
    await page.keyboard.press('Alt+1');
    const row = panel(page, says.units).getByRole('listitem').filter({ hasText: best }).first();
    await expect(row).toContainText(says.offered);
    expect(orders).toHaveLength(1);
    // It is kept on this machine.
    await page.reload();
    await panel(page, says.incidents).getByRole('button', { name: /Cây nghiêng/ }).click();
    await expect(list.getByRole('button', { name: says.alt })).toBeVisible();
  });

  test(`on the console letters go to the form until they are turned off, and F1 twice lists the keys, ${lang}`, async ({ page }) => {
    await fake(page, 'role?role=admin');
    await enterAt(page, `/console?nomap=1&lang=${lang}`, `keys-${lang}`);
    const told = page.getByRole('textbox', { name: says.told });
    const outside = page.getByRole('button', { name: /^(Nền|Light|Dark)/ });
    await outside.focus();
    await page.keyboard.press('c');
    await expect(told).toHaveValue('c');
    await page.keyboard.press('F1');
    await expect(page.getByRole('combobox', { name: says.line })).toBeFocused();
    await page.keyboard.press('F1');
    const dialog = page.getByRole('dialog', { name: says.keys });
    await dialog.getByRole('checkbox', { name: says.single }).uncheck();
    await page.keyboard.press('Escape');
    await expect(dialog).toHaveCount(0);
    await outside.focus();
    await page.keyboard.press('d');
    await page.keyboard.press('/');
    await expect(outside).toBeFocused();
    await expect(told).toHaveValue('c');
    // What is typed in the field is the field's.
    await told.focus();
    await page.keyboard.press('h');
    await expect(told).toHaveValue('ch');
  });

  test(`the wall lists its keys by F1, and none of them orders anything behind the list, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await page.keyboard.press('F1');
    const dialog = page.getByRole('dialog', { name: says.keys });
    await expect(dialog.getByText('F9', { exact: true })).toBeVisible();
    await page.keyboard.press('Alt+n');
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
  });

  test(`F1 is the command line on the board as at the console, and pressed there lists the keys, ${lang}`, async ({ page }) => {
    await board(page, `?lang=${lang}`);
    await page.keyboard.press('F1');
    await expect(page.getByRole('combobox', { name: says.line })).toBeFocused();
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await page.keyboard.press('F1');
    const dialog = page.getByRole('dialog', { name: says.keys });
    for (const key of ['F1', 'F2', 'F9']) await expect(dialog.getByText(key, { exact: true })).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(dialog).toHaveCount(0);
  });

  test(`F9 sends the first unit of the board's list, once however long it is held, ${lang}`, async ({ page }) => {
    const orders: string[] = [];
    await page.route('**/api/incidents/*/assign', (route) => {
      orders.push(new URL(route.request().url()).pathname);
      return route.fulfill({ status: 409, json: { code: 'version_conflict', field: '', message: '' } });
    });
    await board(page, `?lang=${lang}`);
    await panel(page, says.incidents).getByRole('button', { name: /Cây nghiêng/ }).click();
    await expect(panel(page, says.send).getByRole('button', { name: says.button })).toBeVisible();
    await page.keyboard.down('F9');
    await page.keyboard.down('F9');
    await page.keyboard.up('F9');
    await expect.poll(() => orders).toEqual(['/api/incidents/I4801/assign']);
  });

  test(`F9 on the board says why nobody goes, ${lang}`, async ({ page }) => {
    const orders: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith('/assign')) orders.push(request.url());
    });
    await page.route('**/api/incidents/*/recommendation', (route) => route.abort());
    await board(page, `?lang=${lang}`);
    await panel(page, says.incidents).getByRole('button', { name: /Cây nghiêng/ }).click();
    await expect(panel(page, says.send)).toBeVisible();
    await page.keyboard.press('F9');
    await expect(panel(page, says.send)).toContainText(says.computing);
    expect(orders).toEqual([]);
  });
}
