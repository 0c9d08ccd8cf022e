// Holds the pages of phones to what a slow line brings in time. At 400 kbit/s a kibibyte takes 20 ms, and each file beyond the six that a
// browser asks for at once a round of the line's own delay; so both are bounded, and a build that passes a bound fails and says by what.
import { brotliCompressSync, constants } from 'node:zlib';
import type { Plugin } from 'vite';
import { filesOf, type Files } from './graph';

/** What a page may need before its first picture: scripts and styles, fonts and what is loaded later left out. */
export interface Budget {
  page: string;
  kib: number;
  files: number;
}

/** Bytes of a file as it goes over the line. */
function packed(content: string | Uint8Array): number {
  const bytes = Buffer.from(content);
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }).length;
}

/** What a page needs before its first picture, the heaviest first. */
export function weigh(files: Files, page: string): { name: string; bytes: number }[] {
  return filesOf(files, page)
    .map((name) => ({ name, bytes: packed(files[name]?.code ?? files[name]?.source ?? '') }))
    .sort((a, b) => b.bytes - a.bytes);
}

/** Why a page is too heavy; undefined: it is not. */
export function tooHeavy(files: Files, { page, kib, files: most }: Budget): string | undefined {
  const parts = weigh(files, page);
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0) / 1024;
  if (total <= kib && parts.length <= most) return undefined;
  const list = parts.map(({ name, bytes }) => `  ${(bytes / 1024).toFixed(1)} KiB ${name}`).join('\n');
  return `${page} needs ${total.toFixed(1)} KiB in ${parts.length} files before its first picture; ${kib} KiB in ${most} files are allowed. Load later what the picture does not need:\n${list}`;
}

/** Fails a build one of whose pages is too heavy. */
export function budget(budgets: readonly Budget[]): Plugin {
  return {
    name: 'trongdong-weight',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const files = bundle as unknown as Files;
        for (const one of budgets) {
          const why = tooHeavy(files, one);
          if (why !== undefined) this.error(why);
          const bytes = weigh(files, one.page).reduce((sum, part) => sum + part.bytes, 0);
          this.info(`${one.page}: ${(bytes / 1024).toFixed(1)} of ${one.kib} KiB before its first picture`);
        }
      },
    },
  };
}
