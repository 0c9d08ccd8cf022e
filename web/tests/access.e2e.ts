// A code at sign-in, one's second factor, delegations, emergency access, and who is not rung; each in both languages.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { CODE } from './fake/access';
import { enter, enterAt, fake, signIn } from './page';

async function faultless(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
}

/** A day and a month: a delegation may last for weeks. */
const DATED = /\d\d[/-]\d\d/;
const DICTS = { vi, en };

test.beforeEach(({ page }) => fake(page, 'delegations'));
test.afterEach(async ({ page }) => {
  for (const command of ['role?role=', 'delegations', 'storm?n=0']) await fake(page, command);
});

/** Opens one's account, in words of that language. */
async function account(page: Page, { heading }: { heading: string }) {
  await page.getByRole('button', { name: heading }).click();
  return page.getByRole('dialog', { name: heading });
}

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
    for (const key of ['F1', 'Alt+n', 'F9']) await page.keyboard.press(key);
    await dialog.getByRole('heading', { name: words.heading }).click();
    for (const key of ['F1', 'Alt+n', 'F9']) await page.keyboard.press(key);
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

for (const lang of ['vi', 'en'] as const) {
  const t = DICTS[lang].access;
  const banner = (page: Page) => page.getByRole('banner');
  /** Signs in as somebody of one's own for each language: what the fake node knows of them outlives a test. */
  const come = async (page: Page, person: string) => {
    await page.goto(`/?nomap=1&lang=${lang}`);
    await signIn(page, person, 'trongdong');
  };

  test(`a second factor is chosen with the password and counts once a code of it was shown, ${lang}`, async ({ page }) => {
    await come(page, `chon-moi-${lang}`);
    const dialog = await account(page, t);
    const factor = dialog.getByRole('region', { name: t.factor.heading });
    await expect(factor).toContainText(t.factor.none);
    await factor.getByLabel(t.factor.password).fill('sai');
    await factor.getByRole('button', { name: t.factor.choose }).click();
    await expect(dialog.getByRole('alert')).toHaveText(t.factor.refused);
    await factor.getByLabel(t.factor.password).fill('trongdong');
    await factor.getByRole('button', { name: t.factor.choose }).click();
    await expect(factor.getByRole('listitem')).toHaveCount(10);
    await expect(factor).toContainText(t.factor.recovery);
    await faultless(page);
    await factor.getByLabel(t.factor.code).fill(CODE);
    await factor.getByRole('button', { name: t.factor.confirm }).click();
    await expect(factor).toContainText(t.factor.on('10'));
    await factor.getByLabel(t.factor.code).fill('000000');
    await factor.getByRole('button', { name: t.factor.drop }).click();
    await expect(dialog.getByRole('alert')).toHaveText(t.factor.refused);
    await factor.getByLabel(t.factor.code).fill(CODE);
    await factor.getByRole('button', { name: t.factor.drop }).click();
    await expect(factor).toContainText(t.factor.none);
  });

  test(`rights are given for a time, taken up, laid down, and gone when they are revoked, ${lang}`, async ({ page, browser }) => {
    const [giver, deputy] = [`giao-${lang}`, `nhan-${lang}`];
    await come(page, giver);
    const own = (await account(page, t)).getByRole('region', { name: t.delegation.heading });
    const trouble = page.getByRole('dialog').getByRole('alert');
    await expect(own).toContainText(t.delegation.none);
    const give = own.getByRole('button', { name: t.delegation.give });
    await give.click();
    await expect(trouble).toHaveText(t.delegation.lacking);
    await own.getByLabel(t.delegation.reason).fill('đi công tác');
    // A name that nobody has, and one's own.
    for (const [person, why] of [['khong-co', t.delegation.nobody], [giver, t.delegation.invalid]] as const) {
      await own.getByLabel(t.delegation.deputy).fill(person);
      await give.click();
      await expect(trouble).toHaveText(why);
    }
    await own.getByLabel(t.delegation.deputy).fill(deputy);
    await own.getByLabel(t.delegation.hours).fill('72');
    await give.focus();
    await page.keyboard.press('Enter');
    const said = own.locator('p').filter({ hasText: deputy });
    await expect(said).toContainText(t.delegation.given(deputy, '', '').split('  ')[0]!);
    await expect(said).toContainText(DATED);
    await expect(trouble).toBeEmpty();
    await expect(own.getByLabel(t.delegation.deputy)).toHaveValue('');
    await faultless(page);

    const other = await (await browser.newContext()).newPage();
    await come(other, deputy);
    await expect(banner(other)).not.toContainText(giver);
    const theirs = () => other.getByRole('dialog').getByRole('region', { name: t.delegation.heading });
    await account(other, t);
    await expect(theirs()).toContainText('đi công tác');
    await expect(theirs().getByText('đi công tác')).toContainText(DATED);
    // By the keyboard: whoever acts for another sees it in the header, and until when.
    const acting = t.actsFor(giver, '').trim();
    const take = theirs().getByRole('button', { name: t.delegation.take(giver) });
    await take.focus();
    await other.keyboard.press('Enter');
    await expect(banner(other)).toContainText(acting);
    await expect(banner(other).getByRole('status').filter({ hasText: giver })).toContainText(DATED);
    await account(other, t);
    await theirs().getByRole('button', { name: t.delegation.layDown }).click();
    await expect(banner(other)).not.toContainText(acting);
    await account(other, t);
    await take.click();
    await expect(banner(other)).toContainText(acting);
    await faultless(other);

    await own.getByRole('button', { name: t.delegation.revoke(deputy) }).click();
    await expect(said).toHaveCount(0);
    await other.reload();
    await expect(banner(other).getByRole('button', { name: t.heading })).toBeVisible();
    await expect(banner(other)).not.toContainText(giver);
    await account(other, t);
    await expect(theirs()).toContainText(t.delegation.none);
    await other.context().close();
  });

  test(`what is to begin later is shown with its date, and cannot be taken up before, ${lang}`, async ({ page, browser }) => {
    const [giver, deputy] = [`truoc-${lang}`, `sau-${lang}`];
    await come(page, giver);
    const own = (await account(page, t)).getByRole('region', { name: t.delegation.heading });
    await own.getByLabel(t.delegation.deputy).fill(deputy);
    await own.getByLabel(t.delegation.reason).fill('nghỉ phép');
    await own.getByLabel(t.delegation.starts).fill('02/01/2035 07:00');
    await own.getByRole('button', { name: t.delegation.give }).click();
    await expect(own.locator('p').filter({ hasText: deputy })).toContainText(/02[/-]01/);
    const other = await (await browser.newContext()).newPage();
    await come(other, deputy);
    const theirs = (await account(other, t)).getByRole('region', { name: t.delegation.heading });
    for (const begins of ['07:00:00', /02[/-]01/]) await expect(theirs.getByText('nghỉ phép')).toContainText(begins);
    await expect(theirs.getByRole('button', { name: t.delegation.take(giver) })).toHaveCount(0);
    await other.context().close();
  });

  test(`emergency access takes a reason and stands in the header until it ends, ${lang}`, async ({ page }) => {
    await come(page, `khan-cap-${lang}`);
    const dialog = await account(page, t);
    const glass = dialog.getByRole('region', { name: t.glass.heading });
    await glass.getByRole('button', { name: t.glass.open }).click();
    await expect(dialog.getByRole('alert')).toHaveText(t.glass.lacking);
    await glass.getByLabel(t.glass.reason).fill('lũ quét ở huyện bên');
    await glass.getByRole('button', { name: t.glass.open }).click();
    const until = t.glassUntil('').trim();
    await expect(banner(page)).toContainText(until);
    await (await account(page, t)).getByRole('region', { name: t.glass.heading }).getByRole('button', { name: t.glass.end }).click();
    await expect(banner(page)).not.toContainText(until);
  });

  test(`whoever tried too often is told for how long to wait, and then comes in, ${lang}`, async ({ page }) => {
    const said = DICTS[lang].login;
    let refusal = { code: 'too_soon', message: 'too many failed tries: wait 45000 ms' };
    await page.route('**/api/login', (route) => route.fulfill({ status: 429, headers: { 'retry-after': '45' }, json: { field: '', ...refusal } }));
    await come(page, 'doi-mat-khau');
    await expect(page.getByRole('alert')).toHaveText(said.tooSoon('00:45'));
    refusal = { code: 'busy', message: 'too many sign in at once: try again in a second' };
    await signIn(page, 'doi-mat-khau', 'trongdong');
    await expect(page.getByRole('alert')).toHaveText(said.busy);
    await page.unroute('**/api/login');
    await signIn(page, 'doi-mat-khau', 'trongdong');
    await expect(banner(page).getByRole('button', { name: t.heading })).toBeVisible();
  });

  test(`whoever signed in in this browser comes in while somebody at the same address guesses at them, ${lang}`, async ({ page, browser }) => {
    const said = DICTS[lang].login;
    const person = `cung-phong-${lang}`;
    const isIn = () => expect(banner(page).getByRole('button', { name: t.heading })).toBeVisible();
    await come(page, person);
    await isIn();
    await banner(page).getByRole('button', { name: new RegExp(`^${said.logout}: `) }).click();
    await expect(page.locator('input[name=person]')).toBeVisible();
    await fake(page, `guess?at=${person}`);
    const other = await browser.newContext();
    const elsewhere = await other.newPage();
    await come(elsewhere, person);
    await expect(elsewhere.getByRole('alert')).toHaveText(said.tooSoon('00:45'));
    await other.close();
    await signIn(page, person, 'trongdong');
    await isIn();
    // What lets them be counted by themselves is nothing that a page can read or hand on.
    expect(await page.evaluate(() => document.cookie)).toBe('');
  });

  test(`whoever is off duty is told that nothing rings here, and nothing does, ${lang}`, async ({ page, browser }) => {
    const settings = DICTS[lang].settings;
    /** What that person's screen rings while its own clock goes on by more than lies between two rings. */
    const heardBy = async (its: Page, person: string) => {
      await its.addInitScript(() => {
        const create = AudioContext.prototype.createOscillator;
        Object.assign(window, { beats: 0 });
        AudioContext.prototype.createOscillator = function (...args) {
          (window as unknown as { beats: number }).beats += 1;
          return create.apply(this, args);
        };
      });
      const beats = () => its.evaluate(() => (window as unknown as { beats: number }).beats);
      await its.clock.install();
      await enter(its, `?nomap=1&lang=${lang}`, person);
      await expect(its.getByText(t.offDuty)).toHaveCount(person === 'ngoai-ca' ? 1 : 0);
      await its.getByRole('button', { name: settings.soundOff }).click();
      await expect(its.getByRole('button', { name: settings.soundOn })).toBeVisible();
      const before = await beats();
      await its.clock.fastForward(4_500);
      return (await beats()) - before;
    };
    // An alarm of the worst level, which nobody has acknowledged: both screens have it.
    await fake(page, 'storm?n=1');
    const other = await browser.newContext();
    expect(await heardBy(page, 'ngoai-ca')).toBe(0);
    expect(await heardBy(await other.newPage(), 'hoa')).toBeGreaterThan(0);
    await other.close();
  });
}
