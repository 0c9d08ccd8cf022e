// The administrator's screen: people, delegations, rosters, keys, emergency access, who is held up; each command pending, then
// committed or refused. In both languages and themes, and by the keyboard.
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

const BECAUSE = 'đổi ca theo quyết định 12';
const WHY = /^(Vì sao thay đổi|Why this is changed)/;

const administer = async (page: Page, query = '') => {
  await fake(page, 'role?role=admin');
  await enterAt(page, `/admin.html${query}`);
  await page.getByLabel(WHY).fill(BECAUSE);
};

test.beforeEach(async ({ page }) => {
  for (const command of ['accounts', 'delegations']) await fake(page, command);
});
test.afterEach(async ({ page }) => {
  for (const command of ['role?role=', 'provider', 'accounts', 'delegations']) await fake(page, command);
});

for (const [lang, words] of [
  ['vi', { people: 'Người và vai trò', rosters: 'Lịch trực', keys: 'Khóa dịch vụ', glass: 'Quyền khẩn cấp', holds: /^Đang phải chờ đăng nhập/, duty: 'Đang trực: hoa', rooms: 'Phòng: Trung tâm tỉnh', wrong: 'sai mật khẩu' }],
  ['en', { people: 'People and roles', rosters: 'Rosters', keys: 'Service keys', glass: 'Emergency access', holds: /^Held up at sign-in/, duty: 'On duty: hoa', rooms: 'Rooms: Trung tâm tỉnh', wrong: 'wrong passwords' }],
] as const) {
  for (const theme of ['dark', 'light'] as const) {
    test(`everything about accounts and rights is there and axe finds nothing, ${lang}, ${theme}`, async ({ page }) => {
      await administer(page, `?lang=${lang}&theme=${theme}`);
      await expect(panel(page, words.people).getByRole('row', { name: /^lan / })).toContainText('Lê Thị Lan');
      await expect(panel(page, words.rosters)).toContainText(words.duty);
      await expect(panel(page, words.rosters)).toContainText(words.rooms);
      await expect(panel(page, words.keys).getByRole('row', { name: /^mua-son-la/ })).toContainText('tram-mua');
      await expect(panel(page, words.glass)).toContainText('lũ quét ở huyện bên');
      await expect(panel(page, words.holds).getByRole('row').filter({ hasText: '10.0.0.7' })).toContainText(words.wrong);
      await faultless(page);
    });
  }
}

for (const [lang, words] of [
  ['vi', { heading: 'Lĩnh vực và cơ quan phụ trách', form: 'Giao lĩnh vực, cơ quan', person: 'Người', agencies: /^Cơ quan, cách nhau/, fire: 'Cháy', flood: 'Ngập lụt', save: 'Ghi', done: 'Đã ghi', lift: 'Giao tất cả cho lan', refused: 'Bị từ chối' }],
  ['en', { heading: 'Fields and agencies', form: 'Set fields and agencies', person: 'Person', agencies: /^Agencies, with commas/, fire: 'Fire', flood: 'Flood', save: 'Save', done: 'Committed', lift: 'Let lan work for all', refused: 'Refused' }],
] as const) {
  test(`what somebody works for is set, shown and lifted, ${lang}`, async ({ page }) => {
    await administer(page, `?lang=${lang}`);
    const remits = panel(page, words.heading);
    const lan = remits.getByRole('row', { name: /^lan / });
    await expect(lan).toContainText(words.fire);
    await expect(lan).toContainText('PCCC');
    const form = remits.getByRole('form', { name: words.form });
    await form.getByLabel(words.person).fill('hoa');
    await form.getByRole('checkbox', { name: words.flood }).check();
    await form.getByLabel(words.agencies).fill('115, 114');
    await form.getByRole('button', { name: words.save }).click();
    await expect(form.getByRole('status')).toContainText(words.done);
    const hoa = remits.getByRole('row', { name: /^hoa / });
    await expect(hoa).toContainText(words.flood);
    await expect(hoa).toContainText('115, 114');
    // Nobody of that name: the form keeps what was typed.
    await form.getByLabel(words.person).fill('khong-co');
    await form.getByRole('button', { name: words.save }).click();
    await expect(form.getByRole('status')).toContainText(words.refused);
    await expect(form.getByLabel(words.person)).toHaveValue('khong-co');
    for (const [person, row] of [['hoa', hoa], ['lan', lan]] as const) {
      await remits.getByRole('button', { name: words.lift.replace('lan', person) }).click();
      await expect(row).toHaveCount(0);
    }
  });
}

