// The crew's page without a network. It serves the page's own files and nothing else: what the centre says is never taken from here, so
// nothing old can pass for new. Filled in by scripts/offline.ts.
const CACHE = 'trongdong-unit-__VERSION__';
const FILES = ['__FILES__'];
/** A line that gives no page by then counts as none: in a tunnel requests hang rather than fail. */
const PAGE_MS_MAX = 3_000;

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      // Names of built files hold their hash: what the browser has of them already does not come over the line again.
      .then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: file.startsWith('/assets/') ? 'default' : 'reload' }))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  const isOld = (name) => name.startsWith('trongdong-unit-') && name !== CACHE;
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(isOld).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

/** The node's page if it comes in time, else the one that is kept. */
async function page(request) {
  const kept = await caches.match('/unit');
  const wait = new Promise((resolve) => setTimeout(() => resolve(undefined), PAGE_MS_MAX));
  const fresh = await Promise.race([fetch(request).catch(() => undefined), wait]);
  return fresh?.ok || kept === undefined ? (fresh ?? Response.error()) : kept;
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  if (request.mode === 'navigate') {
    if (/^\/unit(\.html)?$/.test(url.pathname)) event.respondWith(page(request));
  } else if (FILES.includes(url.pathname)) {
    // Names of built files hold their hash: what is kept is what is meant.
    event.respondWith(caches.match(request, { ignoreSearch: true }).then((kept) => kept ?? fetch(request)));
  }
});
