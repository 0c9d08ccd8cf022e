// Warnings to the public, in both languages: written by one person and decided by another, updated and cancelled by messages that name
// what stands, and never mixed up: the real thing, a drill, a trial.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Browser, type Page } from '@playwright/test';
import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';
import { test } from './anew';
import { enter, fake, file, turnTo } from './page';

const WORDS = { vi, en };
type Words = (typeof WORDS)['vi'];
/** A landslide, and a drill. */
const [ID, DRILL] = ['I4820', 'I4823'];

const cardOf = (page: Page, incident: string) => file(page, incident).locator('details.warnings');
const choice = (page: Page, incident: string) => cardOf(page, incident).locator('.form select');
/** The line of that message; others may name it. */
const lineOf = (page: Page, id: string, incident = ID) =>
  cardOf(page, incident).getByRole('listitem').filter({ has: page.locator('b', { hasText: new RegExp(`^${id} `) }) });

/** Opens the incident's file anew, which asks for its messages, and their list. */
async function look(page: Page, incident = ID): Promise<void> {
  await page.keyboard.press('Escape');
  await expect(page.getByRole('complementary')).toHaveCount(0);
  await turnTo(page, incident);
  await cardOf(page, incident).evaluate((card: HTMLDetailsElement) => void (card.open = true));
}

/** Somebody else at the same incident, signed in apart from the first. */
async function second(browser: Browser, lang: string, incident = ID): Promise<Page> {
  const other = await (await browser.newContext()).newPage();
  await enter(other, `?nomap=1&lang=${lang}`, 'an');
  await look(other, incident);
  return other;
}

/** Fills in what a first message lacks. */
async function fill(page: Page, incident: string, { form }: Words['warning'], headline: string): Promise<void> {
  const card = cardOf(page, incident);
  await card.getByLabel(form.senderName, { exact: true }).fill('Trung tâm điều hành');
  for (const language of [form.vi, form.en]) {
    const words = card.getByRole('group', { name: language });
    await words.getByLabel(form.event).fill('Sạt lở');
    await words.getByLabel(form.headline).fill(`${headline} ${language}`);
    await words.getByLabel(form.description).fill('Đất tràn mặt đường');
    await words.getByLabel(form.instruction).fill('Không đi qua đèo');
  }
}

/** Sends the form, and says which message it became. */
async function send(page: Page, incident: string, { form, standing }: Words['warning']): Promise<string> {
  const card = cardOf(page, incident);
  await card.getByRole('button', { name: form.send }).click();
  await expect(card.locator('.form')).toHaveCount(0);
  const newest = card.getByRole('listitem').first();
  await expect(newest).toContainText(standing.draft);
  return (await newest.locator('b').first().innerText()).split(' ')[0]!;
}

