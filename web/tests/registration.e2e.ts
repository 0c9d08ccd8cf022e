// What administrators register: response units and their hours, run cards, receivers of outgoing notices. Each command pending, then committed or
// refused with the field that it is about; in both languages and themes, and by the keyboard.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { enterAt, fake, panel } from './page';

const DICTS = { vi, en };
const BECAUSE = 'theo quyết định 12';

async function faultless(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`)).toEqual([]);
}

/** An administrator at that part of the page, with a reason. */
async function register(page: Page, part: 'forces' | 'receivers', query = ''): Promise<void> {
  await fake(page, 'role?role=admin');
  await enterAt(page, `/admin.html?part=${part}${query}`);
  await page.getByLabel(/^(Vì sao thay đổi|Why this is changed)/).fill(BECAUSE);
}

/** The next command to that path: what it says, and why. */
async function sent(page: Page, path: string, press: () => Promise<void>): Promise<{ body: unknown; why: string }> {
  const asked = page.waitForRequest((request) => request.method() === 'POST' && new URL(request.url()).pathname === path);
  await press();
  const request = await asked;
  return { body: request.postDataJSON(), why: decodeURIComponent(request.headers()['x-reason'] ?? '') };
}

test.beforeEach(async ({ page }) => {
  await fake(page, 'registration');
});
test.afterEach(async ({ page }) => {
  for (const command of ['role?role=', 'registration']) await fake(page, command);
});

for (const lang of ['vi', 'en'] as const) {
  const { admin, command, incident, registration, severity } = DICTS[lang];
  const { units, cards, receivers } = registration;

  for (const theme of ['dark', 'light'] as const) {
    test(`axe finds nothing on units, run cards and receivers, ${lang}, ${theme}`, async ({ page }) => {
      await register(page, 'forces', `&lang=${lang}&theme=${theme}`);
      await expect(panel(page, units.heading).getByRole('row', { name: /^CAP-03/ })).toContainText('Công an phường, xã');
      await panel(page, cards.heading).getByRole('button', { name: admin.edit(cards.of(incident.kind.fire, severity[5])) }).click();
      await faultless(page);
      await page.getByRole('button', { name: registration.part.receivers }).click();
      await expect(panel(page, receivers.heading).getByRole('row', { name: /^so-y-te/ })).toBeVisible();
      await expect(panel(page, units.heading)).toHaveCount(0);
      await faultless(page);
      // The part is that of the address, and what was begun in another stays.
      expect(new URL(page.url()).searchParams.get('part')).toBe('receivers');
      await page.getByRole('button', { name: registration.part.forces }).click();
      await expect(panel(page, cards.heading).getByLabel(cards.skill('1'))).toHaveValue('chữa cháy');
    });
  }

  test(`a receiver's backlog and what it refused are told, and nothing that is secret, ${lang}`, async ({ page }) => {
    await register(page, 'receivers', `&lang=${lang}`);
    const row = panel(page, receivers.heading).getByRole('row', { name: /^so-y-te/ });
    await expect(row).toContainText(receivers.waiting('3'));
    await expect(row).toContainText(receivers.missed('7'));
    await expect(row).toContainText(receivers.givenUp('2', '41', '').split(',')[0]!);
    await expect(row).toContainText('410 Gone');
    await expect(row).toContainText('soyte.example.vn');
    await expect(row).toContainText(receivers.channel.web);
    await expect(row).not.toContainText('mat-khau');
    await expect(row).not.toContainText('bi-mat');
    const mail = panel(page, receivers.heading).getByRole('row', { name: /^truc-ban-tinh/ });
    await expect(mail).toContainText(receivers.channel.mail);
    await expect(mail).toContainText(receivers.off);
    await expect(mail).toContainText(receivers.nothing);
  });

  test(`a receiver is put by the keyboard, pending, then committed; its secret is never seen again, ${lang}`, async ({ page }) => {
    await register(page, 'receivers', `&lang=${lang}`);
    const sheet = panel(page, receivers.heading);
    const form = sheet.getByRole('form');
    const save = form.getByRole('button', { name: admin.save, exact: true });
    // What lacks is said, by the field's name, and nothing is sent.
    await save.focus();
    await page.keyboard.press('Enter');
    await expect(form.getByRole('status')).toContainText(registration.lack(receivers.field.id));
    await form.getByLabel(receivers.field.id).focus();
    await page.keyboard.type('ioc');
    await page.keyboard.press('Tab');
    await page.keyboard.type('IOC');
    await page.keyboard.press('Tab');
    await page.keyboard.type('ftp://ioc.example.vn');
    await page.keyboard.press('Tab');
    await page.keyboard.type('khoa-bi-mat');
    await form.getByRole('checkbox', { name: incident.event['incident_opened']!, exact: true }).focus();
    await page.keyboard.press('Space');
    await expect(save).toHaveAttribute('title', registration.lack(receivers.field.url));
    await form.getByLabel(receivers.field.url).fill('https://ioc.example.vn/nhan');
    await form.getByLabel(receivers.field.admin_unit).fill('khong-co');
    await expect(save).toHaveAttribute('title', registration.lack(receivers.field.admin_unit));
    await form.getByLabel(receivers.field.admin_unit).fill('');
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route('**/api/receivers', async (route) => {
      if (route.request().method() === 'POST') await held;
      await route.continue();
    });
    await expect(save).toHaveAttribute('aria-disabled', 'false');
    const { body, why } = await sent(page, '/api/receivers', async () => {
      await save.focus();
      await page.keyboard.press('Enter');
    });
    await expect(form.getByRole('status')).toContainText(command.pending);
    await expect(sheet.getByRole('row', { name: /^ioc/ })).toHaveCount(0);
    release();
    await expect(form.getByRole('status')).toContainText(command.committed);
    expect(body).toEqual({ id: 'ioc', name: 'IOC', url: 'https://ioc.example.vn/nhan', kinds: ['incident_opened'], admin_unit: null, unit: null, disabled: false, secret: 'khoa-bi-mat' });
    expect(why).toBe(BECAUSE);
    const row = sheet.getByRole('row', { name: /^ioc/ });
    await expect(row).toContainText(receivers.on);
    await sheet.getByRole('button', { name: admin.edit('ioc') }).click();
    await expect(form.getByLabel(receivers.field.secret)).toHaveValue('');
    await form.getByLabel(receivers.field.name, { exact: true }).fill('Trung tâm IOC');
    const amended = await sent(page, '/api/receivers', () => save.click());
    expect(amended.body).not.toHaveProperty('secret');
    await expect(row).toContainText('Trung tâm IOC');
    expect(await page.content()).not.toContain('khoa-bi-mat');
  });

  test(`a receiver of text messages is put: through which gateway, to which number, and its key is not shown, ${lang}`, async ({ page }) => {
    await register(page, 'receivers', `&lang=${lang}`);
    const sheet = panel(page, receivers.heading);
    const form = sheet.getByRole('form');
    const save = form.getByRole('button', { name: admin.save, exact: true });
    await form.getByLabel(receivers.field.id).fill('truc-dem');
    await form.getByLabel(receivers.field.name, { exact: true }).fill('Trực đêm');
    await form.getByLabel(receivers.field.url).fill('sms+https://tin-nhan.example.vn/gui?ma=bi-mat');
    await form.getByRole('checkbox', { name: incident.event['incident_attention_raised']!, exact: true }).check();
    // Without a number nobody is texted.
    await expect(save).toHaveAttribute('title', registration.lack(receivers.field.url));
    await form.getByLabel(receivers.field.url).fill('sms+https://tin-nhan.example.vn/gui?ma=bi-mat#+84905123456');
    // It is the phone of one crew.
    await form.getByLabel(receivers.field.unit).fill('khong-co');
    await expect(save).toHaveAttribute('title', registration.lack(receivers.field.unit));
    const crew = (await form.locator('#receiver-units option').first().getAttribute('value'))!;
    const crewName = (await form.locator('#receiver-units option').first().textContent())!;
    await form.getByLabel(receivers.field.unit).fill(crew);
    await expect(save).toHaveAttribute('aria-disabled', 'false');
    const { body } = await sent(page, '/api/receivers', () => save.click());
    expect(body).toMatchObject({ id: 'truc-dem', url: 'sms+https://tin-nhan.example.vn/gui?ma=bi-mat#+84905123456', kinds: ['incident_attention_raised'], unit: crew });
    const row = sheet.getByRole('row', { name: /^truc-dem/ });
    await expect(row).toContainText(receivers.ofUnit(crewName));
    await expect(row).toContainText(receivers.channel.sms);
    await expect(row).toContainText('https://tin-nhan.example.vn/gui?… +84905123456');
    await expect(row).not.toContainText('bi-mat');
  });

  test(`a receiver is turned off and on with all that it is told of, ${lang}`, async ({ page }) => {
    await register(page, 'receivers', `&lang=${lang}`);
    const row = panel(page, receivers.heading).getByRole('row', { name: /^so-y-te/ });
    const { body } = await sent(page, '/api/receivers', () => row.getByRole('button', { name: receivers.turnOffOf('so-y-te') }).click());
    // An event that this screen does not offer is kept.
    expect(body).toMatchObject({ id: 'so-y-te', disabled: true, kinds: ['incident_opened', 'call_offered'], url: 'https://to:mat-khau@soyte.example.vn/nhan?ma=bi-mat' });
    await expect(row.getByRole('status')).toContainText(command.committed);
    await expect(row).toContainText(receivers.off);
    await expect(row).toContainText(receivers.waiting('3'));
    await row.getByRole('button', { name: receivers.turnOnOf('so-y-te') }).click();
    await expect(row.getByRole('button', { name: receivers.turnOffOf('so-y-te') })).toBeVisible();
  });

  test(`a receiver that is refused says by which field, and one that was changed meanwhile is not overwritten, ${lang}`, async ({ page }) => {
    await register(page, 'receivers', `&lang=${lang}`);
    const sheet = panel(page, receivers.heading);
    const form = sheet.getByRole('form');
    const save = form.getByRole('button', { name: admin.save, exact: true });
    await sheet.getByRole('button', { name: admin.edit('truc-ban-tinh') }).click();
    await form.getByLabel(receivers.field.url).fill('mailto:a@b.invalid');
    await save.click();
    await expect(form.getByRole('status')).toContainText(`${command.refused}: ${receivers.field.url}: ${command.refusals['invalid']}`);
    await expect(form.getByLabel(receivers.field.url)).toHaveValue('mailto:a@b.invalid');
    await fake(page, 'registration?touch=truc-ban-tinh');
    await expect(sheet.getByRole('row', { name: /^truc-ban-tinh/ })).toContainText('(mới)', { timeout: 15_000 });
    await expect(save).toHaveAttribute('title', registration.changed);
    // Nor is one that stands there taken for a new one.
    await form.getByRole('button', { name: admin.clear }).click();
    await form.getByLabel(receivers.field.id).fill('so-y-te');
    await form.getByLabel(receivers.field.name, { exact: true }).fill('Khác');
    await form.getByLabel(receivers.field.url).fill('wss:');
    await expect(form.getByText(receivers.kindsNone)).toBeVisible();
    await form.getByRole('button', { name: receivers.wholeOf(receivers.group.deadline) }).click();
    await expect(form.getByText(receivers.kindsNone)).toHaveCount(0);
    await expect(save).toHaveAttribute('title', registration.taken);
  });

  test(`of two who put the same receiver the second is told to look again, ${lang}`, async ({ page }) => {
    // This screen hears of nothing that happens in between.
    let stood: string | undefined;
    await page.route('**/api/receivers', async (route) => {
      if (route.request().method() !== 'GET') return route.continue();
      const answer = await route.fetch();
      stood ??= await answer.text();
      return route.fulfill({ response: answer, body: stood });
    });
    await register(page, 'receivers', `&lang=${lang}`);
    const sheet = panel(page, receivers.heading);
    const form = sheet.getByRole('form');
    const save = form.getByRole('button', { name: admin.save, exact: true });
    await sheet.getByRole('button', { name: admin.edit('truc-ban-tinh') }).click();
    await form.getByLabel(receivers.field.name, { exact: true }).fill('Trực ban');
    await fake(page, 'registration?touch=truc-ban-tinh');
    const { body } = await sent(page, '/api/receivers', () => save.click());
    expect(body).toMatchObject({ id: 'truc-ban-tinh', name: 'Trực ban', expected_version: 1 });
    await expect(form.getByRole('status')).toContainText(`${command.refused}: ${command.refusals['version_conflict']}`);
    // What was typed is still there, and what the other one put is told as soon as it is heard of.
    await expect(form.getByLabel(receivers.field.name, { exact: true })).toHaveValue('Trực ban');
    await page.unroute('**/api/receivers');
    await expect(sheet.getByRole('row', { name: /^truc-ban-tinh/ })).toContainText('(mới)', { timeout: 15_000 });
    await expect(save).toHaveAttribute('title', registration.changed);
  });

  test(`a unit is registered with skills and station, then amended, ${lang}`, async ({ page }) => {
    await register(page, 'forces', `&lang=${lang}`);
    const sheet = panel(page, units.heading);
    const form = sheet.getByRole('form', { name: units.form });
    const save = form.getByRole('button', { name: admin.save, exact: true });
    const id = `CH-${lang}`;
    await form.getByLabel(units.field.id).fill('cứu hộ');
    await expect(save).toHaveAttribute('title', registration.lack(units.field.id));
    await form.getByLabel(units.field.id).fill(id);
    await form.getByLabel(units.field.name, { exact: true }).fill('Đội cứu hộ');
    await form.getByLabel(units.field.agency, { exact: true }).fill('không có');
    await form.getByLabel(units.field.skills).fill('xuồng, lặn , xuồng');
    await expect(save).toHaveAttribute('title', registration.lack(units.field['station.admin_unit']));
    // The map's file has come.
    await expect(form.locator('option[value="05716"]')).toBeAttached();
    await form.getByLabel(units.findCommune).fill('vo nhai');
    await expect(form.getByLabel(units.field['station.admin_unit'])).toHaveValue('05716');
    await expect(form.getByLabel(units.field['station.latitude_e7'])).toHaveValue('21.7615');
    await form.getByLabel(units.field['station.latitude_e7']).fill('10');
    await expect(form.getByText(units.outside('Xã Võ Nhai'))).toBeVisible();
    await form.getByLabel(units.field['station.latitude_e7']).fill('21.7615');
    await expect(form.getByText(units.outside('Xã Võ Nhai'))).toHaveCount(0);
    await save.click();
    await expect(form.getByRole('status')).toContainText(`${units.field.agency}: ${command.refusals['invalid']}`);
    await form.getByLabel(units.field.agency, { exact: true }).fill('PCCC');
    const { body, why } = await sent(page, '/api/units', () => save.click());
    expect(body).toEqual({ id, name: 'Đội cứu hộ', agency: 'PCCC', skills: ['xuồng', 'lặn'], station: { latitude_e7: 217_615_000, longitude_e7: 1_060_926_000, admin_unit: '05716', address: '' } });
    expect(why).toBe(BECAUSE);
    await expect(form.getByRole('status')).toContainText(command.committed);
    await sheet.getByLabel(units.find).fill(id);
    const row = sheet.getByRole('row', { name: new RegExp(`^${id}`) });
    await expect(row).toContainText('xuồng, lặn');
    await expect(row).toContainText('Xã Võ Nhai');
    await expect(row).toContainText(units.always);

    await row.getByRole('button', { name: admin.edit(id) }).press('Enter');
    await expect(form.getByLabel(units.field.name, { exact: true })).toBeFocused();
    await form.getByLabel(units.field.skills).fill('xuồng');
    await fake(page, `registration?touch=${id}`);
    await expect(row).toContainText('(mới)');
    await expect(save).toHaveAttribute('title', registration.changed);
    await row.getByRole('button', { name: admin.edit(id) }).click();
    await form.getByLabel(units.field.skills).fill('xuồng');
    await save.click();
    await expect(row).not.toContainText('lặn');
  });

  test(`a crew's hours are set and lifted, ${lang}`, async ({ page }) => {
    await register(page, 'forces', `&lang=${lang}`);
    const sheet = panel(page, units.heading);
    const form = sheet.getByRole('form', { name: units.hoursForm });
    const set = form.getByRole('button', { name: units.setHours });
    await form.getByLabel(units.hoursField.unit).fill('khong-co');
    await expect(set).toHaveAttribute('title', `${units.hoursField.unit}: ${units.unknown}`);
    await form.getByLabel(units.hoursField.unit).fill('CAP-03');
    await expect(form.getByText(units.always).first()).toBeVisible();
    await form.getByRole('checkbox', { name: units.always }).uncheck();
    await expect(set).toHaveAttribute('title', registration.lack(units.hoursField.starts_at_ms));
    await form.getByLabel(units.hoursField.starts_at_ms, { exact: true }).fill('01/01/2035 07:00');
    await form.getByLabel(units.hoursField.ends_at_ms, { exact: true }).fill('01/01/2035 06:00');
    await expect(set).toHaveAttribute('title', `${units.hoursField.ends_at_ms}: ${admin.backwards}`);
    await form.getByLabel(units.hoursField.ends_at_ms, { exact: true }).fill('01/01/2035 15:00');
    const { body } = await sent(page, '/api/units/CAP-03/shift', () => set.click());
    expect(body).toEqual({ starts_at_ms: Date.parse('2035-01-01T07:00:00+07:00'), ends_at_ms: Date.parse('2035-01-01T15:00:00+07:00') });
    await expect(form.getByRole('status')).toContainText(command.committed);
    const row = sheet.getByRole('row', { name: /^CAP-03/ });
    await expect(row).not.toContainText(units.always);
    await form.getByRole('checkbox', { name: units.always }).check();
    await set.click();
    await expect(row).toContainText(units.always);
  });

  test(`a run card is put by kind and level, amended and removed, ${lang}`, async ({ page }) => {
    await register(page, 'forces', `&lang=${lang}`);
    const sheet = panel(page, cards.heading);
    const form = sheet.getByRole('form');
    const save = form.getByRole('button', { name: admin.save, exact: true });
    await expect(sheet.getByRole('row').filter({ hasText: incident.kind.fire })).toContainText(cards.need('3', 'chữa cháy'));
    await form.getByLabel(cards.kind).selectOption('flood');
    await form.getByLabel(cards.severity).selectOption('4');
    await expect(save).toHaveAttribute('title', cards.lack.skill('1'));
    await form.getByLabel(cards.skill('1')).fill('xuồng');
    await form.getByLabel(cards.count('1')).fill('65');
    await expect(save).toHaveAttribute('title', cards.lack.count('1'));
    await form.getByLabel(cards.count('1')).fill('2');
    await form.getByRole('button', { name: cards.add }).press('Enter');
    await form.getByLabel(cards.skill('2')).fill('xuồng');
    await expect(save).toHaveAttribute('title', cards.lack.twice('2'));
    await form.getByLabel(cards.skill('2')).fill('lặn');
    // Nobody can do it: that is said, and may be put all the same.
    await expect(form.getByText(cards.nobody('xuồng, lặn'))).toBeVisible();
    const { body, why } = await sent(page, '/api/run-cards', () => save.click());
    expect(body).toEqual({ kind: 'flood', severity: 'high', needs: [{ skill: 'xuồng', count: 2 }, { skill: 'lặn', count: 1 }] });
    expect(why).toBe(BECAUSE);
    const row = sheet.getByRole('row').filter({ hasText: incident.kind.flood });
    await expect(row).toContainText(cards.need('2', 'xuồng'));
    const called = cards.of(incident.kind.flood, severity[4]);
    await row.getByRole('button', { name: admin.edit(called) }).click();
    await form.getByRole('button', { name: cards.drop('2') }).click();
    await save.click();
    await expect(row).not.toContainText('lặn');
    await row.getByRole('button', { name: cards.removeOf(called) }).click();
    await expect(row).toHaveCount(0);
    // One that stands there is amended from its row, and not put over.
    await form.getByLabel(cards.kind).selectOption('fire');
    await form.getByLabel(cards.severity).selectOption('5');
    await form.getByLabel(cards.skill('1')).fill('thang');
    await expect(save).toHaveAttribute('title', registration.taken);
  });

  test(`without a reason nothing is registered, ${lang}`, async ({ page }) => {
    await register(page, 'receivers', `&lang=${lang}`);
    await page.getByLabel(/^(Vì sao thay đổi|Why this is changed)/).fill(' ');
    let asked = 0;
    await page.route('**/api/receivers', async (route) => {
      if (route.request().method() === 'POST') asked += 1;
      await route.continue();
    });
    const row = panel(page, receivers.heading).getByRole('row', { name: /^so-y-te/ });
    await row.getByRole('button', { name: receivers.turnOffOf('so-y-te') }).click();
    await expect(row.getByRole('status')).toContainText(admin.whyMissing);
    expect(asked).toBe(0);
  });
}
