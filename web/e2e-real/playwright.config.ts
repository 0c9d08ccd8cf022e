import { defineConfig } from '@playwright/test';
import { launchOptions } from '../tests/browser';
import { IS_DEMO } from './demo';
import { PICTURE } from './picture';

// The screens as built, in a real browser, against three real nodes. The cluster is the runner's and not a test's, so that it
// ends also when a test is cut off.
// The chains are played alone (`npm run e2e:chains`): from a device, a call and a citizen to a closed case, the draft that outlives its browser,
// the drill, the hand-over between rooms and services, the sign-in by another provider's word, and the public warning. They fill the screens of the
// cluster that the others look at. One of them: `npm run e2e:chains -- call`.
const CHAIN = process.env['CHAIN'] !== undefined;
const CHAINS = ['alarm', 'call', 'citizen', 'draft', 'drill', 'handover', 'oidc', 'warning'].map((name) => `${name}.real.ts`);
const SCREENS = CHAIN ? CHAINS : ['models.real.ts', 'wall.real.ts'];
export default defineConfig({
  testDir: '.',
  testMatch: IS_DEMO ? 'readme.real.ts' : PICTURE === undefined ? SCREENS : 'picture.real.ts',
  workers: 1,
  timeout: 180_000,
  // A machine that does much else may be late once; what fails twice is broken, and what failed once is named.
  retries: IS_DEMO ? 0 : 1,
  expect: { timeout: 15_000 },
  outputDir: `../test-results/${IS_DEMO ? 'readme' : CHAIN ? 'chains' : 'real'}`,
  globalSetup: './setup.ts',
  // What cannot be done by then is named, instead of the whole test being too late.
  use: { viewport: { width: 1600, height: 900 }, launchOptions, actionTimeout: 60_000 },
});
