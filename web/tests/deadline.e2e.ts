// Deadlines and instructions as people meet them, in both languages: late by the cluster's events, acknowledged, paused; given, done,
// sent back, confirmed.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { enter, enterAt, fake, file, freshSeq, panel, turnTo } from './page';

const WORDS = {
  vi: {
    card: 'Thời hạn và chỉ đạo', forward: 'Chuyển xử lý', answer: 'Xử lý xong', nearly: 'Sắp trễ', late: 'Trễ hạn', overdue: 'Quá hạn lâu', paused: 'Tạm dừng', pause: 'Tạm dừng', answerReport: 'Trả lời người báo', metLate: 'Đã làm, trễ hạn', progress: 'Báo tiến độ', progressNote: 'Đã làm đến đâu', promise: 'Hẹn xong trước', promiseMissing: 'Ghi đã làm đến đâu, giờ hẹn và chọn ảnh', promiseBare: 'Ghi đã làm đến đâu và giờ hẹn', promised: 'đã hẹn lại, hạn đầu', doTask: 'Làm xong việc được giao', onTime: 'Còn hạn', met: 'Đã làm',
    over: /trễ \d\d:\d\d/, left: /còn \d+:\d\d/, told: 'đã báo', knows: 'đã biết lúc', band: 'Trễ hạn chưa ai nhận biết', acknowledge: 'Đã biết', reason: 'Lý do tạm dừng', reasonMissing: 'Ghi lý do tạm dừng', resume: 'Tính tiếp',
    yours: 'Chỉ đạo cho bạn', reported: 'Báo đã xong, chờ bạn xác nhận', give: 'Giao chỉ đạo…', send: 'Giao chỉ đạo', from: 'Giao chỉ đạo từ: Chưa tiếp nhận', what: 'Việc cần làm', owner: 'Người làm', where: 'Địa bàn', by: 'Xong trước',
    whatMissing: 'Ghi việc cần làm', byPast: 'Giờ xong phải sau lúc này', take: 'Nhận', finish: 'Báo xong', confirm: 'Xác nhận đã xong', back: 'Trả lại làm tiếp', words: 'Kết quả hoặc lý do', wordsMissing: 'Ghi lý do',
    list: 'Chỉ đạo', confirmed: 'xác nhận lúc', again: 'mở lại lần 1', refused: 'Bị từ chối', done: 'Đã xong', sentBack: 'bị trả lại 1 lần', open: 'Mở I4821',
  },
  en: {
    card: 'Deadlines and instructions', forward: 'Pass it on', answer: 'Resolve it', nearly: 'Nearly late', late: 'Late', overdue: 'Long overdue', paused: 'Paused', pause: 'Pause', answerReport: 'Answer the sender', metLate: 'Done, late', progress: 'Report progress', progressNote: 'How far it is', promise: 'Promise it by', promiseMissing: 'Say how far it is, promise a time and choose a photo', promiseBare: 'Say how far it is and promise a time', promised: 'promised anew, first due', doTask: 'Do the task', onTime: 'In time', met: 'Done',
    over: /\d\d:\d\d late/, left: /\d+:\d\d left/, told: 'told', knows: 'has known since', band: 'Late, and nobody has acknowledged it', acknowledge: 'Acknowledge', reason: 'Why it is paused', reasonMissing: 'Say why it is paused', resume: 'Let it run',
    yours: 'An instruction for you', reported: 'Said to be done, waits for you to confirm it', give: 'Give an instruction…', send: 'Give an instruction', from: 'Give an instruction from: ', what: 'What to do', owner: 'Who does it', where: 'Place', by: 'Done by',
    whatMissing: 'Say what to do', byPast: 'The time has to be later than now', take: 'Take it', finish: 'Report it done', confirm: 'Confirm that it is done', back: 'Send it back', words: 'Result or reason', wordsMissing: 'Say why',
    list: 'Instructions', confirmed: 'confirmed it at', again: 'reopened, round 1', refused: 'Refused', done: 'Done', sentBack: 'sent back 1 times', open: 'Open I4821',
  },
} as const;

