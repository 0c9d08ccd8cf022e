// The file of an incident on the wall, in either language: what an operator reads and does there.
import { expect, type Locator, type Page } from '@playwright/test';
import { MOVED_MS_MAX, pressUntil } from './people';
import { literally, type Words } from './words';

/** A button that cannot be pressed by then lacks something. */
const CLICK_MS_MAX = 2_000;

/** Where a screen's part says that a command was refused or not sent. */
export const refusedIn = (part: Locator, { command }: Words['t']): Locator =>
  part.getByRole('button', { name: new RegExp(`^(${literally(command.refused)}|${literally(command.unsent)}): `) });

/** What an operator says of an incident that they open. */
export interface Opening {
  summary: string;
  kind: string;
  /** How they type the commune. */
  find: string;
  /** Part of the exercise that runs. */
  exercise?: boolean;
}

/** Opens an incident by hand on a wall, of the second level from above; its id. Whoever opens one is shown its file. */
export async function openOnWall(wall: Page, { t }: Words, { summary, kind, find, exercise = false }: Opening): Promise<string> {
  await wall.keyboard.press('Alt+n');
  const dialog = wall.getByRole('dialog');
  await dialog.getByRole('textbox', { name: t.incident.summary, exact: true }).fill(summary);
  await dialog.getByRole('combobox', { name: t.incident.kindLabel, exact: true }).selectOption(kind);
  await dialog.getByRole('searchbox', { name: t.incident.communeFind, exact: true }).fill(find);
  await expect(dialog.getByRole('combobox', { name: t.incident.commune, exact: true })).not.toHaveValue('');
  await dialog.getByRole('radio', { name: new RegExp(`${t.severity[4]}$`) }).check();
  if (exercise) await dialog.getByRole('checkbox', { name: t.incident.exerciseLabel, exact: true }).check();
  await dialog.getByRole('button', { name: t.incident.open, exact: true }).click();
  const row = wall.getByRole('region', { name: t.incident.heading, exact: true }).getByRole('listitem').filter({ hasText: summary });
  return ((await row.locator('.id').textContent({ timeout: MOVED_MS_MAX })) ?? '').trim();
}

/** One incident on a wall. */
export class IncidentOnWall {
  /** Where its row stands in the queue, as long as it is in the view that is shown. */
  readonly row: Locator;
  readonly file: Locator;
  /** What citizens and callers told of it. */
  readonly told: Locator;
  private readonly words: Words['t'];
  private readonly queue: Locator;

  constructor(private readonly wall: Page, readonly id: string, { t }: Words) {
    this.words = t;
    this.queue = wall.getByRole('region', { name: t.incident.heading, exact: true });
    this.row = this.queue.getByRole('listitem').filter({ has: wall.getByText(id, { exact: true }) });
    this.file = wall.getByRole('complementary', { name: id, exact: true });
    this.told = this.file.getByRole('list', { name: t.told.heading, exact: true });
  }

  /** Opens its file. */
  async open(): Promise<void> {
    await this.row.getByRole('button').first().click();
    await expect(this.file).toBeVisible();
  }

  /** Leaves the file. */
  async leave(): Promise<void> {
    await this.wall.keyboard.press('Escape');
    await expect(this.file).toHaveCount(0);
  }

  /** Closes the file, and opens it again out of what is done. */
  async openDone(): Promise<void> {
    await this.leave();
    // The count in the button's name is any.
    const done = literally(this.words.incident.viewDone('#')).replace('#', '\\d+');
    await this.queue.getByRole('button', { name: new RegExp(`^${done}`) }).click();
    await this.open();
  }

  /** The unit as the file shows it, with that status. */
  unit(name: string, status: string): Locator {
    return this.file.getByRole('button', { name: `${name} · ${status}`, exact: true });
  }

  /** What stands at the file's top: level, status, how often it was opened again. */
  get head(): Locator {
    return this.file.locator('.file-head');
  }

  /** Unfolds what was told, once so many reports are gathered here. */
  async unfoldTold(reports: number): Promise<void> {
    await this.file.getByText(this.toldHeading(reports), { exact: true }).click();
    await expect(this.told).toBeVisible();
  }

  /** Gathers the report with these words, which waits in the incident's commune. */
  async gather(text: string): Promise<void> {
    await this.told.getByRole('listitem').filter({ hasText: text }).getByRole('button', { name: this.words.told.link, exact: true }).click();
    await expect(this.file.getByText(this.toldHeading(1), { exact: true })).toBeVisible({ timeout: MOVED_MS_MAX });
  }

  /** The heading of what was told, with how much of it there is. */
  toldHeading(reports: number): string {
    return `${this.words.told.heading} · ${reports}`;
  }

  /** Answers the one report that is gathered here. */
  async answer(text: string): Promise<void> {
    const { told } = this.words;
    await this.told.getByRole('button', { name: `${told.answer} / ${told.unlink}`, exact: true }).click();
    await this.told.getByRole('textbox', { name: told.words, exact: true }).fill(text);
    await this.told.getByRole('button', { name: told.answer, exact: true }).click();
    await expect(this.told).toContainText(told.status['answered'] ?? '', { timeout: MOVED_MS_MAX });
  }

  /** Does what the button of that name does, with a note, until the file's head says so. */
  async decide(act: string, note: string, says: string): Promise<void> {
    const { incident } = this.words;
    const said = this.head.getByText(says, { exact: true });
    const refused = refusedIn(this.file, this.words);
    const field = this.file.getByRole('textbox', { name: incident.note, exact: true });
    const button = this.file.getByRole('button', { name: act, exact: true }).and(this.file.locator('.act'));
    // What was written for the decision before leaves the field once its answer is there, which may be later than the news of it.
    const write = async () => {
      await field.fill(note);
      await button.click({ timeout: CLICK_MS_MAX });
    };
    await pressUntil(() => expect(write).toPass({ timeout: MOVED_MS_MAX }), said, refused);
  }

  /** The incident is done, and its case is closed. */
  async close(result: string): Promise<void> {
    const { incident } = this.words;
    await this.decide(incident.close, result, incident.status.closed);
  }
}
