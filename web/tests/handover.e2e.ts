// Hand-overs as people on both sides see them, in both languages: to a service, its second channel when nobody answers in time; between
// rooms, down and up; by telephone; and from a service. Times are over when the fake node says so, never by waiting.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Browser, type Page } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { board, enter, enterAt, fake, file, panel, row, turnTo } from './page';

const WORDS = { vi, en };
const ROOMS = { vi: { tinh: 'Trung tâm tỉnh', below: 'Phòng Bạch Thông' }, en: { tinh: 'Provincial centre', below: 'Bach Thong room' } };
const LEFT = { vi: /còn \d\d:\d\d/, en: /\d\d:\d\d left/ };
const OVER = { vi: /trễ \d\d:\d\d/, en: /\d\d:\d\d late/ };
/** A landslide in the commune of Bạch Thông. */
const ID = 'I4820';

/** Somebody at another screen, signed in apart from the first. */
const elsewhere = async (browser: Browser) => (await browser.newContext()).newPage();
const cardOf = (page: Page, id: string) => file(page, id).locator('details.handovers');
const headOf = (page: Page, id: string) => cardOf(page, id).locator('summary');
const lines = (page: Page, id: string) => cardOf(page, id).getByRole('listitem');

async function faultless(page: Page, part: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).include(part).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`)).toEqual([]);
}

test.beforeEach(async ({ page }) => {
  for (const command of ['clocks', 'rooms', 'handovers']) await fake(page, command);
});
test.afterEach(async ({ page }) => {
  for (const command of ['district?off=1', 'handovers', 'rooms', 'clocks']) await fake(page, command);
});

for (const lang of ['vi', 'en'] as const) {
  const theirLang = lang === 'vi' ? 'en' : 'vi';
  const [words, theirWords] = [WORDS[lang], WORDS[theirLang]];
  const [h, theirs] = [words.warning.handover, theirWords.warning.handover];
  const rooms = ROOMS[lang];

  test(`by the keyboard an incident is offered to a service; nobody answers in time, the second channel does, and the incident is theirs, ${lang}`, async ({ page, browser }) => {
    await enter(page, `?nomap=1&room=tinh&lang=${lang}`);
    await turnTo(page, ID);
    const card = cardOf(page, ID);
    const head = headOf(page, ID);
    await expect(head).toContainText(h.ours);
    await head.focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await expect(card.getByRole('button', { name: h.offer })).toBeFocused();
    await page.keyboard.press('Enter');
    const [to, system] = [card.locator('.form select').first(), card.locator('.form select').nth(1)];
    await expect(to).toBeFocused();
    // Up and down only: the rooms of the incident's place and above it, two services, the telephone.
    await expect(to.locator('option')).toHaveText([rooms.tinh, rooms.below, 'Cảnh sát PCCC 114', 'Cấp cứu 115', h.byPhone]);
    await expect(card.getByRole('button', { name: h.send })).toHaveAttribute('title', h.lacking);
    await page.keyboard.press('ArrowUp');
    await expect(to).toHaveValue('115');
    await page.keyboard.press('Tab');
    await expect(card.getByLabel(h.contact, { exact: true })).toBeFocused();
    await page.keyboard.press('Tab');
    await expect(card.getByLabel(h.second)).toBeFocused();
    await page.keyboard.type('0209 115');
    await page.keyboard.press('Tab');
    await expect(system).toBeFocused();
    await page.keyboard.press('ArrowDown');
    await expect(system).toHaveValue('114');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Cần xe cấp cứu');
    await expect(card.getByLabel(h.reason)).toHaveValue('Cần xe cấp cứu');
    await page.keyboard.press('Tab');
    await expect(card.getByRole('checkbox', { name: h.lead })).toBeChecked();
    await page.keyboard.press('Tab');
    await expect(card.getByRole('button', { name: h.send })).toBeFocused();
    await page.keyboard.press('Enter');

    const line = lines(page, ID).last();
    await expect(line).toContainText(h.out('Cấp cứu 115'));
    await expect(line).toContainText(h.state.offered);
    await expect(line).toContainText(LEFT[lang]);
    await expect(line).toContainText(h.lead);
    await expect(line).toContainText(h.offeredBy('hoa'));
    // What was pressed is gone, and the keyboard is not lost with it.
    await expect(head).toBeFocused();
    await expect(head).toContainText(h.ours);
    await expect(row(page, ID)).toContainText(h.state.offered);
    const due = file(page, ID).getByRole('region', { name: words.deadline.heading }).getByRole('listitem').filter({ hasText: words.deadline.obligation['acknowledge-handover'] });
    await expect(due).toContainText(words.deadline.standing['on-time']);
    await faultless(page, 'details.handovers');

    await fake(page, `handover-late?of=${ID}&told=hoa`);
    await expect(line).toContainText(h.state.escalated);
    await expect(line).toContainText(OVER[lang]);
    await expect(line).toContainText(h.call('0209 115'));
    await expect(line).toContainText(h.alsoTold('114'));
    await expect(due).toContainText(words.deadline.standing.late);
    const band = page.getByRole('region', { name: words.deadline.band });
    await expect(band).toContainText(words.deadline.obligation['acknowledge-handover']);
    await expect(band).toContainText(ID);
    await expect(row(page, ID)).toContainText(h.state.escalated);
    await expect(head).toContainText(h.ours);
    await faultless(page, 'details.handovers');

    await fake(page, `handover-answer?of=${ID}&from=114&accept=1&reference=114-9&words=${encodeURIComponent('Hai xe đang đi')}`);
    await expect(line).toContainText(h.state.accepted);
    await expect(line).toContainText('Cảnh sát PCCC 114: Hai xe đang đi');
    await expect(line).toContainText(h.reference('114-9'));
    await expect(line).not.toContainText(h.call('0209 115'));
    await expect(head).toContainText(h.theirs('Cảnh sát PCCC 114'));
    await expect(row(page, ID)).toContainText(h.theirs('Cảnh sát PCCC 114'));
    await expect(due).toContainText(words.deadline.metLate);
    await expect(band).toHaveCount(0);
    const course = file(page, ID).getByRole('list', { name: words.incident.timeline });
    for (const kind of ['handover_offered', 'handover_escalated', 'handover_accepted']) await expect(course).toContainText(words.incident.event[kind]!);

    // A dispatcher sees whose it is, in the list and in the incident.
    const other = await elsewhere(browser);
    await board(other, `?lang=${theirLang}`);
    const listed = panel(other, theirWords.dispatch.incidents).getByRole('button', { name: new RegExp(ID) });
    await expect(listed).toContainText(theirs.theirs('Cảnh sát PCCC 114'));
    await listed.click();
    const seen = other.locator('details.handovers');
    await expect(seen.locator('summary')).toContainText(theirs.theirs('Cảnh sát PCCC 114'));

    // The lead comes back when we take it, for a reason.
    await card.getByRole('button', { name: `${h.withdraw}…` }).click();
    await expect(card.getByLabel(h.words)).toBeFocused();
    await expect(card.getByRole('button', { name: h.withdraw, exact: true })).toHaveAttribute('title', h.wordsMissing);
    await page.keyboard.type('Đường đã thông');
    await card.getByRole('button', { name: h.withdraw, exact: true }).click();
    await expect(line).toContainText(h.state.withdrawn);
    await expect(head).toContainText(h.ours);
    await expect(seen.locator('summary')).toContainText(theirs.ours);
    await expect(listed).not.toContainText('114');
    await other.context().close();
  });

  test(`a room below refuses, then takes it over, and both sides see whose it is until it is given back, ${lang}`, async ({ page, browser }) => {
    await enter(page, `?nomap=1&room=tinh&lang=${lang}`);
    await turnTo(page, ID);
    const card = cardOf(page, ID);
    await card.locator('summary').click();
    const offer = async () => {
      await card.getByRole('button', { name: h.offer }).click();
      await card.locator('.form select').first().selectOption({ label: rooms.below });
      await card.getByLabel(h.second).fill('0209 200');
      await card.getByLabel(h.reason).fill('Gần hiện trường');
      await card.getByRole('button', { name: h.send }).click();
    };
    await offer();
    const line = lines(page, ID).last();
    await expect(line).toContainText(h.out(rooms.below));
    await expect(line).toContainText(h.within);
    await expect(line).toContainText(h.state.offered);
    // Whoever offers does not answer for the other room.
    await expect(line.getByRole('button', { name: h.take })).toHaveAttribute('title', h.ownOffer);

    const other = await elsewhere(browser);
    await enterAt(other, `/rooms.html?room=bach-thong&lang=${theirLang}`, 'dung');
    const list = panel(other, theirs.waiting);
    const there = list.getByRole('article', { name: ID });
    const reads = there.getByRole('listitem');
    await expect(reads.last()).toContainText(theirs.toHere);
    await expect(reads.last()).toContainText(theirs.state.offered);
    await expect(reads.last()).toContainText(LEFT[theirLang]);
    await expect(there.locator('summary')).toContainText(theirs.notYet);
    await faultless(other, 'main');
    await there.getByRole('button', { name: `${theirs.refuse}…` }).click();
    const refuse = there.getByRole('button', { name: theirs.refuse, exact: true });
    await expect(refuse).toHaveAttribute('title', theirs.wordsMissing);
    await there.getByLabel(theirs.words).fill('Hết lực lượng');
    await refuse.click();
    await expect(line).toContainText(h.state.refused);
    await expect(line).toContainText('Hết lực lượng');
    await expect(headOf(page, ID)).toContainText(h.ours);
    await expect(list).toContainText(theirs.noneWaits);

    await offer();
    await expect(lines(page, ID)).toHaveCount(2);
    await there.getByRole('button', { name: theirs.take }).click();
    await expect(reads.last()).toContainText(theirs.state.accepted);
    await expect(there.locator('summary')).toContainText(theirs.here);
    await expect(line).toContainText(h.state.accepted);
    await expect(headOf(page, ID)).toContainText(h.theirs(rooms.below));
    // A screen that is opened anew says the same.
    await page.reload();
    await turnTo(page, ID);
    await expect(headOf(page, ID)).toContainText(h.theirs(rooms.below));
    await there.getByRole('button', { name: `${theirs.giveBack}…` }).click();
    await there.getByLabel(theirs.words).fill('Đã xong phần của xã');
    await there.getByRole('button', { name: theirs.giveBack, exact: true }).click();
    await expect(headOf(page, ID)).toContainText(h.ours);
    await expect(there).toHaveCount(0);
    await other.context().close();
  });

  test(`from the board it is offered upwards; the room above is late, called, and then leads, ${lang}`, async ({ page, browser }) => {
    await board(page, `?room=bach-thong&lang=${lang}`);
    await panel(page, words.dispatch.incidents).getByRole('button', { name: new RegExp(ID) }).click();
    const card = page.locator('details.handovers');
    await card.locator('summary').click();
    await card.getByRole('button', { name: h.offer }).click();
    await card.locator('.form select').first().selectOption({ label: rooms.tinh });
    await card.getByLabel(h.second).fill('0208 100');
    await card.getByLabel(h.reason).fill('Vượt quá sức của xã');
    await card.getByRole('button', { name: h.send }).click();
    await expect(card.getByRole('listitem').last()).toContainText(h.out(rooms.tinh));
    await expect(card.getByRole('listitem').last()).toContainText(h.state.offered);

    const other = await elsewhere(browser);
    await enter(other, `?nomap=1&room=tinh&lang=${theirLang}`);
    await fake(page, `handover-late?of=${ID}&told=hoa`);
    const band = other.getByRole('region', { name: theirWords.deadline.band });
    await expect(band).toContainText(theirWords.deadline.obligation['acknowledge-handover']);
    await expect(band).toContainText(theirWords.deadline.told('hoa'));
    await band.getByRole('button', { name: theirWords.deadline.open(ID) }).click();
    await expect(headOf(other, ID)).toContainText(theirs.notYet);
    const reads = lines(other, ID).last();
    await expect(reads).toContainText(theirs.toHere);
    await expect(reads).toContainText(theirs.state.escalated);
    await expect(card.getByRole('listitem').last()).toContainText(h.call('0208 100'));
    await reads.getByRole('button', { name: theirs.take }).click();
    await expect(headOf(other, ID)).toContainText(theirs.here);
    await expect(card.locator('summary')).toContainText(h.theirs(rooms.tinh));
    await expect(panel(page, words.dispatch.incidents).getByRole('button', { name: new RegExp(ID) })).toContainText(h.theirs(rooms.tinh));
    await expect(row(other, ID)).toContainText(theirs.here);
    await other.context().close();
  });

  test(`by telephone it is offered, refused, offered again and taken back before an answer, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await turnTo(page, ID);
    const card = cardOf(page, ID);
    await card.locator('summary').click();
    const offer = async () => {
      await card.getByRole('button', { name: h.offer }).click();
      await expect(card.locator('.form select').first()).toHaveValue('');
      await card.getByLabel(h.toName).fill('Điện lực Bạch Thông');
      await card.getByLabel(h.contact, { exact: true }).fill('0209 300');
      await card.getByLabel(h.second).fill('0209 301');
      await card.getByLabel(h.reason).fill('Cắt điện khu vực sạt lở');
      await card.getByRole('checkbox', { name: h.lead }).uncheck();
      await card.getByRole('button', { name: h.send }).click();
    };
    await offer();
    const line = lines(page, ID).last();
    await expect(line).toContainText(h.out('Điện lực Bạch Thông'));
    await expect(line).toContainText(h.help);
    await card.getByRole('button', { name: `${h.refuseOrWithdraw}…` }).click();
    await card.getByLabel(h.words).fill('Không có người');
    await card.getByRole('button', { name: h.refuse, exact: true }).click();
    await expect(line).toContainText(h.state.refused);
    await expect(line).toContainText('Điện lực Bạch Thông: Không có người');

    await offer();
    await expect(lines(page, ID)).toHaveCount(2);
    await card.getByRole('button', { name: `${h.refuseOrWithdraw}…` }).click();
    await card.getByLabel(h.words).fill('Đã tự cắt được');
    await card.getByRole('button', { name: h.withdraw, exact: true }).click();
    await expect(lines(page, ID).last()).toContainText(h.state.withdrawn);

    await offer();
    await expect(lines(page, ID)).toHaveCount(3);
    await lines(page, ID).last().getByRole('button', { name: h.accept, exact: true }).click();
    await expect(lines(page, ID).last()).toContainText(h.state.accepted);
    // They help; the lead stays here.
    await expect(headOf(page, ID)).toContainText(h.ours);
  });

  test(`what a service offers is theirs until somebody here takes it over, and again when they take it back, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    const summary = `Bệnh nhân khó thở ${lang}`;
    const offered = `handover-in?from=115&reference=115-77-${lang}&lead=1&summary=${encodeURIComponent(summary)}`;
    const { incident } = (await (await fake(page, offered)).json()) as { incident: string };
    // Their system sends it again: it is the same one.
    expect(await (await fake(page, offered)).json()).toEqual({ incident });
    await turnTo(page, incident);
    await expect(row(page, summary)).toHaveCount(1);
    await expect(row(page, incident)).toContainText(h.theirs('Cấp cứu 115'));
    const head = headOf(page, incident);
    const line = lines(page, incident).last();
    await expect(head).toContainText(h.theirs('Cấp cứu 115'));
    await expect(line).toContainText(h.in('Cấp cứu 115'));
    await expect(line).toContainText(h.state.offered);
    await expect(line).toContainText(h.reference(`115-77-${lang}`));
    await line.getByRole('button', { name: h.take }).focus();
    await page.keyboard.press('Enter');
    await expect(line).toContainText(h.state.accepted);
    await expect(head).toContainText(h.ours);
    await expect(line.getByRole('button')).toHaveCount(0);
    await fake(page, `handover-back?of=${incident}&words=${encodeURIComponent('xe của chúng tôi đã đến')}`);
    await expect(line).toContainText(h.state.withdrawn);
    await expect(head).toContainText(h.theirs('Cấp cứu 115'));

    const second = (await (await fake(page, offered.replace('115-77', '115-78'))).json()) as { incident: string };
    expect(second.incident).not.toBe(incident);
    await turnTo(page, second.incident);
    const refused = lines(page, second.incident).last();
    await refused.getByRole('button', { name: `${h.refuse}…` }).click();
    await refused.getByLabel(h.words).fill('Ngoài địa bàn');
    await refused.getByRole('button', { name: h.refuse, exact: true }).click();
    await expect(refused).toContainText(h.state.refused);
    await expect(refused).toContainText('Ngoài địa bàn');
    await expect(headOf(page, second.incident)).toContainText(h.theirs('Cấp cứu 115'));
  });
  test(`while a district's line to the province is cut an answer is kept, named in the list of what is unsent, and changes nothing until it is there, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    const { incident } = (await (await fake(page, `handover-in?from=115&reference=115-99-${lang}&lead=1&summary=${encodeURIComponent('Chuyển viện gấp')}`)).json()) as { incident: string };
    await turnTo(page, incident);
    await fake(page, 'district?cut=1&age_ms=0');
    const line = lines(page, incident).last();
    await line.getByRole('button', { name: h.take }).click();
    await expect(file(page, incident)).toContainText(words.command.kept);
    await expect(line).toContainText(h.state.offered);
    await expect(headOf(page, incident)).toContainText(h.theirs('Cấp cứu 115'));
    await page.getByRole('banner').getByRole('button', { name: words.kept.unsent(1) }).click();
    await expect(page.getByRole('dialog')).toContainText(words.kept.what['incidents/handover/answer']!);
    await page.keyboard.press('Escape');
    await fake(page, 'district?cut=0&age_ms=0');
    await expect(line).toContainText(h.state.accepted);
    await expect(headOf(page, incident)).toContainText(h.ours);
  });
}
