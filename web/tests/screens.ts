// Every screen there is, and how a test comes to it; both languages.
import { expect, type Page } from '@playwright/test';
import { board, crew, enter, enterAt, fake, panel } from './page';

export const LANGUAGES = ['vi', 'en'] as const;

/** Signs in and waits until the screen shows what it is about. `lang` is part of the address, and of the name where a screen is a person's own. */
export const SCREENS: Readonly<Record<string, (page: Page, lang: string) => Promise<void>>> = {
  login: async (page, lang) => {
    await page.goto(`/?nomap=1&lang=${lang}`);
    await expect(page.locator('input[name=person]')).toBeVisible();
  },
  wall: async (page, lang) => {
    await enter(page, `?nomap=1&lang=${lang}`);
  },
  board: async (page, lang) => {
    await board(page, `?lang=${lang}`);
    await panel(page, /^(Sự cố đang mở|Open incidents)$/).getByRole('button', { name: /Mất điện/ }).click();
    await expect(panel(page, /^(Nên điều|Whom to send) · /).getByRole('listitem').first()).toBeVisible();
  },
  console: async (page, lang) => {
    await fake(page, 'role?role=admin');
    await fake(page, 'wait?callback=1&why=hung_up&number=0933000777&ms=60000');
    await enterAt(page, `/console?nomap=1&lang=${lang}`, `fits-${lang}`);
    await expect(page.getByText('0933 000 777')).toBeVisible();
  },
  rooms: async (page, lang) => {
    await fake(page, 'rooms');
    await enterAt(page, `/rooms.html?room=tinh&lang=${lang}`);
    await expect(page.getByRole('main')).toContainText(/Phòng Phổ Yên|Pho Yen room/);
  },
  models: async (page, lang) => {
    await fake(page, 'role?role=admin');
    await enterAt(page, `/models.html?lang=${lang}`);
    await expect(page.getByRole('img', { name: /^(Độ tin|As sure)/ }).first()).toBeVisible();
  },
  drill: async (page, lang) => {
    await fake(page, 'role?role=admin');
    await enterAt(page, `/drill.html?lang=${lang}`);
    await expect(page.getByRole('main').getByRole('heading').first()).toBeVisible();
  },
  nodes: async (page, lang) => {
    await fake(page, 'role?role=admin');
    await enterAt(page, `/nodes.html?lang=${lang}`);
    await expect(page.getByRole('table')).toHaveCount(3);
  },
  admin: async (page, lang) => {
    await fake(page, 'role?role=admin');
    await enterAt(page, `/admin.html?lang=${lang}`);
    await expect(page.getByRole('main').getByRole('row').first()).toBeVisible();
  },
  forces: async (page, lang) => {
    await fake(page, 'registration');
    await fake(page, 'role?role=admin');
    await enterAt(page, `/admin.html?part=forces&lang=${lang}`);
    await expect(page.getByRole('main').getByRole('row', { name: /cấp cứu/ })).toBeVisible();
    await expect(page.getByRole('main').getByRole('row', { name: /CAP-03/ })).toBeVisible();
  },
  receivers: async (page, lang) => {
    await fake(page, 'registration');
    await fake(page, 'role?role=admin');
    await enterAt(page, `/admin.html?part=receivers&lang=${lang}`);
    await expect(page.getByRole('main').getByRole('row', { name: /so-y-te/ })).toBeVisible();
  },
  deadlines: async (page, lang) => {
    await fake(page, 'role?role=admin');
    await enterAt(page, `/deadlines.html?lang=${lang}`);
    const calendars = page.getByRole('region', { name: /^(Lịch làm việc|Calendars)$/ });
    await calendars.getByRole('combobox').first().selectOption('hanh-chinh');
    await expect(calendars).toContainText(/bản \d|version \d/);
  },
  record: async (page, lang) => {
    await fake(page, 'role?role=admin');
    await enterAt(page, `/record.html?lang=${lang}`);
    await expect(page.getByRole('main').getByRole('textbox').first()).toBeVisible();
  },
  replay: async (page, lang) => {
    await enterAt(page, `/replay.html?incident=I4819&lang=${lang}`);
    await expect(page.getByTestId('then-incident')).toBeVisible();
  },
  phone: async (page, lang) => {
    await crew(page, `?lang=${lang}`);
    await expect(page.getByRole('region', { name: /^(Bản đồ|Map)$/ })).toBeVisible();
  },
  tell: async (page, lang) => {
    await page.goto(`/bao-tin?lang=${lang}`);
    await expect(page.getByRole('textbox').first()).toBeVisible();
  },
  follow: async (page, lang) => {
    await page.goto(`/theo-doi?lang=${lang}`);
    await expect(page.getByRole('textbox').first()).toBeVisible();
  },
};

/** What a test of screens leaves behind at the fake node, undone. */
export async function tidy(page: Page): Promise<void> {
  for (const command of ['role?role=', 'calm', 'rooms']) await fake(page, command);
}
