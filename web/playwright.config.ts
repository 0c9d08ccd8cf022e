import { defineConfig } from '@playwright/test';
import { launchOptions } from './tests/browser';

// The screens as built, against the fake node. One worker: the tests of one node's line would disturb each other. Shards have a port and a
// folder each.
const PORT = Number(process.env['FAKE_PORT'] ?? 4181);
export default defineConfig({
  testDir: 'tests',
  testMatch: '*.e2e.ts',
  workers: 1,
  timeout: 90_000,
  // A machine that compiles beside it may be late once; what fails twice is broken, and what failed once is named.
  retries: 1,
  expect: { timeout: 10_000 },
  outputDir: process.env['E2E_OUTPUT'] ?? 'test-results',
  use: {
    baseURL: `http://127.0.0.1:${PORT}`,
    viewport: { width: 1920, height: 1080 },
    launchOptions,
  },
  webServer: {
    command: 'node tests/fake/run.mjs',
    url: `http://127.0.0.1:${PORT}/`,
    env: { PORT: String(PORT) },
    reuseExistingServer: false,
  },
});
