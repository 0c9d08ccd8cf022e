// What is played says so wherever it is shown: on every screen, in lists, files, dialogs and headings, on a crew's phone, in the record
// and in the window's title; in both languages. I4823 of the fake node is an incident of an exercise.
import { expect, type Locator, type Page } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { enter, enterAt, fake, file, freshSeq, open, panel } from './page';
import { LANGUAGES, SCREENS, tidy } from './screens';

const WORDS = { vi, en } as const;
const PLAYED = 'I4823';
const band = (page: Page) => page.getByRole('region', { name: /^(Đang diễn tập|Exercise)$/ });
const post = (page: Page, path: string, data: object) => page.request.post(path, { data, headers: { 'x-request-seq': freshSeq() } });

/** Screens of people without an account: nothing that is played is there at all. */
const PUBLIC: readonly string[] = ['login', 'tell', 'follow'];

/** Per screen, a record of an exercise that it shows; screens that are not here show no record, and bear the band. */
const RECORDS: Readonly<Record<string, (page: Page, lang: 'vi' | 'en') => Promise<Locator>>> = {
  wall: async (page) => {
    await open(page, PLAYED);
    return file(page, PLAYED).locator('.file-head');
  },
  board: async (page) => {
    const incident = panel(page, /^(Sự cố đang mở|Open incidents)$/).getByRole('button', { name: /Diễn tập sơ tán/ });
    await incident.click();
    return incident;
  },
  rooms: async (page, lang) => {
    const title = `Kiểm tra loa phát thanh, ${lang}`;
    await post(page, '/api/instructions', { title, about: '', incident: null, admin_unit: '', agency: '', owner: 'nam', due_at_ms: 0, exercise: true });
    return panel(page, WORDS[lang].deadline.instructions).getByRole('article', { name: title }).first();
  },
  record: async (page, lang) => {
    const t = WORDS[lang].admin.record;
    await page.getByLabel(t.why).fill('rút kinh nghiệm');
    await page.keyboard.press('Enter');
    const lines = panel(page, t.lines);
    const line = lines.getByRole('row').filter({ hasText: t.acts['AssignIncident'] ?? 'AssignIncident' }).filter({ hasText: PLAYED });
    await expect(lines.getByRole('row').nth(1)).toBeVisible();
    while (!(await line.isVisible())) {
      const shown = await lines.getByRole('row').count();
      await lines.getByRole('button', { name: t.more }).click();
      await expect.poll(() => lines.getByRole('row').count()).toBeGreaterThan(shown);
    }
    return line;
  },
  phone: async (page) => page.locator('.order'),
};

// What the centre tells a crew's phone is changed on the way: nothing may stand between.
test.use({ serviceWorkers: 'block' });

test.afterEach(async ({ page }) => {
  await tidy(page);
  await fake(page, 'clocks');
});

for (const lang of LANGUAGES) {
  const mark = WORDS[lang].incident.exercise;

  for (const [screen, come] of Object.entries(SCREENS)) {
    test(`what is played says so on ${screen}, ${lang}`, async ({ page }) => {
      if (screen === 'phone') {
        await page.route('**/api/crew', async (route) => {
          const response = await route.fetch();
          // Nobody is signed in yet when the page asks first.
          const crew = (await response.json()) as { order?: { exercise: boolean } | null };
          if (crew.order) crew.order.exercise = true;
          await route.fulfill({ response, json: crew });
        });
      }
      await come(page, lang);
      if (PUBLIC.includes(screen)) {
        await expect(page.getByText('Diễn tập sơ tán')).toHaveCount(0);
        return;
      }
      if (screen !== 'phone') await expect(band(page)).toContainText(mark);
      const record = await RECORDS[screen]?.(page, lang);
      if (record !== undefined) await expect(record).toContainText(mark);
      if (screen === 'phone') {
        await expect(page.getByRole('region', { name: /^(Bản đồ|Map)$/ })).toContainText(mark);
        await expect(page).toHaveTitle(new RegExp(`^\\[${mark}\\] `));
      }
    });
  }

  test(`headings of the board say that the chosen incident is played, ${lang}`, async ({ page }) => {
    const t = WORDS[lang];
    await enterAt(page, `/dispatch?lang=${lang}`, 'dung');
    await panel(page, t.dispatch.incidents).getByRole('button', { name: /Diễn tập sơ tán/ }).click();
    await expect(panel(page, `${t.dispatch.recommended} · ${PLAYED} · ${mark}`)).toBeVisible();
    await expect(panel(page, `${t.incident.timeline} · ${PLAYED} · ${mark}`)).toBeVisible();
  });

  test(`a unit that is at work in an exercise says so on wall and board, and so do the dialog that sends it and what needs a person, ${lang}`, async ({ page, browser }) => {
    const t = WORDS[lang];
    await enter(page, `?nomap=1&lang=${lang}`);
    await open(page, PLAYED);
    await file(page, PLAYED).getByRole('button', { name: t.incident.assign }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.locator('.what')).toContainText(mark);
    // Names in plain letters: the fake node takes a path as it comes.
    await dialog.getByRole('searchbox').fill('CAP-');
    await expect(dialog.locator('.choices label .cut').first()).toContainText('CAP-');
    const unit = await dialog.locator('.choices label .cut').first().evaluate((label) => label.firstChild?.textContent ?? '');
    await dialog.getByRole('checkbox').first().check();
    await dialog.getByRole('button', { name: `${t.incident.assign} (1)` }).click();
    await file(page, PLAYED).getByRole('button', { name: new RegExp(`^${unit} · `) }).click();
    await expect(file(page, unit)).toContainText(mark);

    const board = await (await browser.newContext()).newPage();
    await enterAt(board, `/dispatch?lang=${lang}`, 'dung');
    const row = board.getByRole('list', { name: t.dispatch.units }).getByRole('listitem').filter({ hasText: unit });
    await expect(row).toContainText(PLAYED);
    await expect(row).toContainText(mark);
    // It refuses: a person is called, and told that it is played.
    await post(page, `/api/units/${encodeURIComponent(unit)}/status`, { assignment: 0, status: 'available', expected_status: 'offered', tapped_at_ms: Date.now(), reason: 'hết phiên' });
    const called = board.getByRole('alert', { name: t.dispatch.attention.heading }).locator('div').filter({ hasText: unit });
    await expect(called).toContainText(PLAYED);
    await expect(called).toContainText(mark);
    await called.getByRole('button', { name: t.dispatch.attention.seen }).click();
    await expect(called).toHaveCount(0);
    await expect(row).not.toContainText(PLAYED);
    await board.context().close();
  });

  test(`while an exercise runs the window's title says so first, ${lang}`, async ({ page }) => {
    await fake(page, 'rooms');
    await enterAt(page, `/rooms.html?lang=${lang}`);
    const title = await page.title();
    await post(page, '/api/exercises', { name: 'Tiêu đề', scenario: '' });
    await expect(page).toHaveTitle(`[${mark}] ${title}`);
    await fake(page, 'rooms');
    await expect(page).toHaveTitle(title);
  });
}
