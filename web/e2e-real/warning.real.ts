// A warning to the public, in both languages: one person writes, another approves at another node, everybody reads it at every node as Atom and
// as CAP 1.2; it is updated and cancelled by messages that name what stood. In an exercise it says so wherever it is read.
import type { Browser, Page } from '@playwright/test';
import { facts, type Facts } from './cluster';
import { IncidentOnWall, openOnWall } from './file';
import { MOVED_MS_MAX, screenIn, sit } from './people';
import { expect, test } from './witness';
import { LANGUAGES, wordsIn, type Language, type Words } from './words';

const AUTHOR = 'truc-ban';
const APPROVER = 'lanh-dao';
const FEED = '/api/public/warnings';
const SENDER = 'ioc.example.vn';

interface Story {
  summary: string;
  kind: string;
  find: string;
  sender: string;
  headline: string;
  update: string;
  over: string;
  result: string;
}

const STORIES: Readonly<Record<Language, Story>> = {
  vi: {
    summary: 'Nước suối dâng nhanh qua ngầm tràn',
    kind: 'flood',
    find: 'phong quang',
    sender: 'Trung tâm điều hành tỉnh',
    headline: 'Lũ trên suối & ngầm tràn',
    update: 'Nước còn dâng, đã rào ngầm',
    over: 'Nước đã rút, ngầm đã mở',
    result: 'Nước rút, đã mở đường',
  },
  en: {
    summary: 'Smoke of a burning tyre store drifts over the ward',
    kind: 'pollution',
    find: 'ba xuyen',
    sender: 'Provincial operations centre',
    headline: 'Smoke over the ward & school',
    update: 'The wind turns, the school is clear',
    over: 'The fire is out',
    result: 'Put out, the air is clean',
  },
};

/** The same incident on a wall, and its messages. */
class Warnings {
  readonly incident: IncidentOnWall;
  private readonly words: Words['t']['warning'];

  constructor(readonly page: Page, id: string, words: Words) {
    this.incident = new IncidentOnWall(page, id, words);
    this.words = words.t.warning;
  }

  get card() {
    return this.incident.file.locator('details.warnings');
  }

  /** The choices of the form: which message it is, what for, what people are to do. */
  get choice() {
    return this.card.locator('.form select');
  }

  /** The line of that message; others may name it. */
  line(id: string) {
    return this.card.getByRole('listitem').filter({ has: this.page.locator('b', { hasText: new RegExp(`^${id} `) }) });
  }

  /** Opens the incident's file anew, which asks for its messages. */
  async look(): Promise<void> {
    if (await this.incident.file.isVisible()) await this.incident.leave();
    await this.incident.open();
    await this.card.evaluate((card: HTMLDetailsElement) => void (card.open = true));
  }

  async write(): Promise<void> {
    await this.card.getByRole('button', { name: this.words.write, exact: true }).click();
    await expect(this.choice.first()).toBeVisible();
  }

  /** Says in both languages what the fields of that name hold. */
  async say(field: 'event' | 'headline' | 'description' | 'instruction', text: string): Promise<void> {
    const { form } = this.words;
    for (const language of [form.vi, form.en]) await this.card.getByRole('group', { name: language, exact: true }).getByLabel(form[field]).fill(text);
  }

  /** Sends what is written for approval; which message it became. */
  async send(): Promise<string> {
    const { form, standing } = this.words;
    await this.card.getByRole('button', { name: form.send, exact: true }).click();
    await expect(this.card.locator('.form')).toHaveCount(0, { timeout: MOVED_MS_MAX });
    const newest = this.card.getByRole('listitem').first();
    await expect(newest).toContainText(standing.draft);
    return /^W\d+/.exec((await newest.locator('b').first().innerText()).trim())?.[0] ?? '';
  }

  /** Publishes what somebody else wrote. */
  async approve(id: string): Promise<void> {
    await this.look();
    await this.line(id).getByRole('button', { name: this.words.approve, exact: true }).click();
    await expect(this.line(id)).toContainText(this.words.standing.published, { timeout: MOVED_MS_MAX });
  }
}

/** A message as a program of somebody else's reads it. */
interface Alert {
  status: string;
  msgType: string;
  identifier: string;
  sender: string;
  sent: string;
  references: string;
  note: string;
  languages: string[];
  headlines: string[];
  responses: string[];
}

/** An entry of the feed. */
interface Entry {
  id: string;
  title: string;
  href: string;
  term: string;
}

/** The words of that XML's elements, read by a browser's own parser; what is not well-formed fails. */
async function read(page: Page, xml: string, names: readonly string[]): Promise<Record<string, string[]>> {
  return await page.evaluate(
    ([text, of]) => {
      const document = new DOMParser().parseFromString(text, 'application/xml');
      if (document.querySelector('parsererror') !== null) throw new Error(`not well-formed: ${text}`);
      return Object.fromEntries(of.map((name) => [name, [...document.getElementsByTagName(name)].map((element) => element.textContent ?? '')]));
    },
    [xml, names] as const,
  );
}

