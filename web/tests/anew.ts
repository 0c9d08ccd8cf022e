// Tests that are tried again begin where they began: the fake node forgets what the first try left behind.
import { test as base } from '@playwright/test';

export const test = base.extend<{ anew: void }>({
  anew: [
    async ({ baseURL }, use, info) => {
      if (info.retry > 0) await fetch(`${baseURL}/fake/anew`);
      await use();
    },
    { auto: true },
  ],
});
