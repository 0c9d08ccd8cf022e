// Videos: a citizen's goes with the report and one comes with the answer, a crew's waits in the tunnel, the room plays one where it stands.
// Nothing of them is loaded before somebody plays it, and one that is too large is told so on the device. In both languages.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Locator, type Page } from '@playwright/test';
import { CLIP_BYTES_MAX } from '../src/nouns/photo';
import { test } from './anew';
import { crew, enter, fake, file, freshSeq, open, outbox } from './page';
import { LANGUAGES } from './screens';

const WORDS = {
  vi: {
    what: 'Chuyện gì đang xảy ra?', commune: 'Xã, phường', send: 'Gửi báo tin', sent: 'Đã gửi 1/1 ảnh, video', large: 'Video quá lớn', first: 'Đoạn video 1',
    word: 'Đoạn video', heading: 'Ảnh hiện trường', note: 'Ảnh chụp gì?', open: 'Mở lớn', take: 'QUAY VIDEO HIỆN TRƯỜNG',
  },
  en: {
    what: 'What is happening?', commune: 'Commune or ward', send: 'Send the report', sent: '1 of 1 photos and videos sent', large: 'The video is too large', first: 'Video clip 1',
    word: 'Video clip', heading: 'Photos from the scene', note: 'What does it show?', open: 'Open large', take: 'VIDEO OF THE SCENE',
  },
} as const;

/** A file that begins as an MP4 does, and is another each time: what a fake node has it takes for the same. */
function clip(bytes = 64): { name: string; mimeType: string; buffer: Buffer } {
  const start = Buffer.from([0, 0, 0, 16, ...Buffer.from('ftypisom'), 0, 0, 0, 0]);
  return { name: 'scene.mp4', mimeType: 'video/mp4', buffer: Buffer.concat([start, Buffer.from(freshSeq()), Buffer.alloc(bytes)]) };
}

/** It can be played here, and has not begun to be, nor to be loaded. */
async function waits(figure: Locator): Promise<void> {
  const video = figure.locator('video');
  await expect(video).toBeVisible();
  await expect(video).toHaveAttribute('controls', '');
  await expect(video).toHaveAttribute('preload', 'none');
  await expect(video).not.toHaveAttribute('autoplay');
  expect(await video.evaluate((it) => ({ loaded: (it as HTMLVideoElement).readyState, paused: (it as HTMLVideoElement).paused }))).toEqual({ loaded: 0, paused: true });
}

async function faultless(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`)).toEqual([]);
}

for (const lang of LANGUAGES) {
  const t = WORDS[lang];

  test(`a citizen sends a video with a report, and one that is too large is told so at once, ${lang}`, async ({ page }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`/bao-tin?lang=${lang}`);
    await page.getByLabel(t.what).fill('Cầu sập một nhịp');
    await page.getByLabel(t.commune, { exact: true }).selectOption({ index: 3 });
    const choose = page.locator('#photos');
    await expect(choose).toHaveAttribute('accept', /image\/jpeg.*video\/mp4,video\/quicktime/);
    await choose.setInputFiles(clip(CLIP_BYTES_MAX));
    await expect(page.getByText(t.large)).toBeVisible();
    await expect(page.locator('video')).toHaveCount(0);
    await choose.setInputFiles(clip());
    await expect(page.getByText(t.large)).toHaveCount(0);
    await waits(page.getByRole('figure', { name: t.first }));
    await faultless(page);
    await page.getByRole('button', { name: t.send }).click();
    await expect(page.getByText(t.sent)).toBeVisible({ timeout: 20_000 });
  });

  test(`the answer is shown with its video, ${lang}`, async ({ page }) => {
    await page.route('**/api/public/reports/*', async (route) => {
      const answer = await route.fetch();
      const told = (await answer.json()) as { answer_photos: object[] };
      await route.fulfill({ response: answer, json: { ...told, answer_photos: told.answer_photos.map((photo) => ({ ...photo, kind: 'mp4' })) } });
    });
    await page.goto(`/theo-doi?lang=${lang}#7K3FQ-9XM2A-BCDEH`);
    const shown = page.getByRole('figure', { name: 'Mặt đường sau khi vá' });
    await waits(shown);
    await expect(shown).toContainText(t.word);
    await faultless(page);
  });

  test(`the room puts a video, sees it where it stands and opens it large, ${lang}`, async ({ page }) => {
    await enter(page, `?nomap=1&lang=${lang}`);
    await open(page, 'Cháy kho hàng');
    const strip = file(page, 'I4819').getByRole('region', { name: t.heading });
    const note = `Nước tràn qua đê ${freshSeq()}`;
    await strip.locator('input[type=file]').setInputFiles(clip(CLIP_BYTES_MAX));
    await expect(strip.getByText(t.large)).toBeVisible();
    await strip.getByLabel(t.note).fill(note);
    await strip.locator('input[type=file]').setInputFiles(clip());
    const shown = strip.getByRole('figure', { name: note });
    await waits(shown);
    await expect(shown).toContainText(t.word);
    await strip.getByRole('button', { name: `${t.open}: ${note}` }).click();
    const large = page.getByRole('dialog', { name: t.heading });
    await waits(large.getByRole('figure', { name: note }));
    await page.keyboard.press('Escape');
    await expect(large).toBeHidden();
  });

  test(`a video that a crew took in a tunnel is sent once the line is back, ${lang}`, async ({ page, context }) => {
    await crew(page, `?lang=${lang}`);
    await expect(page.getByText('Cháy kho hàng').first()).toBeVisible();
    const taken = async () => ((await (await fake(page, 'photos')).json()) as { photos: number[] }).photos;
    const states = async () => (await outbox(page)).map(({ state }) => state);
    const camera = page.getByLabel(t.take);
    await expect(camera).toHaveAttribute('capture', 'environment');
    await expect(camera).toHaveAttribute('accept', 'video/mp4,video/quicktime');
    await camera.setInputFiles(clip(CLIP_BYTES_MAX));
    await expect(page.getByText(t.large)).toBeVisible();
    await context.setOffline(true);
    await camera.setInputFiles(clip());
    await expect.poll(states).toEqual(['waiting']);
    await context.setOffline(false);
    await expect.poll(states, { timeout: 40_000 }).toEqual(['received']);
    const [kept] = await outbox(page);
    expect(await taken()).toContain(kept!.tappedAtMs);
  });
}