for (const lang of ['vi', 'en'] as const) {
  const { admin: t, command, role } = DICTS[lang];

  test(`somebody is entered by the keyboard alone; the command is pending, then committed, and they are listed, ${lang}`, async ({ page }) => {
    await administer(page, `?lang=${lang}`);
    const people = panel(page, t.people.heading);
    const form = people.getByRole('form', { name: t.people.form });
    const save = form.getByRole('button', { name: t.save, exact: true });
    // What is missing is said beside the button, and nothing is sent.
    await save.focus();
    await page.keyboard.press('Enter');
    await expect(form.getByRole('status')).toContainText(t.incomplete);
    await form.getByLabel(t.people.id, { exact: true }).focus();
    await page.keyboard.type('vy');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Ngô Tường Vy');
    await form.getByLabel(t.people.role).selectOption('auditor');
    await form.getByRole('checkbox', { name: t.people.everywhere }).check();
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route('**/api/people', async (route) => {
      if (route.request().method() === 'POST') await held;
      await route.continue();
    });
    await save.focus();
    await page.keyboard.press('Enter');
    await expect(form.getByRole('status')).toContainText(command.pending);
    await expect(people.getByRole('row', { name: /^vy / })).toHaveCount(0);
    release();
    await expect(form.getByRole('status')).toContainText(command.committed);
    await expect(people.getByRole('row', { name: /^vy / })).toContainText(role.auditor);

    await form.getByLabel(t.people.id, { exact: true }).fill('bi-khoa');
    await form.getByLabel(t.people.name, { exact: true }).fill('Trùng Tên');
    await save.click();
    await expect(form.getByRole('status')).toContainText(`${command.refused}: ${t.people.id}: ${command.refusals['exists']}`);
    await expect(form.getByLabel(t.people.id, { exact: true })).toHaveValue('bi-khoa');
  });

  test(`somebody is changed: the form holds what they are, ${lang}`, async ({ page }) => {
    await administer(page, `?lang=${lang}`);
    const people = panel(page, t.people.heading);
    const lan = people.getByRole('row', { name: /^lan / });
    await people.getByLabel(t.people.find).fill('thị lan');
    await expect(people.getByRole('row')).toHaveCount(2);
    await expect(lan).toContainText(t.people.on);
    await people.getByRole('button', { name: t.edit('lan') }).click();
    const form = people.getByRole('form');
    await expect(form.getByLabel(t.people.name, { exact: true })).toBeFocused();
    await expect(form.getByRole('checkbox', { name: 'Phòng Vạn Xuân' })).toBeChecked();
    await form.getByRole('checkbox', { name: t.people.disabled }).check();
    await form.getByRole('button', { name: t.save, exact: true }).click();
    await expect(lan).toContainText(t.people.off);
    await people.getByRole('button', { name: t.people.dropFactorOf('lan') }).click();
    await expect(lan.getByRole('status')).toContainText(command.refused);
  });

  test(`rights are given for a time and taken back, ${lang}`, async ({ page }) => {
    await administer(page, `?lang=${lang}`);
    const sheet = panel(page, t.delegations.heading);
    await expect(sheet.getByRole('row').filter({ hasText: 'đi họp' })).toContainText(t.delegations.state.on);
    const form = sheet.getByRole('form');
    await form.getByLabel(t.delegations.giver, { exact: true }).fill('lan');
    await form.getByLabel(t.delegations.deputy, { exact: true }).fill('hoa');
    await form.getByLabel(t.reason, { exact: true }).fill('nghỉ phép');
    await form.getByLabel(t.from, { exact: true }).fill('02/01/2035 07:00');
    await form.getByLabel(t.until, { exact: true }).fill('01/01/2035 07:00');
    const delegate = form.getByRole('button', { name: t.delegations.give });
    await expect(delegate).toHaveAttribute('aria-disabled', 'true');
    await expect(delegate).toHaveAttribute('title', t.backwards);
    await form.getByLabel(t.until, { exact: true }).fill('05/01/2035 07:00');
    await delegate.click();
    const row = sheet.getByRole('row').filter({ hasText: 'nghỉ phép' });
    await expect(row).toContainText(t.delegations.state.ahead);
    await row.getByRole('button', { name: t.delegations.revokeOf('lan', 'hoa') }).click();
    await expect(row.getByRole('status')).toContainText(command.committed);
  });

  test(`a shift is added once and taken away, ${lang}`, async ({ page }) => {
    await administer(page, `?lang=${lang}`);
    const sheet = panel(page, t.rosters.heading);
    const form = sheet.getByRole('form', { name: t.rosters.add });
    const add = async () => {
      await form.getByLabel(t.person, { exact: true }).fill('lan');
      await form.getByLabel(t.from, { exact: true }).fill('01/01/2035 07:00');
      await form.getByLabel(t.until, { exact: true }).fill('01/01/2035 15:00');
      await form.getByRole('button', { name: t.rosters.add }).focus();
      await page.keyboard.press('Enter');
    };
    await add();
    await expect(sheet.getByRole('row').filter({ hasText: 'lan' })).toHaveCount(1);
    await expect(form.getByRole('button', { name: t.rosters.add })).not.toHaveAttribute('title', command.oneAtATime);
    await add();
    await expect(form.getByRole('status')).toContainText(t.rosters.overlap);
    await sheet.getByRole('button', { name: new RegExp(`^${t.rosters.removeOf('lan', '').trim()}`) }).click();
    await expect(sheet.getByRole('row').filter({ hasText: 'lan' })).toHaveCount(0);
  });

  test(`a key is shown once, and revoked, ${lang}`, async ({ page }) => {
    await administer(page, `?lang=${lang}`);
    const id = `bang-tin-${lang}`;
    const sheet = panel(page, t.keys.heading);
    const form = sheet.getByRole('form');
    await form.getByLabel(t.keys.id, { exact: true }).fill(id);
    await form.getByLabel(t.keys.account, { exact: true }).fill('tram-mua');
    await form.getByLabel(t.keys.purpose, { exact: true }).fill('Bảng tin');
    await form.getByRole('checkbox', { name: t.keys.scope['see']! }).check();
    await form.getByRole('button', { name: t.keys.make }).click();
    const made = sheet.getByRole('alertdialog');
    await expect(made).toContainText(t.keys.made(id));
    await expect(made.getByText(`tdk_${id}_`)).toBeFocused();
    await faultless(page);
    await made.getByRole('button', { name: t.keys.copied }).click();
    await expect(page.getByText(`tdk_${id}_`)).toHaveCount(0);
    const row = sheet.getByRole('row', { name: new RegExp(`^${id} `) });
    await expect(row).toContainText(t.keys.never);
    await row.getByRole('button', { name: t.keys.revokeOf(id) }).click();
    await expect(row).toContainText(t.keys.over);
  });

  test(`emergency access is ended from here, ${lang}`, async ({ page }) => {
    await administer(page, `?lang=${lang}`);
    const row = panel(page, t.glass.heading).getByRole('row', { name: /^lan / });
    await expect(row).toContainText(t.glass.on);
    await row.getByRole('button', { name: t.glass.endOf('lan') }).click();
    await expect(row).toContainText(t.glass.over);
  });

  test(`nobody else sees it, ${lang}`, async ({ page }) => {
    await fake(page, 'role?role=operator');
    await enterAt(page, `/admin.html?lang=${lang}`);
    await expect(page.getByText(t.forbidden)).toBeVisible();
    await expect(page.getByRole('link', { name: t.short })).toHaveCount(0);
  });

  test(`without a second factor the way back leads right in, ${lang}`, async ({ page }) => {
    await fake(page, 'provider?name=C%E1%BB%95ng');
    await page.goto(`/rooms.html?lang=${lang}`);
    await page.getByRole('link', { name: t.signIn.with('Cổng') }).click();
    await expect(page.getByRole('button', { name: DICTS[lang].access.heading })).toBeVisible();
    expect(new URL(page.url()).pathname).toBe('/rooms.html');
  });
}

