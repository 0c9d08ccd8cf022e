// Writes a brotli sibling beside every text file of the build, so that the gateway never compresses at run time.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';

/** What compresses; fonts and pictures are compressed already. */
const TEXT = /\.(?:html|js|mjs|css|json|geojson|svg|webmanifest)$/;
/** A sibling that saves less than this share is not worth its place. */
const SHARE_MAX = 0.9;
const compress = promisify(brotliCompress);
const folder = process.argv[2] ?? 'dist';

let files = 0;
let plain = 0;
let packed = 0;
for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (!entry.isFile() || !TEXT.test(entry.name)) continue;
  const bytes = await readFile(path);
  const small = await compress(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
  if (small.length > bytes.length * SHARE_MAX) {
    await rm(`${path}.br`, { force: true });
    continue;
  }
  await writeFile(`${path}.br`, small);
  files += 1;
  plain += bytes.length;
  packed += small.length;
}
console.log(`${files} files, ${(plain / 1024).toFixed(0)} kB -> ${(packed / 1024).toFixed(0)} kB`);
