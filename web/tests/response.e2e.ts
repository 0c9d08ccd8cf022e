// An alarm says what to do about it, within how long, and what follows otherwise.
import AxeBuilder from '@axe-core/playwright';
import { expect } from '@playwright/test';
import { test } from './anew';
import { enter, file, panel } from './page';

for (const [lang, says] of [
  ['vi', { panel: 'Cảnh báo', card: 'Cần làm gì', within: 'Làm trước trong 10 phút', action: 'cử người canh đê', consequence: 'Nếu bỏ qua: Nước vào vườn' }],
  ['en', { panel: 'Alarms', card: 'What to do', within: 'Do first within 10 min', action: 'have the dikes watched', consequence: 'If nobody acts: Water enters gardens' }],
] as const) {
  test(`the file of a device says what its alarm asks for, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    const row = panel(page, new RegExp(`^${says.panel}$`)).getByRole('listitem').filter({ hasText: /Chợ Mới/ });
    await row.getByRole('button').first().click();
    const card = file(page, 'wl-cho-moi').getByRole('region', { name: says.card });
    for (const words of [says.within, says.action, says.consequence]) await expect(card).toContainText(words);
    expect((await new AxeBuilder({ page }).include('aside').analyze()).violations).toEqual([]);
  });
}
