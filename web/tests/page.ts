// What the tests of the wall share.
import { expect, type Page } from '@playwright/test';

/** Groups of a cluster, each of which sends its snapshot. */
export const GROUPS = 9;

/** Signs in at the fake node and waits until everything is there. */
export async function enter(page: Page, query = '?nomap=1', person = 'hoa'): Promise<void> {
  await page.goto(`/${query}`);
  await signIn(page, person, 'trongdong');
  await expect(page.getByRole('region', { name: /Hàng đợi sự cố|Incident queue/ }).getByRole('listitem').first()).toBeVisible();
  await expect.poll(() => page.evaluate(() => window.__stats?.snapshots)).toBe(GROUPS);
}

/** Fills in the login form. */
export async function signIn(page: Page, person: string, password: string): Promise<void> {
  await page.locator('input[name=person]').fill(person);
  await page.locator('input[name=password]').fill(password);
  await page.keyboard.press('Enter');
}

export const fake = (page: Page, command: string) => page.request.get(`/fake/${command}`);
export const queue = (page: Page) => page.getByRole('region', { name: 'Hàng đợi sự cố' });
/** The first row of the queue with this text. */
export const row = (page: Page, text: string) => queue(page).getByRole('listitem').filter({ hasText: text });
/** Opens the file of an incident of the queue, wherever it stands. */
export async function turnTo(page: Page, id: string): Promise<void> {
  const rest = queue(page).getByRole('button', { name: /sự cố phía dưới/ });
  if (!(await row(page, id).isVisible())) await rest.click();
  await row(page, id).getByRole('button').first().click();
  await expect(file(page, id)).toBeVisible();
}
export const alarms = (page: Page) => page.getByRole('region', { name: 'Cảnh báo', exact: true });
export const file = (page: Page, id: string) => page.getByRole('complementary', { name: id });
export const timeline = (page: Page, id: string) => file(page, id).getByRole('list', { name: 'Diễn biến' });
