import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// The plugin is for tests of `src/state`, whose modules have runes.
export default defineConfig({ plugins: [svelte()], test: { include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'], environment: 'node' } });
