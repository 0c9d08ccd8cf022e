// An incident that others take a part in, in both languages: another service is asked for help by its own system, which is slow once; the
// district's room takes the lead over; the node that leads is killed in between. Whoever was told was told once and in order.
import type { Locator } from '@playwright/test';
import { facts, killNode, leaderOf, startNode } from './cluster';
import { after } from './drill';
import { IncidentOnWall, openOnWall, refusedIn } from './file';
import { MOVED_MS_MAX, pressUntil, screenIn, sit } from './people';
import { Service } from './service';
import { expect, test } from './witness';
import { LANGUAGES, wordsIn, type Language, type Words } from './words';

const OPERATOR = 'truc-ban';
/** Whoever is told by telephone when nobody answers in time. */
const SECOND = '0209 115';

interface Story {
  summary: string;
  kind: string;
  /** The commune where it is: its name, and how an operator types it. */
  commune: string;
  find: string;
  /** The room in charge of it, and who is on duty there. */
  room: { id: string; name: string; person: string };
  service: { id: string; name: string };
  /** Why each is asked, what the service answers, and what it calls the incident. */
  help: string;
  answer: string;
  reference: string;
  lead: string;
  givenBack: string;
  result: string;
}

// Another commune, room and service for each language, so that nothing of one is taken for the other.
const STORIES: Readonly<Record<Language, Story>> = {
  vi: {
    summary: 'Sạt lở taluy sau dãy nhà, có người bị vùi',
    kind: 'infrastructure',
    commune: 'Phường Đức Xuân',
    find: 'duc xuan',
    room: { id: 'd-bac-kan', name: 'Phòng Bắc Kạn', person: 'bac-kan' },
    service: { id: 'cap-cuu-115', name: 'Cấp cứu 115 Bắc Kạn' },
    help: 'Cần hai xe cấp cứu',
    answer: 'Hai xe đang đi',
    reference: '115-4711',
    lead: 'Phòng tại chỗ chỉ huy',
    givenBack: 'Đã đưa hết người ra',
    result: 'Đã cứu được người, đã rào đường',
  },
  en: {
    summary: 'A gas line was cut by an excavator, the street smells of gas',
    kind: 'other',
    commune: 'Phường Sông Công',
    find: 'song cong',
    room: { id: 'd-song-cong', name: 'Song Cong room', person: 'song-cong' },
    service: { id: 'gas-emergency', name: 'Gas emergency service' },
    help: 'Close the valve of the street',
    answer: 'A crew is on its way',
    reference: 'G-0815',
    lead: 'The room on the spot commands',
    givenBack: 'The street is open again',
    result: 'The line is closed, nobody was hurt',
  },
};

/** Fills in the form of an offer and sends it, until its line is there. */
async function offer(incident: IncidentOnWall, { t }: Words, to: string, name: string, lead: boolean, reason: string): Promise<Locator> {
  const { handover: h } = t.warning;
  const card = incident.file.locator('details.handovers');
  await card.getByRole('button', { name: h.offer, exact: true }).click();
  await card.locator('.form select').first().selectOption(to);
  await card.getByLabel(h.second).fill(SECOND);
  await card.getByLabel(h.reason).fill(reason);
  await card.getByRole('checkbox', { name: h.lead, exact: true }).setChecked(lead);
  const line = card.getByRole('listitem').filter({ hasText: h.out(name) });
  await pressUntil(() => card.getByRole('button', { name: h.send, exact: true }).click(), line, refusedIn(incident.file, t));
  await expect(line).toContainText(h.state.offered);
  await expect(line).toContainText(lead ? h.lead : h.help);
  await expect(line).toContainText(reason);
  return line;
}

