// By what deadlines run, as an administrator edits it: calendars with holidays and exceptions, policies with their ladders, posts;
// what is refused says why, beside its form. In both languages.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { test } from './anew';
import { enterAt, fake, panel } from './page';

const WORDS = {
  vi: {
    calendars: 'Lịch làm việc', calendar: 'Lịch', policies: 'Quy định thời hạn', policy: 'Quy định', posts: 'Vị trí trực và cấp trên', version: 'bản 2', next: 'bản 3', newer: 'đã có bản 3 của người khác', reload: 'Xem bản mới',
    saturday: 'Thứ bảy', addDay: 'Thêm ngày', date: 'Ngày', why: 'Vì sao', save: 'Ghi', refused: 'Bị từ chối', conflict: 'Người khác vừa sửa', hours: /^Thứ bảy: ghi giờ như/, id: 'Mã', name: 'Tên gọi', minutes: 'Trong số phút làm việc',
    addStep: 'Thêm nấc', offset: 'Phút so với hạn (âm: trước hạn)', tells: 'Báo cho', ladder: /^Mỗi nấc phải muộn hơn/, forbidden: 'Trang này chỉ dành cho quản trị toàn tỉnh.', above: 'Không ai trực thì báo', newOne: 'Tạo mới', duty: 'đang trực: hoa', committed: 'Đã ghi', unchanged: 'Chưa thay đổi gì',
  },
  en: {
    calendars: 'Calendars', calendar: 'Calendar', policies: 'Policies of deadlines', policy: 'Policy', posts: 'Duty posts and who is above them', version: 'version 2', next: 'version 3', newer: 'somebody has put version 3', reload: 'See that version',
    saturday: 'Saturday', addDay: 'Add a day', date: 'Date', why: 'Why', save: 'Save', refused: 'Refused', conflict: 'Somebody has just changed it', hours: /^Saturday: write hours as/, id: 'Id', name: 'Name', minutes: 'Within working minutes',
    addStep: 'Add a step', offset: 'Minutes from the due time (negative: before it)', tells: 'Tells', ladder: /^Each step has to be later/, forbidden: 'Only administrators for the whole province see this page.', above: 'Where nobody is on duty, tell', newOne: 'A new one', duty: 'on duty: hoa', committed: 'Committed', unchanged: 'Nothing is changed',
  },
} as const;