for (const [lang, words] of [
  ['vi', { heading: 'Lưu và xóa dữ liệu cá nhân', none: 'Chưa có quy tắc nào', caller: /^Người gọi/, contact: /^Liên hệ/, report: /^Nội dung phản ánh/, sure: /^Tôi hiểu/, set: 'Áp dụng quy tắc', unsure: 'Xác nhận rằng', rule: 'quy tắc số 1', photos: /^Ảnh của việc/, setPhotos: 'Đặt thời hạn ảnh', done: 'Đã ghi' }],
  ['en', { heading: 'Keeping and erasing personal data', none: 'There is no rule yet', caller: /^Who called/, contact: /^How the sender/, report: /^What a report says/, sure: /^I understand/, set: 'Apply the rules', unsure: 'Confirm that', rule: 'Rule 1 applies', photos: /^Photos of what/, setPhotos: 'Set days of photos', done: 'Committed' }],
] as const) {
  test(`how long personal data are kept is set with open eyes, ${lang}`, async ({ page }) => {
    // The node made of paper outlives a test: what it has of rules is this test's own.
    let [number, rules, photoDays] = [0, [] as unknown[], 90];
    await page.route('**/api/erasure', async (route) => {
      if (route.request().method() === 'GET') return route.fulfill({ json: { number, rules } });
      // Why it was changed goes with it.
      expect(decodeURIComponent(route.request().headers()['x-reason'] ?? '')).toBe(BECAUSE);
      const sent = route.request().postDataJSON() as { number: number; rules: unknown[] };
      ({ number, rules } = sent);
      return route.fulfill({ json: { entity: '', version: number } });
    });
    await page.route('**/api/file-retention', async (route) => {
      if (route.request().method() === 'GET') return route.fulfill({ json: { days: photoDays } });
      photoDays = (route.request().postDataJSON() as { days: number }).days;
      return route.fulfill({ json: { entity: '', version: 0 } });
    });
    await administer(page, `?lang=${lang}`);
    const sheet = panel(page, words.heading);
    await expect(sheet).toContainText(words.none);
    await expect(sheet.getByLabel(words.photos)).toHaveValue('90');
    await sheet.getByLabel(words.caller).fill('30');
    await sheet.getByLabel(words.report).fill('730');
    const set = sheet.getByRole('button', { name: words.set });
    await expect(set).toHaveAttribute('aria-disabled', 'true');
    await expect(set).toHaveAttribute('title', new RegExp(`^${words.unsure}`));
    await sheet.getByLabel(words.sure).check();
    await faultless(page);
    await set.click();
    await expect(sheet).toContainText(words.rule);
    expect(rules).toEqual([{ kind: 'caller', days: 30 }, { kind: 'report', days: 730 }]);
    await expect(sheet.getByLabel(words.caller)).toHaveValue('30');
    await expect(sheet.getByLabel(words.report)).toHaveValue('730');
    await expect(sheet.getByLabel(words.sure)).not.toBeChecked();
    await sheet.getByLabel(words.photos).fill('7');
    await sheet.getByRole('button', { name: words.setPhotos }).click();
    await expect(sheet.getByRole('form').last().getByRole('status')).toContainText(words.done);
    expect(photoDays).toBe(7);
  });
}