for (const language of LANGUAGES) {
  test(`a service helps, the district's room takes the lead over, and each is told once and in order (${language})`, async ({ browser }, info) => {
    test.setTimeout(300_000);
    const words = wordsIn(language);
    const { t } = words;
    const { handover: h } = t.warning;
    const story = STORIES[language];
    const cluster = facts();
    // The node that leads is nobody's here: what a screen does that loses its own is seen on the wall.
    const first = await leaderOf(cluster);
    // An attempt that failed left its own behind.
    const attempt = info.retry === 0 ? '' : `-${info.retry}`;
    const service = await Service.open(cluster, `${story.service.id}${attempt}`, `${story.service.name}${attempt}`, story.commune);
    const wall = await sit(browser, cluster, after(first, 1), `${screenIn(language, '/')}&room=tinh`, OPERATOR);
    const district = await sit(browser, cluster, after(first, 2), `${screenIn(language, '/rooms.html')}&room=${story.room.id}`, story.room.person);

    const id = await openOnWall(wall, words, { summary: `${story.summary}${attempt}`, kind: story.kind, find: story.find });
    const incident = new IncidentOnWall(wall, id, words);
    const head = incident.file.locator('details.handovers summary');
    const there = district.getByRole('region', { name: h.waiting, exact: true }).getByRole('article', { name: id, exact: true });
    const toRoom = there.getByRole('listitem').filter({ hasText: h.toHere });
    const [opened, asked, closed] = [`${id} incident_opened`, `${id}.1 offered`, `${id} incident_closed`];
    const told = () => service.told.map(({ what }) => what);

    await test.step('the service is told of the incident, and asked for help while its system is slow', async () => {
      await expect.poll(told, { timeout: MOVED_MS_MAX }).toEqual([opened]);
      await expect(head).toContainText(h.ours);
      await head.click();
      service.slowDown();
      const line = await offer(incident, words, service.id, service.name, false, story.help);
      await expect.poll(() => service.postsOf(asked), { timeout: MOVED_MS_MAX }).toBeGreaterThan(0);
      await expect(incident.row).toContainText(h.state.offered);

      // Its people answer before its system has taken the notice.
      await service.accept(`${id}.1`, story.answer, story.reference);
      await expect(line).toContainText(h.state.accepted, { timeout: MOVED_MS_MAX });
      await expect(line).toContainText(`${service.name}: ${story.answer}`);
      await expect(line).toContainText(h.reference(story.reference));
      // Who helps does not lead.
      await expect(head).toContainText(h.ours);
      expect(told()).toEqual([opened]);
    });

    const line = await test.step('the district’s room is offered the lead, and both sides read whose it is meanwhile', async () => {
      const line = await offer(incident, words, `room:${story.room.id}`, story.room.name, true, story.lead);
      await expect(line).toContainText(h.within);
      await expect(line.getByRole('button', { name: h.take, exact: true })).toHaveAttribute('title', h.ownOffer);
      await expect(head).toContainText(h.ours);
      await expect(toRoom).toContainText(h.state.offered, { timeout: MOVED_MS_MAX });
      await expect(toRoom).toContainText(h.offeredBy(OPERATOR));
      await expect(there.locator('summary')).toContainText(h.notYet);
      return line;
    });

    const gone = await test.step('the node that leads is killed; the one that leads next brings what the slow one had not taken', async () => {
      const gone = await leaderOf(cluster);
      await killNode(cluster, gone);
      expect(await leaderOf(cluster, gone)).not.toBe(gone);
      for (const page of [wall, district]) await expect(page.locator('.line[data-state=live]')).toBeVisible({ timeout: MOVED_MS_MAX });
      expect(told()).toEqual([opened]);
      service.catchUp();
      await expect.poll(told, { timeout: MOVED_MS_MAX }).toEqual([opened, asked]);
      expect(service.postsOf(asked), 'it is known by its key, not by how often it came').toBeGreaterThan(1);
      await expect(toRoom).toContainText(h.state.offered);
      return gone;
    });

    await test.step('the room takes it over: both screens say who leads', async () => {
      await toRoom.getByRole('button', { name: h.take, exact: true }).click();
      await expect(toRoom).toContainText(h.state.accepted, { timeout: MOVED_MS_MAX });
      await expect(there.locator('summary')).toContainText(h.here);
      await expect(line).toContainText(h.state.accepted, { timeout: MOVED_MS_MAX });
      await expect(head).toContainText(h.theirs(story.room.name));
      await expect(incident.row).toContainText(h.theirs(story.room.name));
      await wall.screenshot({ path: info.outputPath('theirs.png') });
      await district.screenshot({ path: info.outputPath('here.png') });
      await startNode(cluster, gone);
    });

    await test.step('it is given back with a word, and the centre closes it', async () => {
      const field = there.getByLabel(h.words);
      const giveBack = async () => {
        if ((await there.count()) === 0) return;
        if (!(await field.isVisible())) await toRoom.getByRole('button', { name: `${h.giveBack}…`, exact: true }).click();
        await field.fill(story.givenBack);
        await toRoom.getByRole('button', { name: h.giveBack, exact: true }).click();
        await expect(there).toHaveCount(0);
      };
      await expect(giveBack).toPass({ timeout: MOVED_MS_MAX });
      await expect(line).toContainText(h.state.withdrawn, { timeout: MOVED_MS_MAX });
      await expect(head).toContainText(h.ours);
      await expect(incident.row).not.toContainText(story.room.name);
      await incident.close(story.result);
    });

    await test.step('the service was told of all of it, each once and in order, and all of it was signed', async () => {
      await expect.poll(told, { timeout: MOVED_MS_MAX }).toEqual([opened, asked, closed]);
      expect(service.told.map(({ number }) => number)).toEqual([1, 2, 3]);
      expect(service.forged).toBe(0);
      await service.close(story.commune);
    });
  });
}
