// Who did what when in an incident, as it happens: on the dispatcher's board and on a crew's phone.
import { expect, type Page } from '@playwright/test';
import { test } from './anew';
import { board, crew, fake, freshSeq, panel } from './page';

test.afterEach(({ page }) => fake(page, 'cut?down=0'));

/** Somebody else writes a note. */
async function note(page: Page, incident: string, text: string): Promise<void> {
  const answer = await page.request.post(`/api/incidents/${incident}/note`, { data: { note: text }, headers: { 'x-request-seq': freshSeq() } });
  expect(answer.status()).toBe(200);
}

for (const [lang, says] of [
  ['vi', { incidents: 'Sự cố đang mở', send: /^Nên điều · I4812/, course: 'Diễn biến', opened: 'Mở sự cố', offered: 'Mời lực lượng', status: 'Đang mời', asOf: 'như trung tâm ghi lúc', whole: /^Xem cả \d+ dòng$/ }],
  ['en', { incidents: 'Open incidents', send: /^Whom to send · I4812/, course: 'Timeline', opened: 'Opened', offered: 'Unit offered', status: 'Offered', asOf: 'as the centre has it at', whole: /^See all \d+ lines$/ }],
] as const) {
  test(`the board shows the course of the chosen incident as it happens, ${lang}`, async ({ page }) => {
    await board(page, `?lang=${lang}`);
    await panel(page, says.incidents).getByRole('button', { name: /Ùn tắc tại nút giao/ }).click();
    const course = panel(page, `${says.course} · I4812`);
    const lines = course.getByRole('list', { name: says.course }).getByRole('listitem');
    await expect(lines.last()).toContainText(says.opened);
    await note(page, 'I4812', `Xe cẩu đã tới, ${lang}`);
    await expect(lines.first()).toContainText(`Xe cẩu đã tới, ${lang}`);
    // A unit is sent: its line has the unit and what it does, without the board being loaded anew.
    await expect(panel(page, says.send).getByRole('listitem').first()).toBeVisible();
    await page.keyboard.press('1');
    const offered = lines.filter({ hasText: says.offered }).first();
    await expect(offered).toContainText(says.status);
    // Each line is there once, though the line brings it and the node keeps it.
    await expect(lines.filter({ hasText: `Xe cẩu đã tới, ${lang}` })).toHaveCount(1);
    await panel(page, says.incidents).getByRole('button', { name: /Mùi khét/ }).click();
    await expect(panel(page, `${says.course} · I4809`)).not.toContainText('Xe cẩu đã tới');
  });

  test(`a crew's phone shows the course of its incident, and without a network as of when, ${lang}`, async ({ page }) => {
    await crew(page, `?lang=${lang}`);
    const course = page.getByRole('region', { name: says.course });
    await expect(course).toContainText(says.asOf);
    for (const text of ['Một', 'Hai', 'Ba', 'Bốn', 'Năm']) await note(page, 'I4819', `${text} người đã ra ngoài, ${lang}`);
    await expect(course).toContainText(`Năm người đã ra ngoài, ${lang}`, { timeout: 20_000 });
    await expect(course).not.toContainText(`Một người đã ra ngoài, ${lang}`);
    await course.getByRole('button', { name: says.whole }).click();
    await expect(course).toContainText(`Một người đã ra ngoài, ${lang}`);
    // What was read stays, with its time.
    await fake(page, 'cut?down=1');
    await expect(course.locator('.old')).toContainText(says.asOf, { timeout: 20_000 });
    await expect(course).toContainText(`Năm người đã ra ngoài, ${lang}`);
  });
}