for (const [lang, missing] of [['vi', 'Ghi lý do ở đầu trang trước'], ['en', 'Give the reason at the top of the page first']] as const) {
  test(`without a reason nothing is changed, ${lang}`, async ({ page }) => {
    let sent = 0;
    await page.route('**/api/file-retention', (route) => {
      if (route.request().method() !== 'GET') sent += 1;
      return route.fulfill({ json: { days: 90 } });
    });
    await administer(page, `?lang=${lang}`);
    await page.getByLabel(WHY).fill(' ');
    const form = page.getByRole('form', { name: /^(Thời hạn giữ ảnh|How long photos are kept)$/ });
    await form.getByRole('button').last().click();
    await expect(form.getByRole('status')).toContainText(missing);
    expect(sent).toBe(0);
  });
}

for (const [lang, words] of [
  ['vi', { button: 'Đăng nhập bằng Cổng', code: 'Mã xác thực', unknown: 'chưa có trong danh sách', denied: 'Mã sai hoặc đã dùng', key: 'Tài khoản và quyền' }],
  ['en', { button: 'Sign in with Cổng', code: 'Authentication code', unknown: 'not in the centre\'s register', denied: 'wrong or was used before', key: 'Account and rights' }],
] as const) {
  test(`somebody signs in by the word of another provider, ${lang}`, async ({ page }) => {
    await page.goto(`/?lang=${lang}&nomap=1`);
    await expect(page.locator('input[name=person]')).toBeVisible();
    await expect(page.getByRole('link', { name: words.button })).toHaveCount(0);
    await fake(page, 'provider?name=C%E1%BB%95ng&why=unknown');
    await page.reload();
    await faultless(page);
    await page.getByRole('link', { name: words.button }).click();
    await expect(page.getByRole('alert')).toContainText(words.unknown);
    expect(new URL(page.url()).searchParams.has('signin')).toBe(false);
    await fake(page, 'provider?name=C%E1%BB%95ng&owes=1');
    await page.getByRole('link', { name: words.button }).click();
    const code = page.getByLabel(words.code);
    await expect(code).toBeFocused();
    await expect(page.locator('input[name=password]')).toHaveCount(0);
    await faultless(page);
    await code.fill('000000');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('alert')).toContainText(words.denied);
    await code.fill('123456');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('button', { name: words.key })).toBeVisible();
  });
}