/** The published message, asked of a node as anybody may. */
async function alertAt(page: Page, url: string, id: string): Promise<Alert> {
  const answer = await fetch(`${url}${FEED}/${id}`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/cap+xml']);
  const lists = ['language', 'headline', 'responseType'];
  const single = ['status', 'msgType', 'identifier', 'sender', 'sent', 'references', 'note'];
  const found = await read(page, await answer.text(), [...single, ...lists]);
  const one = (name: string) => found[name]?.[0] ?? '';
  return {
    status: one('status'), msgType: one('msgType'), identifier: one('identifier'), sender: one('sender'), sent: one('sent'),
    references: one('references'), note: one('note'),
    languages: found['language'] ?? [], headlines: found['headline'] ?? [], responses: found['responseType'] ?? [],
  };
}

/** What the feed of a node says of that message; undefined: nothing yet. */
async function entryAt(page: Page, url: string, id: string): Promise<Entry | undefined> {
  const answer = await fetch(`${url}${FEED}`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/atom+xml; charset=utf-8']);
  const entries = await page.evaluate((text) => {
    const document = new DOMParser().parseFromString(text, 'application/xml');
    if (document.querySelector('parsererror') !== null) throw new Error(`not well-formed: ${text}`);
    return [...document.getElementsByTagName('entry')].map((entry) => ({
      id: entry.getElementsByTagName('id')[0]?.textContent ?? '',
      title: entry.getElementsByTagName('title')[0]?.textContent ?? '',
      href: entry.getElementsByTagName('link')[0]?.getAttribute('href') ?? '',
      term: entry.getElementsByTagName('category')[0]?.getAttribute('term') ?? '',
    }));
  }, await answer.text());
  return entries.find(({ href }) => href === `${FEED}/${id}`);
}

/** The message, once every node has it, the same at each: in the feed, and by itself. */
async function published({ urls }: Facts, page: Page, id: string): Promise<{ alert: Alert; entry: Entry }> {
  for (const url of urls) await expect.poll(async () => (await entryAt(page, url, id))?.href, { timeout: MOVED_MS_MAX }).toBe(`${FEED}/${id}`);
  const [first = '', ...others] = urls;
  const alert = await alertAt(page, first, id);
  for (const url of others) expect(await alertAt(page, url, id)).toEqual(alert);
  const entry = await entryAt(page, first, id);
  expect(entry?.id).toBe(`urn:trongdong:${alert.identifier}`);
  expect(alert.languages).toEqual(['vi-VN', 'en']);
  return { alert, entry: entry! };
}

/** How a message is named by those after it (CAP 1.2, 3.2.1). */
const named = ({ sender, identifier, sent }: Alert) => `${sender},${identifier},${sent}`;

/** The first message, in full. */
async function firstMessage(author: Warnings, story: Story, { t }: Words, headline: string): Promise<string> {
  const { form } = t.warning;
  await author.write();
  await author.card.getByLabel(form.sender, { exact: true }).fill(SENDER);
  await author.card.getByLabel(form.senderName, { exact: true }).fill(story.sender);
  await author.say('event', story.summary);
  await author.say('headline', headline);
  await author.say('description', story.summary);
  await author.say('instruction', story.update);
  const id = await author.send();
  await expect(author.line(id).getByRole('button', { name: t.warning.approve, exact: true })).toHaveAttribute('title', t.warning.ownDraft);
  return id;
}

async function desks(browser: Browser, cluster: Facts, language: Language): Promise<[Page, Page]> {
  const at = (node: number, person: string) => sit(browser, cluster, node, screenIn(language, '/'), person);
  return [await at(1, AUTHOR), await at(2, APPROVER)];
}

for (const language of LANGUAGES) {
  test(`a warning is written, approved by a second person, read by everybody, updated and cancelled (${language})`, async ({ browser }, info) => {
    test.setTimeout(240_000);
    const words = wordsIn(language);
    const { t } = words;
    const { form } = t.warning;
    const story = STORIES[language];
    const cluster = facts();
    const [wall, other] = await desks(browser, cluster, language);
    const attempt = info.retry === 0 ? '' : ` ${info.retry}`;
    const incident = await openOnWall(wall, words, { summary: `${story.summary}${attempt}`, kind: story.kind, find: story.find });
    const [author, approver] = [new Warnings(wall, incident, words), new Warnings(other, incident, words)];

    const [first, alert] = await test.step('what one person wrote is nobody’s to read until a second one approves it', async () => {
      await author.look();
      const id = await firstMessage(author, story, words, story.headline);
      for (const url of cluster.urls) expect((await fetch(`${url}${FEED}/${id}`)).status).toBe(404);
      await approver.approve(id);
      const { alert, entry } = await published(cluster, wall, id);
      expect(alert).toMatchObject({ status: 'Actual', msgType: 'Alert', sender: SENDER, references: '', responses: ['Avoid', 'Avoid'] });
      expect(alert.headlines).toEqual([story.headline, story.headline]);
      expect([entry.title, entry.term]).toEqual([story.headline, 'actual']);
      await other.screenshot({ path: info.outputPath('published.png') });
      return [id, alert] as const;
    });

    const [second, update] = await test.step('an update names what it replaces', async () => {
      await author.look();
      await expect(author.line(first)).toContainText(t.warning.standing.published);
      await author.write();
      await expect(author.choice.first()).toHaveValue(`update ${first}`);
      await author.say('description', story.update);
      const id = await author.send();
      await expect(author.line(id)).toContainText(t.warning.refers.update(first));
      await approver.approve(id);
      await expect(approver.line(first)).toContainText(t.warning.standing.ended);
      const { alert: update } = await published(cluster, wall, id);
      expect(update).toMatchObject({ status: 'Actual', msgType: 'Update', references: named(alert) });
      return [id, update] as const;
    });

    await test.step('the cancellation names both, says that all is clear, and is the newest that everybody reads', async () => {
      await author.look();
      await expect(author.line(second)).toContainText(t.warning.standing.published);
      await author.write();
      await author.choice.first().selectOption(`cancel ${second}`);
      await expect(author.choice.nth(2)).toHaveValue('all_clear');
      await author.say('description', story.over);
      await author.say('instruction', story.over);
      const id = await author.send();
      await expect(author.line(id)).toContainText(t.warning.refers.cancel(second));
      await approver.approve(id);
      const { alert: cancel, entry } = await published(cluster, wall, id);
      expect(cancel).toMatchObject({ status: 'Actual', msgType: 'Cancel', references: `${named(alert)} ${named(update)}`, responses: ['AllClear', 'AllClear'] });
      expect(entry.title).toBe(`[HỦY] ${story.headline}`);
      await author.look();
      await expect(author.line(second)).toContainText(t.warning.endedBy.cancel(id));
      // Nothing stands: what comes next is a first message again.
      await author.write();
      await expect(author.choice.first().locator('option')).toHaveText([form.first]);
      await author.card.getByRole('button', { name: form.leave, exact: true }).click();
      await author.incident.close(story.result);
    });
  });
}

test('in an exercise a warning is marked as one on the screens, in the feed and in the message, also when the exercise is over', async ({ browser }, info) => {
  test.setTimeout(180_000);
  const words = wordsIn('vi');
  const { t } = words;
  const { rooms } = t;
  const story = STORIES.vi;
  const cluster = facts();
  const [wall, other] = await desks(browser, cluster, 'vi');
  const attempt = info.retry === 0 ? '' : ` ${info.retry}`;
  const name = `Diễn tập báo tin${attempt}`;
  const leader = await sit(browser, cluster, 3, `${screenIn('vi', '/rooms.html')}&room=tinh`, APPROVER);
  const panel = leader.getByRole('region', { name: rooms.exercises, exact: true });
  const [start, end] = [panel.getByRole('button', { name: rooms.start, exact: true }), panel.getByRole('button', { name: rooms.end, exact: true })];

  await test.step('an exercise begins, and every screen says so', async () => {
    await expect(start.or(end)).toBeVisible();
    // An attempt that failed left its own running.
    if (await end.isVisible()) await end.click();
    await panel.getByLabel(rooms.name).fill(name);
    await start.click();
    for (const page of [wall, other]) await expect(page.getByRole('region', { name: rooms.band, exact: true })).toContainText(name, { timeout: MOVED_MS_MAX });
  });

  const incident = await openOnWall(wall, words, { summary: `Giả định: ${story.summary}${attempt}`, kind: story.kind, find: story.find, exercise: true });
  const [author, approver] = [new Warnings(wall, incident, words), new Warnings(other, incident, words)];
  const id = await test.step('its warning can be nothing else than an exercise or a trial', async () => {
    await author.look();
    await author.write();
    await expect(author.choice.nth(1).locator('option')).toHaveText([t.warning.purpose.exercise, t.warning.purpose.test]);
    await expect(author.choice.nth(1)).toHaveValue('exercise');
    await author.card.getByRole('button', { name: t.warning.form.leave, exact: true }).click();
    const id = await firstMessage(author, story, words, story.headline);
    await expect(author.line(id)).toContainText(t.warning.purpose.exercise);
    await approver.approve(id);
    await expect(approver.line(id)).toContainText(t.warning.purpose.exercise);
    return id;
  });

  const alert = await test.step('whoever reads it sees that before all else', async () => {
    const { alert, entry } = await published(cluster, wall, id);
    expect(alert).toMatchObject({ status: 'Exercise', msgType: 'Alert', references: '' });
    expect(alert.note).toContain(incident);
    expect([entry.title, entry.term]).toEqual([`[DIỄN TẬP] ${story.headline}`, 'exercise']);
    await other.screenshot({ path: info.outputPath('exercise.png') });
    return alert;
  });

  await test.step('the exercise ends with what is open of it, and the message stays what it was', async () => {
    await end.click();
    await expect(panel.getByRole('list', { name: rooms.ended, exact: true })).toContainText(name, { timeout: MOVED_MS_MAX });
    await expect(author.incident.row).toHaveCount(0, { timeout: MOVED_MS_MAX });
    for (const url of cluster.urls) expect(await alertAt(wall, url, id)).toEqual(alert);
  });
});
