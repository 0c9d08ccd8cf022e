import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { offline } from './scripts/offline';

// One HTML entry per screen; screens share chunks. The node that the development server leans on is the fake one of
// tests/fake unless TRONGDONG_NODE names another.
const node = process.env['TRONGDONG_NODE'] ?? 'http://127.0.0.1:4180';

export default defineConfig({
  plugins: [svelte(), offline('unit.html', 'unit.html')],
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    // The map library is one chunk of about a megabyte before compression; it is loaded after the first paint.
    chunkSizeWarningLimit: 1200,
    // Fonts stay files, so that a strict content security policy needs no data: fonts.
    assetsInlineLimit: 0,
    rolldownOptions: { input: { wall: 'index.html', models: 'models.html', rooms: 'rooms.html', drill: 'drill.html', admin: 'admin.html', deadlines: 'deadlines.html', record: 'record.html', replay: 'replay.html', dispatch: 'dispatch.html', console: 'console.html', unit: 'unit.html', tell: 'bao-tin.html', follow: 'theo-doi.html' } },
  },
  server: { proxy: { '/api': node, '/ws': { target: node, ws: true } } },
});