async function faultless(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`)).toEqual([]);
}

const administer = async (page: Page, lang: string, more = '') => {
  await fake(page, 'role?role=admin');
  await enterAt(page, `/deadlines.html?lang=${lang}${more}`);
};

test.beforeEach(async ({ page }) => {
  await fake(page, 'schedule');
});
test.afterEach(async ({ page }) => {
  for (const command of ['role?role=', 'schedule']) await fake(page, command);
});

for (const lang of ['vi', 'en'] as const) {
  const w = WORDS[lang];

  test(`a calendar is edited: hours, a day that is different; what is wrong is said before it goes out, ${lang}`, async ({ page }) => {
    await administer(page, lang);
    const sheet = panel(page, w.calendars);
    const form = sheet.getByRole('form', { name: w.calendar });
    await sheet.getByLabel(w.calendar, { exact: true }).first().selectOption('hanh-chinh');
    await expect(sheet).toContainText(w.version);
    await expect(form.getByLabel(w.date, { exact: true })).toHaveValue('22/02/2026');
    await faultless(page);
    const save = form.getByRole('button', { name: w.save, exact: true });
    await form.getByLabel(w.saturday).first().fill('08:00-12:00, 11:00-13:00');
    await expect(save).toHaveAttribute('title', w.hours);
    await form.getByLabel(w.saturday).first().fill('08:00-11:30');
    await form.getByRole('button', { name: w.addDay }).click();
    await form.getByLabel(w.date, { exact: true }).nth(1).fill('24/04/2026');
    await form.getByLabel(w.why).nth(1).fill('Hội Lồng tồng');
    await save.click();
    await expect(sheet).toContainText(w.next);
    await page.reload();
    await panel(page, w.calendars).getByLabel(w.calendar, { exact: true }).first().selectOption('hanh-chinh');
    await expect(form.getByLabel(w.saturday).first()).toHaveValue('08:00-11:30');
    await expect(form.getByLabel(w.date, { exact: true }).nth(1)).toHaveValue('24/04/2026');
    await expect(form.getByLabel(w.why).nth(1)).toHaveValue('Hội Lồng tồng');
  });

  test(`of two who edit the same calendar the second is refused, told so, and sees the other's, ${lang}`, async ({ page }) => {
    await administer(page, lang);
    const sheet = panel(page, w.calendars);
    const form = sheet.getByRole('form', { name: w.calendar });
    await sheet.getByLabel(w.calendar, { exact: true }).first().selectOption('hanh-chinh');
    await fake(page, 'schedule?touch=hanh-chinh');
    await form.getByLabel(w.saturday).first().fill('08:00-11:30');
    await form.getByRole('button', { name: w.save, exact: true }).click();
    await expect(form.getByRole('status')).toContainText(w.refused);
    await expect(form.getByRole('status')).toContainText(w.conflict);
    await expect(form.getByRole('alert')).toContainText('PutCalendar.calendar.version');
    // What was written stays until its writer looks at the other's.
    await expect(form.getByLabel(w.saturday).first()).toHaveValue('08:00-11:30');
    await expect(sheet).toContainText(w.newer);
    await faultless(page);
    await sheet.getByRole('button', { name: w.reload }).click();
    await expect(form.getByLabel(w.saturday).first()).toHaveValue('');
    await form.getByLabel(w.saturday).first().fill('08:00-11:30');
    await form.getByRole('button', { name: w.save, exact: true }).click();
    await expect(form.getByRole('status')).toContainText(w.committed);
  });

  test(`a policy with its ladder is made, and one that the cluster refuses says which field, ${lang}`, async ({ page }) => {
    await administer(page, lang);
    const sheet = panel(page, w.policies);
    const form = sheet.getByRole('form', { name: w.policy });
    const save = form.getByRole('button', { name: w.save, exact: true });
    await form.getByLabel(w.id, { exact: true }).fill('chuyen-lu');
    await form.getByLabel(w.name, { exact: true }).fill('Chuyển lũ trong 5 phút');
    await form.getByRole('button', { name: w.addStep }).click();
    await form.getByLabel(w.offset).nth(2).fill('0');
    await expect(save).toHaveAttribute('title', w.ladder);
    await form.getByLabel(w.offset).nth(2).fill('15');
    await form.getByLabel(w.tells).nth(2).selectOption('truc-ban');
    await form.getByLabel(w.minutes).fill('600000');
    await save.click();
    await expect(form.getByRole('alert')).toContainText('PutDeadlinePolicy.policy.within_ms');
    await expect(form.getByRole('status')).toContainText(w.refused);
    await form.getByLabel(w.minutes).fill('5');
    await save.click();
    await expect(form.getByRole('status')).toContainText(w.committed);
    await expect(form.getByRole('alert')).toHaveCount(0);
    await sheet.getByLabel(w.policy, { exact: true }).first().selectOption('');
    await expect(form.getByLabel(w.id, { exact: true })).toHaveValue('');
    await sheet.getByLabel(w.policy, { exact: true }).first().selectOption('chuyen-lu');
    await expect(form.getByLabel(w.offset).nth(2)).toHaveValue('15');
    await expect(form.getByLabel(w.tells).nth(2)).toHaveValue('truc-ban');
    await expect(form.getByLabel(w.id, { exact: true })).toBeDisabled();
    await faultless(page);
  });

  test(`a post says who is on duty and who is above it, ${lang}`, async ({ page }) => {
    await administer(page, lang);
    const post = panel(page, w.posts).getByRole('form').first();
    await expect(post).toContainText(w.duty);
    await expect(post.getByRole('button', { name: w.save, exact: true })).toHaveAttribute('title', w.unchanged);
  });

  test(`nobody else sees it, ${lang}`, async ({ page }) => {
    await fake(page, 'role?role=operator');
    await enterAt(page, `/deadlines.html?lang=${lang}`);
    await expect(page.getByText(w.forbidden)).toBeVisible();
    await expect(panel(page, w.calendars)).toHaveCount(0);
  });
}

for (const lang of ['vi', 'en'] as const) {
  const w = WORDS[lang];

  test(`in the light theme axe finds nothing either, ${lang}`, async ({ page }) => {
    await administer(page, lang, '&theme=light');
    await panel(page, w.calendars).getByLabel(w.calendar, { exact: true }).first().selectOption('hanh-chinh');
    await faultless(page);
  });
}
