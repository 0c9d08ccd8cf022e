import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { inChunk } from './scripts/chunks';
import { offline } from './scripts/offline';
import { budget } from './scripts/weight';

// One HTML entry per screen; screens share chunks. The node that the development server leans on is the fake one of
// tests/fake unless TRONGDONG_NODE names another.
const node = process.env['TRONGDONG_NODE'] ?? 'http://127.0.0.1:4180';

/**
 * What phones may need before their first picture, brotli: with it the picture of a slow line (400 kbit/s, 400 ms) comes within 3 s.
 * A crew's page has a session and an outbox, the pages for everybody have neither.
 */
const BUDGETS = [
  { page: 'unit.html', kib: 45, files: 6 },
  { page: 'bao-tin.html', kib: 40, files: 8 },
  { page: 'theo-doi.html', kib: 36, files: 8 },
];

export default defineConfig({
  plugins: [svelte(), offline('unit.html'), budget(BUDGETS)],
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    // Every browser of that year knows modulepreload.
    modulePreload: { polyfill: false },
    // The map library is one chunk of about a megabyte before compression; it is loaded after the first paint.
    chunkSizeWarningLimit: 1200,
    // Fonts stay files, so that a strict content security policy needs no data: fonts.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { wall: 'index.html', models: 'models.html', rooms: 'rooms.html', drill: 'drill.html', nodes: 'nodes.html', admin: 'admin.html', deadlines: 'deadlines.html', record: 'record.html', replay: 'replay.html', dispatch: 'dispatch.html', console: 'console.html', unit: 'unit.html', tell: 'bao-tin.html', follow: 'theo-doi.html' },
      output: { codeSplitting: { groups: [inChunk('base', 3), inChunk('crew', 2), inChunk('shapes', 1)] } },
    },
  },
  server: { proxy: { '/api': node, '/ws': { target: node, ws: true } } },
});