async function faultless(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`)).toEqual([]);
}

test.beforeEach(async ({ page }) => {
  await fake(page, 'clocks');
});
test.afterEach(async ({ page }) => {
  for (const command of ['role?role=', 'clocks']) await fake(page, command);
});

for (const lang of ['vi', 'en'] as const) {
  const w = WORDS[lang];
  const card = (page: Page, id: string) => file(page, id).getByRole('region', { name: w.card });
  const band = (page: Page) => page.getByRole('region', { name: w.band });

  test(`the file of an incident says what is due, what is late, who knows, what is paused and why, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await turnTo(page, 'I4820');
    const lines = card(page, 'I4820').getByRole('listitem');
    await expect(lines).toHaveCount(3);
    // The gravest first, each with a word beside its colour.
    await expect(lines.nth(0)).toContainText(w.forward);
    await expect(lines.nth(0)).toContainText(w.late);
    await expect(lines.nth(0)).toContainText(w.over);
    await expect(lines.nth(0)).toContainText(`${w.told} truc-ban`);
    await expect(lines.nth(0)).toContainText(`truc-ban ${w.knows}`);
    await expect(lines.nth(1)).toContainText(w.answer);
    await expect(lines.nth(1)).toContainText(w.paused);
    await expect(lines.nth(1)).toContainText('chờ đánh giá địa chất');
    await expect(card(page, 'I4820').getByRole('article')).toContainText('Thông một làn xe trước 18 giờ');
    await expect(card(page, 'I4820').getByRole('article')).toContainText('Sở Xây dựng');
    await expect(lines.nth(2)).toContainText(w.nearly);
    await expect(lines.nth(2)).toContainText(w.left);
    await faultless(page);
    await turnTo(page, 'I4822');
    await expect(card(page, 'I4822')).toHaveCount(0);
  });

  test(`a clock goes nearly late, late, overdue; each step calls until somebody says that they know, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await expect(band(page)).toHaveCount(0);
    await fake(page, 'clock?of=I4821&stage=nearly_late&told=hoa');
    await expect(band(page)).toContainText(w.nearly);
    await expect(band(page)).toContainText('I4821');
    await expect(band(page)).toContainText(`${w.told} hoa`);
    await fake(page, 'clock?of=I4821&stage=late&told=hoa');
    await expect(band(page).locator('strong')).toHaveText(w.late);
    await faultless(page);
    // It calls wherever people on duty sit, and a screen that was opened anew does not forget it.
    await page.reload();
    await expect(band(page).locator('strong')).toHaveText(w.late);
    await band(page).getByRole('button', { name: w.open }).click();
    await expect(card(page, 'I4821')).toContainText(w.answer);
    await band(page).getByRole('button', { name: w.acknowledge }).click();
    await expect(band(page)).toHaveCount(0);
    await expect(card(page, 'I4821')).toContainText(`hoa ${w.knows}`);
    await expect(card(page, 'I4821')).toContainText(w.late);
    // Later still it calls anew.
    await fake(page, 'clock?of=I4821&stage=overdue&told=hoa');
    await expect(band(page).locator('strong')).toHaveText(w.overdue);
    await page.goto(`/rooms.html?lang=${lang}`);
    await expect(band(page).locator('strong')).toHaveText(w.overdue);
    await band(page).getByRole('button', { name: w.acknowledge }).click();
    await expect(band(page)).toHaveCount(0);
  });

  test(`of two the graver stands first, and whoever was told sees theirs, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await fake(page, 'clock?of=I4821&stage=overdue&told=lan');
    await fake(page, 'clock?of=I4817&stage=late&told=lan');
    await expect(band(page)).toContainText('I4821');
    await expect(band(page)).toContainText('+1');
    await fake(page, 'clock?of=I4815&stage=late&told=hoa');
    await expect(band(page)).toContainText('I4815');
    await expect(band(page)).toContainText('+2');
  });

  test(`a clock is paused with a reason and runs again, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await turnTo(page, 'I4820');
    const line = card(page, 'I4820').getByRole('listitem').filter({ hasText: w.forward });
    await line.getByRole('button', { name: `${w.pause}…` }).click();
    const pause = line.getByRole('button', { name: w.pause, exact: true });
    await expect(pause).toHaveAttribute('title', w.reasonMissing);
    await line.getByLabel(w.reason).fill('chờ công binh');
    await pause.click();
    await expect(line.locator('b')).toHaveText(w.paused);
    await expect(line).toContainText('chờ công binh');
    await line.getByRole('button', { name: w.resume }).click();
    await expect(line.locator('b')).toHaveText(w.late);
  });

  test(`a progress note with a photo and a promised time puts the deadline off, and the first one stays visible, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await fake(page, 'clock?of=I4819&stage=late&told=hoa');
    await turnTo(page, 'I4819');
    const line = card(page, 'I4819').getByRole('listitem').filter({ hasText: w.answer });
    await line.getByRole('button', { name: w.progress }).click();
    const send = line.getByRole('button', { name: w.progress, exact: true });
    await expect(send).toHaveAttribute('title', w.promiseMissing);
    await line.getByLabel(w.progressNote).fill('đã dập hai phần ba');
    await line.getByLabel(w.promise).fill('01/01/2035 16:00');
    await line.getByRole('radio').first().check();
    await faultless(page);
    await send.click();
    await expect(line.locator('b')).toHaveText(w.onTime);
    await expect(line).toContainText(w.promised);
    await expect(band(page)).toHaveCount(0);
  });

  test(`an instruction without an incident is put off by who gave it, without a photo, and not by whose it is, ${lang}`, async ({ page, browser }) => {
    const title = `Đếm thuyền ở bến, ${lang}`;
    await enterAt(page, `/rooms.html?lang=${lang}`);
    const data = { title, about: '', incident: null, admin_unit: '', agency: '', owner: 'dung', due_at_ms: Date.UTC(2034, 0, 1), exercise: false };
    await page.request.post('/api/instructions', { data, headers: { 'x-request-seq': freshSeq() } });
    const line = panel(page, w.list).getByRole('article', { name: title }).getByRole('listitem');
    await line.getByRole('button', { name: w.progress }).click();
    await expect(line.getByRole('radio')).toHaveCount(0);
    const send = line.getByRole('button', { name: w.progress, exact: true });
    await expect(send).toHaveAttribute('title', w.promiseBare);
    await line.getByLabel(w.progressNote).fill('thiếu xuồng');
    await line.getByLabel(w.promise).fill('01/01/2035 16:00');
    await faultless(page);

    const theirs = await (await browser.newContext()).newPage();
    await enterAt(theirs, `/rooms.html?lang=${lang}`, 'dung');
    await expect(panel(theirs, w.list).getByRole('article', { name: title })).toBeVisible();
    await expect(panel(theirs, w.list).getByRole('article', { name: title }).getByRole('button', { name: w.progress })).toHaveCount(0);

    await send.click();
    await expect(line).toContainText(w.promised);
    await expect(panel(theirs, w.list).getByRole('article', { name: title })).toContainText(w.promised);
    await theirs.context().close();
  });

  test(`a report keeps its first clock when its sender opens it again; what is late is taken on, and paused with a reason, ${lang}`, async ({ page }) => {
    await fake(page, 'report-late');
    await enter(page, `?nomap=1&lang=${lang}`);
    await expect(band(page)).toContainText(w.answerReport);
    await expect(band(page)).toContainText('4HTQW-22MXA-9BCD1');
    await turnTo(page, 'I4819');
    await file(page, 'I4819').locator('details.told summary').click();
    const lines = file(page, 'I4819').locator('details.told').getByRole('listitem').filter({ hasText: w.answerReport }).filter({ hasNot: page.getByRole('list') });
    await expect(lines).toHaveCount(2);
    await expect(lines.nth(0)).toContainText(w.late);
    await expect(lines.nth(0)).toContainText(w.again);
    await expect(lines.nth(1)).toContainText(w.metLate);
    await lines.nth(0).getByRole('button', { name: w.acknowledge }).click();
    await expect(lines.nth(0)).toContainText(`hoa ${w.knows}`);
    await expect(band(page)).toHaveCount(0);
    await lines.nth(0).getByRole('button', { name: `${w.pause}…` }).click();
    await lines.nth(0).getByLabel(w.reason).fill('chờ công an phường');
    await lines.nth(0).getByRole('button', { name: w.pause, exact: true }).click();
    await expect(lines.nth(0)).toContainText('chờ công an phường');
    await expect(lines.nth(0).locator('b')).toHaveText(w.paused);
    await expect(lines.nth(1)).toContainText(w.metLate);
  });

  test(`an instruction from a figure: given, taken, done, sent back, done again, confirmed, ${lang}`, async ({ page, browser }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await page.getByRole('button', { name: w.from }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: w.send }).click();
    await expect(dialog.getByRole('alert')).toHaveText(w.whatMissing);
    await dialog.getByLabel(w.what).fill('Gọi lại người chờ lâu nhất');
    await dialog.getByLabel(w.owner).fill('dung');
    await dialog.getByLabel(w.where).selectOption({ index: 1 });
    await dialog.getByLabel(w.by).fill('01/01/2020 16:00');
    await dialog.getByRole('button', { name: w.send }).click();
    await expect(dialog.getByRole('alert')).toHaveText(w.byPast);
    await dialog.getByLabel(w.by).fill('01/01/2035 16:00');
    await faultless(page);
    await dialog.getByRole('button', { name: w.send }).click();
    await expect(dialog).toHaveCount(0);

    // Whose it is sees it at once, wherever they sit, with its clock.
    const theirs = await (await browser.newContext()).newPage();
    await enterAt(theirs, `/dispatch?lang=${lang}`, 'dung');
    const yours = theirs.getByRole('region', { name: w.yours });
    await expect(yours).toContainText('Gọi lại người chờ lâu nhất');
    await expect(yours.getByRole('listitem')).toHaveCount(1);
    await faultless(theirs);
    await yours.getByRole('button', { name: w.take, exact: true }).click();
    await expect(yours.getByRole('button', { name: w.take, exact: true })).toHaveCount(0);
    await yours.getByLabel(w.words).fill('đã gọi');
    await yours.getByRole('button', { name: w.finish }).click();
    await expect(yours).toHaveCount(0);

    const reported = page.getByRole('region', { name: w.reported });
    await expect(reported).toContainText('đã gọi');
    const back = reported.getByRole('button', { name: w.back });
    await expect(back).toHaveAttribute('title', w.wordsMissing);
    await reported.getByLabel(w.words).fill('gọi cả người thứ hai');
    await back.click();
    await expect(reported).toHaveCount(0);
    await expect(yours).toContainText('gọi cả người thứ hai');
    // The first clock stays as it ended; what runs is of the next round.
    await expect(yours.getByRole('listitem')).toContainText(w.again);
    await yours.getByRole('button', { name: w.finish }).click();
    await reported.getByRole('button', { name: w.confirm }).click();
    await expect(reported).toHaveCount(0);

    await page.goto(`/rooms.html?lang=${lang}`);
    const it = panel(page, w.list).getByRole('article', { name: 'Gọi lại người chờ lâu nhất' }).filter({ hasText: w.confirmed });
    await expect(it.first()).toContainText(w.done);
    await expect(it.first()).toContainText(w.sentBack);
    await expect(it.first().getByRole('listitem')).toHaveCount(2);
    await theirs.context().close();
  });

  test(`an agency's task runs on a clock of the incident, and doing it ends the clock, ${lang}`, async ({ page }) => {
    const t = { vi, en }[lang].dispatch;
    await enterAt(page, `/dispatch?lang=${lang}`, 'dung');
    await panel(page, t.incidents).getByRole('button', { name: /Mùi khét/ }).click();
    const tasks = page.getByRole('region', { name: t.tasks });
    await tasks.getByLabel(t.agency).fill(`Sở Nông nghiệp ${lang}`);
    await tasks.getByLabel(t.taskText).fill('Lấy mẫu khí');
    await tasks.getByRole('button', { name: t.giveTask }).click();
    const task = tasks.getByRole('listitem').filter({ hasText: `Sở Nông nghiệp ${lang}` });
    const clock = task.getByRole('listitem');
    await expect(clock).toContainText(w.doTask);
    await expect(clock).toContainText(w.onTime);
    await faultless(page);
    await task.getByRole('button', { name: t.task.done, exact: true }).click();
    await expect(clock.locator('b')).toHaveText(w.met);
  });

  test(`an instruction for an incident that the cluster refuses says which field and why, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await turnTo(page, 'I4822');
    await file(page, 'I4822').getByRole('button', { name: w.give }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('I4822');
    await expect(dialog.getByLabel(w.where)).toHaveCount(0);
    await dialog.getByLabel(w.what).fill('Đặt rào chắn');
    await dialog.getByLabel(w.owner).fill('khong-co');
    await dialog.getByRole('button', { name: w.send }).click();
    const refused = file(page, 'I4822').locator('.refused');
    await expect(refused).toContainText(w.refused);
    await expect(refused).toHaveAttribute('title', /khong-co/);
    await expect(card(page, 'I4822')).toHaveCount(0);
  });
}

for (const lang of ['vi', 'en'] as const) {
  const w = WORDS[lang];

  test(`who only looks on sees what is late, and is told why they cannot take it on, ${lang}`, async ({ page }) => {
    await fake(page, 'role?role=viewer');
    await enter(page, `?nomap=1&lang=${lang}`, 'man-hinh');
    await fake(page, 'clock?of=I4821&stage=late&told=hoa');
    const band = page.getByRole('region', { name: w.band });
    await expect(band.getByRole('button', { name: w.acknowledge })).toHaveAttribute('title', { vi, en }[lang].deadline.notTold);
    await expect(page.getByRole('button', { name: new RegExp(`^${w.send}`) })).toHaveCount(0);
  });
}
