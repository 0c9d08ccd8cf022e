// Builds the service worker of the crew's page: it holds exactly the files that this page is made of, so that the page opens in a tunnel.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';

/** Fonts are cut into ranges; these two hold what is written here. */
const FONT = /be-vietnam-pro-(?:latin|vietnamese)-(?:400|700)-normal.*\.woff2$/;

interface Chunk {
  type: string;
  fileName: string;
  isEntry?: boolean;
  facadeModuleId?: string | null;
  imports?: string[];
  source?: string | Uint8Array;
  viteMetadata?: { importedCss?: Set<string>; importedAssets?: Set<string> };
}

/** `entry`: the page's module. `page`: its file, as it is asked for. */
export function offline(entry: string, page: string): Plugin {
  return {
    name: 'trongdong-offline',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const files = bundle as unknown as Record<string, Chunk>;
        const first = Object.values(files).find((file) => file.type === 'chunk' && file.isEntry === true && file.facadeModuleId?.endsWith(entry) === true);
        if (first === undefined) throw new Error(`no chunk is built from ${entry}: name the page's own file`);
        const needed = new Set<string>();
        const add = (name: string): void => {
          if (needed.has(name)) return;
          needed.add(name);
          const file = files[name];
          file?.imports?.forEach(add);
          file?.viteMetadata?.importedCss?.forEach((css) => needed.add(css));
        };
        add(first.fileName);
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
