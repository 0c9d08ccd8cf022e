// Every screen, its files and its questions, in both themes and languages: no fault that axe can find.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { board, crew, enter, enterAt, fake, file, open, panel } from './page';
import { SCREENS } from './screens';

/** Screens that a test here comes to by steps of its own, or that have theirs in a file of their own; the rest is played as it opens. */
const BY_STEPS: readonly string[] = ['login', 'wall', 'models', 'board', 'console', 'phone'];
const IN_THEIR_FILE: readonly string[] = ['rooms', 'nodes', 'admin', 'forces', 'receivers', 'record', 'replay', 'tell', 'follow'];
const AS_IT_OPENS = Object.entries(SCREENS).filter(([name]) => ![...BY_STEPS, ...IN_THEIR_FILE].includes(name));

async function faultless(page: Page, part?: string): Promise<void> {
  const axe = new AxeBuilder({ page });
  const { violations } = await (part === undefined ? axe : axe.include(part)).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`)).toEqual([]);
}

test.afterEach(async ({ page }) => {
  for (const command of ['role?role=', 'surge?on=0', 'calm', 'service']) await fake(page, command);
});

for (const theme of ['dark', 'light'] as const) {
  for (const lang of ['vi', 'en'] as const) {
    const query = `?theme=${theme}&lang=${lang}`;
    const on = `${theme}, ${lang}`;

    test(`axe finds nothing on the login form, ${on}`, async ({ page }) => {
      await page.goto(`/${query}`);
      await page.locator('input[name=person]').fill('hoa');
      await page.locator('input[name=password]').fill('sai');
      await page.keyboard.press('Enter');
      await expect(page.getByRole('alert')).not.toBeEmpty();
      await faultless(page);
    });

    test(`axe finds nothing on the wall, ${on}`, async ({ page }) => {
      await enter(page, `${query}&nomap=1`);
      await faultless(page);
      await open(page, /Cháy kho hàng/);
      await expect(file(page, 'I4819')).toBeVisible();
      await faultless(page);
    });

    test(`axe finds nothing in the wall's other files, ${on}`, async ({ page }) => {
      await enter(page, `${query}&nomap=1`);
      // A suggestion, then a unit, a sensor and a camera.
      await open(page, /Tai nạn xe khách/);
      await expect(file(page, 'I4817').getByRole('region', { name: /Gợi ý|A model/ })).toBeVisible();
      await faultless(page, 'aside');
      await open(page, /Cháy kho hàng/);
      await file(page, 'I4819').getByRole('button', { name: 'XCC-03', exact: false }).first().click();
      await expect(file(page, 'XCC-03')).toBeVisible();
      await faultless(page, 'aside');
      await panel(page, /^(Quan trắc|Measurements)$/).getByRole('listitem').first().getByRole('button').click();
      await expect(page.getByRole('complementary').locator('.u-wrap')).toBeVisible();
      await faultless(page, 'aside');
      await panel(page, /^(Camera|Cameras)$/).getByRole('button').first().click();
      await expect(page.getByRole('complementary').locator('canvas')).toBeVisible();
      await faultless(page, 'aside');
    });

    test(`axe finds nothing on the models, ${on}`, async ({ page }) => {
      await fake(page, 'role?role=admin');
      await enterAt(page, `/models.html${query}`);
      await expect(page.getByRole('img', { name: /^(Độ tin|As sure)/ }).first()).toBeVisible();
      await faultless(page);
    });

    test(`axe finds nothing on the board, ${on}`, async ({ page }) => {
      await board(page, query);
      await panel(page, /^(Sự cố đang mở|Open incidents)$/).getByRole('button').first().click();
      await expect(panel(page, /^(Nên điều|Whom to send) · /).getByRole('listitem').first()).toBeVisible();
      await faultless(page);
    });

    test(`axe finds nothing on the console, ${on}`, async ({ page }) => {
      await fake(page, 'role?role=admin');
      const person = `axe-${theme}-${lang}`;
      await fake(page, 'wait?number=0922000999&ms=26000');
      await fake(page, 'wait?callback=1&number=0922000998&ms=900000');
      await fake(page, 'surge?on=1');
      await enterAt(page, `/console${query}&nomap=1`, person);
      await fake(page, `ring?person=${person}`);
      await expect(page.getByTestId('history')).toHaveText(/3/);
      await page.keyboard.press('F2');
      await page.keyboard.type('cháy kho hàng trong nhà xưởng ở vạn xuân');
      await expect(page.getByRole('region', { name: /^(Có phải|Is it one)/ }).getByRole('listitem').first()).toContainText(/I4\d+/);
      await faultless(page);
      await page.screenshot({ path: `test-results/console/form-${theme}-${lang}.png` });
      await page.keyboard.press('F1');
      await expect(page.locator('[role=listbox]:not([hidden]) [role=option]').first()).toBeVisible();
      await faultless(page);
      await page.screenshot({ path: `test-results/console/line-${theme}-${lang}.png` });
      await page.keyboard.press('Escape');
      await page.keyboard.press('F4');
      await page.keyboard.press('F9');
      await page.keyboard.press('F9');
      await expect(page.getByRole('region', { name: /^(Điều lực lượng|Send units) · I/ }).getByRole('listitem').first()).toBeVisible();
      await faultless(page);
      await page.screenshot({ path: `test-results/console/sent-${theme}-${lang}.png` });
    });

    test(`axe finds nothing on a crew's phone, ${on}`, async ({ page }) => {
      await crew(page, query);
      await expect(page.getByRole('region').first()).toBeVisible();
      await faultless(page);
    });

    for (const [name, come] of AS_IT_OPENS) {
      test(`axe finds nothing on ${name}, ${on}`, async ({ page }) => {
        await page.addInitScript((kept) => localStorage.setItem('trongdong.settings', kept), JSON.stringify({ theme }));
        await come(page, lang);
        await expect(page.locator(`html[data-theme=${theme}]`)).toBeAttached();
        await faultless(page);
      });
    }

    test(`axe finds nothing in the questions, ${on}`, async ({ page }) => {
      const { alarm, incident } = lang === 'vi' ? vi : en;
      await enter(page, `${query}&nomap=1`);
      await open(page, /Cháy kho hàng/);
      const press = (name: RegExp) => page.getByRole('button', { name }).first().click();
      const questions = [
        [incident.openHeading, () => page.keyboard.press('Alt+n')],
        [incident.assignHeading, () => page.keyboard.press('F9')],
        [incident.mergeHeading, () => press(new RegExp(`^${incident.merge}`))],
        [alarm.shelveHeading, () => press(new RegExp(`^${alarm.shelve}: `))],
      ] as const;
      for (const [name, ask] of questions) {
        await ask();
        await expect(page.getByRole('dialog', { name })).toBeVisible();
        await faultless(page, 'dialog');
        await page.keyboard.press('Escape');
        await expect(page.getByRole('dialog')).toHaveCount(0);
      }
    });

    test(`axe finds nothing in what is out of service or suppressed, ${on}`, async ({ page }) => {
      const { service } = (lang === 'vi' ? vi : en).parts;
      await fake(page, 'service?rule=1');
      await enter(page, `${query}&nomap=1`);
      await panel(page, /^(Quan trắc|Measurements)$/).getByRole('listitem').first().getByRole('button').click();
      await page.getByRole('complementary').getByRole('button', { name: service.takeOut, exact: true }).click();
      await expect(page.getByRole('dialog', { name: service.question })).toBeVisible();
      await faultless(page, 'dialog');
      await page.keyboard.press('Escape');
      await panel(page, /^(Cảnh báo|Alarms)$/).getByRole('button', { name: /(ẩn theo thiết kế|suppressed by design)$/ }).click();
      await expect(page.getByRole('dialog', { name: service.heading })).toBeVisible();
      await faultless(page, 'dialog');
    });
  }
}
