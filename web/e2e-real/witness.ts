// What a failed test leaves behind in web/test-results: a picture and the console of each page that was open, and the end of each
// node's log. Pages that a test leaves open are closed behind it, so that the next one finds nobody at the desks.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test as base, type Page, type TestInfo } from '@playwright/test';
import { CLUSTER_VARIABLE, facts, startCluster } from './cluster';
import { OPTIONS } from './setup';

/** Lines of a page's console that are kept; the oldest leave. */
const LINES_MAX = 2_000;
/** Of a node's log the end is kept, characters. */
const LOG_CHARACTERS_MAX = 400_000;
/** A page that cannot be pictured by then is broken. */
const PICTURE_MS_MAX = 10_000;
const NODES = [1, 2, 3];

interface Witnessed {
  name: string;
  page: Page;
  lines: string[];
}

let pages: Witnessed[] = [];

/** Keeps what this page says from now on. */
export function witness(page: Page, name: string): Page {
  const lines: string[] = [];
  const note = (line: string) => {
    if (lines.length >= LINES_MAX) lines.shift();
    lines.push(`${new Date().toISOString()} ${line}`);
  };
  page.on('console', (message) => note(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => note(`error: ${error.stack ?? error.message}`));
  page.on('crash', () => note('the page crashed'));
  page.on('requestfailed', (request) => note(`no answer: ${request.method()} ${request.url()}: ${request.failure()?.errorText ?? ''}`));
  page.on('response', (response) => {
    if (response.status() >= 400) note(`${response.status()}: ${response.request().method()} ${response.url()}`);
  });
  pages.push({ name: `${pages.length + 1}-${name.replace(/\W+/g, '-')}`, page, lines });
  return page;
}

async function keep(info: TestInfo): Promise<void> {
  for (const { name, page, lines } of pages) {
    writeFileSync(info.outputPath(`${name}.log`), `${page.isClosed() ? 'closed' : page.url()}\n${lines.join('\n')}\n`);
    if (page.isClosed()) continue;
    await page.screenshot({ path: info.outputPath(`${name}.png`), timeout: PICTURE_MS_MAX }).catch((error: unknown) => lines.push(String(error)));
  }
  const { folder } = facts();
  for (const node of NODES) {
    try {
      const log = readFileSync(join(folder, `node-${node}`, 'node.log'), 'utf8');
      writeFileSync(info.outputPath(`node-${node}.log`), log.slice(-LOG_CHARACTERS_MAX));
    } catch (error) {
      writeFileSync(info.outputPath(`node-${node}.log`), `not readable: ${String(error)}\n`);
    }
  }
}

/** A cluster that does not stand by then does not come. */
const CLUSTER_MS_MAX = 240_000;

/** A test whose failure speaks. */
export const test = base.extend<{ witnessed: void }, { unspoilt: void }>({
  // A worker that is not the first goes on for one whose test has failed: dead nodes, callers on the line and crews with an order may be left
  // of that. What is tried again, and what comes after it, begins at a cluster of its own.
  unspoilt: [
    async ({}, use, { workerIndex }) => {
      if (workerIndex === 0) return use();
      const { facts: own, stop } = await startCluster(OPTIONS);
      process.env[CLUSTER_VARIABLE] = JSON.stringify(own);
      await use();
      await stop();
    },
    { scope: 'worker', auto: true, timeout: CLUSTER_MS_MAX },
  ],
  witnessed: [
    async ({}, use, info) => {
      pages = [];
      await use();
      if (info.status !== info.expectedStatus) await keep(info);
      for (const context of new Set(pages.map(({ page }) => page.context()))) await context.close().catch(() => {});
    },
    { auto: true },
  ],
});

export { expect } from '@playwright/test';
