// Builds the service worker of the crew's page: it holds exactly the files that this page is made of, also those that it loads later and
// the words of its other language, so that the page opens in a tunnel.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';
import { filesOf, type Files } from './graph';

/** Fonts are cut into ranges; these two hold what is written here. */
const FONT = /be-vietnam-pro-(?:latin|vietnamese)-(?:400|700)-normal.*\.woff2$/;

/** `page`: its file, as it is asked for. */
export function offline(page: string): Plugin {
  return {
    name: 'trongdong-offline',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const files = bundle as unknown as Files;
        const needed = new Set(filesOf(files, page, true));
        for (const name of Object.keys(files)) if (FONT.test(name)) needed.add(name);
        const html = files[page]?.source ?? '';
        const list = ['/unit', ...[...needed].sort().map((name) => `/${name}`), '/drum.svg', '/unit.webmanifest'];
        const version = createHash('sha256').update(list.join('\n')).update(html).digest('hex').slice(0, 16);
        const source = readFileSync(new URL('./service-worker.js', import.meta.url), 'utf8')
          .replace('__VERSION__', version)
          .replace("['__FILES__']", JSON.stringify(list));
        this.emitFile({ type: 'asset', fileName: 'sw.js', source });
      },
    },
  };
}