async function faultless(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).include('details.warnings').analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`)).toEqual([]);
}

test.beforeEach(({ page }) => fake(page, 'warnings'));
test.afterEach(({ page }) => fake(page, 'warnings'));

for (const lang of ['vi', 'en'] as const) {
  const theirLang = lang === 'vi' ? 'en' : 'vi';
  const words: Words = WORDS[lang];
  const [t, theirs] = [words.warning, WORDS[theirLang].warning as Words['warning']];

  test(`a warning is written by one person, kept from its author, and published by another, ${lang}`, async ({ page, browser }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await turnTo(page, ID);
    const card = cardOf(page, ID);
    await card.locator('summary').focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await expect(card.getByRole('button', { name: t.write })).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(choice(page, ID).first()).toBeFocused();
    const put = card.getByRole('button', { name: t.form.send });
    await expect(put).toHaveAttribute('title', t.form.lacks.sender);
    await fill(page, ID, t, 'Đèo Giàng');
    await faultless(page);
    // What was begun is there again after the file was left.
    await page.keyboard.press('Escape');
    await expect(file(page, ID)).toHaveCount(0);
    await turnTo(page, ID);
    await expect(card.getByRole('group', { name: t.form.en }).getByLabel(t.form.headline)).toHaveValue(`Đèo Giàng ${t.form.en}`);
    const id = await send(page, ID, t);
    await expect(card.locator('summary')).toBeFocused();
    const line = lineOf(page, id);
    await expect(line).toContainText(t.by('hoa', '').trim());
    const approve = line.getByRole('button', { name: t.approve });
    await expect(approve).toHaveAttribute('title', t.ownDraft);
    await approve.focus();
    await page.keyboard.press('Enter');
    await expect(line).toContainText(`${words.command.unsent}: ${t.ownDraft}`);
    await faultless(page);

    const other = await second(browser, theirLang);
    const seen = lineOf(other, id);
    await expect(seen).toContainText(theirs.standing.draft);
    await expect(seen).toContainText('Không đi qua đèo');
    await seen.getByRole('button', { name: theirs.approve }).click();
    await expect(seen).toContainText(theirs.standing.published);
    await expect(seen).toContainText(theirs.sent('an', '').trim());
    await other.context().close();
    await look(page);
    await expect(line).toContainText(t.standing.published);
    // What is published says so until its time is over.
    await fake(page, `warning-over?of=${id}`);
    await look(page);
    await expect(line).toContainText(t.standing.expired);
  });

  test(`what is in force is updated, then cancelled; each message names those before it, ${lang}`, async ({ page, browser }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await look(page);
    const card = cardOf(page, ID);
    await card.getByRole('button', { name: t.write }).click();
    await fill(page, ID, t, 'Đèo Giàng');
    const first = await send(page, ID, t);
    const other = await second(browser, theirLang);
    const publish = async (id: string) => {
      await look(other);
      await lineOf(other, id).getByRole('button', { name: theirs.approve }).click();
      await expect(lineOf(other, id)).toContainText(theirs.standing.published);
      await look(page);
      await expect(lineOf(page, id)).toContainText(t.standing.published);
    };
    await publish(first);

    // Whoever writes next begins with what stands.
    await card.getByRole('button', { name: t.write }).click();
    await expect(choice(page, ID).first().locator('option')).toHaveText([t.form.first, t.form.update(first), t.form.cancel(first)]);
    await expect(choice(page, ID).first()).toHaveValue(`update ${first}`);
    await expect(card.getByRole('group', { name: t.form.vi }).getByLabel(t.form.headline)).toHaveValue(`Đèo Giàng ${t.form.vi}`);
    await card.getByRole('group', { name: t.form.vi }).getByLabel(t.form.description).fill('Đã thông một làn');
    const update = await send(page, ID, t);
    await expect(lineOf(page, update)).toContainText(t.message.update);
    await expect(lineOf(page, update)).toContainText(t.refers.update(first));
    // A draft ends nothing.
    await expect(lineOf(page, first)).toContainText(t.standing.published);
    await publish(update);
    await expect(lineOf(page, first)).toContainText(t.standing.ended);
    await expect(lineOf(page, first)).toContainText(t.endedBy.update(update));
    await expect(lineOf(other, first)).toContainText(theirs.endedBy.update(update));

    await card.getByRole('button', { name: t.write }).click();
    await choice(page, ID).first().selectOption(`cancel ${update}`);
    await expect(choice(page, ID).nth(2)).toHaveValue('all_clear');
    // What people do now that it is over is said anew.
    await expect(card.getByRole('button', { name: t.form.send })).toHaveAttribute('title', t.form.lacks.texts);
    for (const language of [t.form.vi, t.form.en]) {
      const says = card.getByRole('group', { name: language });
      await expect(says.getByLabel(t.form.instruction)).toHaveValue('');
      await says.getByLabel(t.form.description).fill('Đường đã thông');
      await says.getByLabel(t.form.instruction).fill('Đi lại bình thường');
    }
    await faultless(page);
    const cancel = await send(page, ID, t);
    await expect(lineOf(page, cancel)).toContainText(t.message.cancel);
    await expect(lineOf(page, cancel)).toContainText(t.refers.cancel(update));
    await expect(lineOf(page, cancel)).toContainText(t.references(`${first}, ${update}`));
    await publish(cancel);
    await expect(lineOf(page, update)).toContainText(t.endedBy.cancel(cancel));
    // Nothing is in force: what comes next is a first message again.
    await card.getByRole('button', { name: t.write }).click();
    await expect(choice(page, ID).first().locator('option')).toHaveText([t.form.first]);
    await other.context().close();
  });

  test(`a draft is rejected with a reason, drafted again, and written anew by the second person, whom the first then approves, ${lang}`, async ({ page, browser }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await look(page);
    const card = cardOf(page, ID);
    await card.getByRole('button', { name: t.write }).click();
    await fill(page, ID, t, 'Đèo Giàng');
    const id = await send(page, ID, t);
    const other = await second(browser, theirLang);
    const seen = lineOf(other, id);
    await seen.getByRole('button', { name: `${theirs.reject}…` }).click();
    await expect(seen.getByLabel(theirs.reason)).toBeFocused();
    const reject = seen.getByRole('button', { name: theirs.reject, exact: true });
    await expect(reject).toHaveAttribute('title', theirs.reasonMissing);
    await other.keyboard.type('Sai địa bàn');
    await reject.click();
    await expect(seen).toContainText(theirs.standing.rejected);
    await expect(seen.getByRole('button', { name: theirs.approve })).toHaveCount(0);
    await look(page);
    const line = lineOf(page, id);
    await expect(line).toContainText(t.standing.rejected);
    await expect(line).toContainText(t.rejectedBy('an'));
    await expect(line).toContainText('Sai địa bàn');
    await faultless(page);

    await line.getByRole('button', { name: t.copy }).click();
    await expect(choice(page, ID).first()).toHaveValue('alert');
    await expect(card.getByRole('group', { name: t.form.en }).getByLabel(t.form.headline)).toHaveValue(`Đèo Giàng ${t.form.en}`);
    const again = await send(page, ID, t);
    expect(again).not.toBe(id);
    // Whoever writes a draft anew is its author, and another has to approve it.
    await look(other);
    await lineOf(other, again).getByRole('button', { name: theirs.rewrite }).click();
    await expect(cardOf(other, ID).getByRole('group', { name: theirs.form.anew(again) })).toBeVisible();
    await cardOf(other, ID).getByRole('group', { name: theirs.form.vi }).getByLabel(theirs.form.headline).fill('Cấm đèo Giàng');
    expect(await send(other, ID, theirs)).toBe(again);
    await expect(lineOf(other, again)).toContainText('Cấm đèo Giàng');
    await expect(lineOf(other, again).getByRole('button', { name: theirs.approve })).toHaveAttribute('title', theirs.ownDraft);
    await look(page);
    await expect(lineOf(page, again)).toContainText('Cấm đèo Giàng');
    await lineOf(page, again).getByRole('button', { name: t.approve }).click();
    await expect(lineOf(page, again)).toContainText(t.sent('hoa', '').trim());
    await other.context().close();
  });

  test(`a drill is warned of as a drill, and a trial stands beside the real thing, ${lang}`, async ({ page, browser }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await look(page, DRILL);
    await cardOf(page, DRILL).getByRole('button', { name: t.write }).click();
    await expect(choice(page, DRILL).nth(1).locator('option')).toHaveText([t.purpose.exercise, t.purpose.test]);
    await expect(choice(page, DRILL).nth(1)).toHaveValue('exercise');
    await fill(page, DRILL, t, 'Sơ tán');
    const drill = await send(page, DRILL, t);
    await expect(lineOf(page, drill, DRILL)).toContainText(t.purpose.exercise);

    await look(page);
    const card = cardOf(page, ID);
    await card.getByRole('button', { name: t.write }).click();
    await expect(choice(page, ID).nth(1).locator('option')).toHaveText([t.purpose.actual, t.purpose.test]);
    await choice(page, ID).nth(1).selectOption('test');
    await fill(page, ID, t, 'Thử đường phát');
    const trial = await send(page, ID, t);
    await expect(lineOf(page, trial)).toContainText(t.purpose.test);
    const other = await second(browser, theirLang);
    await lineOf(other, trial).getByRole('button', { name: theirs.approve }).click();
    await expect(lineOf(other, trial)).toContainText(theirs.purpose.test);
    await expect(lineOf(other, trial)).toContainText(theirs.standing.published);

    // What is only tried out does not keep anybody from the real thing; what follows it stays a trial.
    await look(page);
    await card.getByRole('button', { name: t.write }).click();
    await expect(choice(page, ID).first()).toHaveValue('alert');
    await choice(page, ID).first().selectOption(`update ${trial}`);
    await expect(choice(page, ID).nth(1).locator('option')).toHaveText([t.purpose.test]);
    await choice(page, ID).first().selectOption('alert');
    await expect(choice(page, ID).nth(1)).toHaveValue('actual');
    await fill(page, ID, t, 'Đèo Giàng');
    const real = await send(page, ID, t);
    await look(other);
    await lineOf(other, real).getByRole('button', { name: theirs.approve }).click();
    await expect(lineOf(other, real)).toContainText(theirs.standing.published);
    await expect(lineOf(other, real)).not.toContainText(theirs.purpose.test);
    await expect(lineOf(other, trial)).toContainText(theirs.standing.published);
    await other.context().close();
  });

  test(`a draft that ran out before somebody approved it cannot go out as it stands, ${lang}`, async ({ page, browser }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await look(page);
    await cardOf(page, ID).getByRole('button', { name: t.write }).click();
    await fill(page, ID, t, 'Đèo Giàng');
    const id = await send(page, ID, t);
    await fake(page, `warning-over?of=${id}`);
    const other = await second(browser, theirLang);
    const approve = lineOf(other, id).getByRole('button', { name: theirs.approve });
    await expect(approve).toHaveAttribute('title', theirs.ranOut);
    await lineOf(other, id).getByRole('button', { name: theirs.rewrite }).click();
    await send(other, ID, theirs);
    await look(page);
    await expect(lineOf(page, id).getByRole('button', { name: t.approve })).toHaveAttribute('aria-disabled', 'false');
    await other.context().close();
  });
}
