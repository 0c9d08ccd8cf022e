// Says whether src/gen is what the schema gives now; writes nothing.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const fresh = mkdtempSync(join(tmpdir(), 'codegen-'));
const read = (folder) =>
  new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(folder, path), readFileSync(path, 'utf8')]),
  );
try {
  execFileSync('npx', ['buf', 'generate', '-o', fresh], { stdio: ['ignore', 'ignore', 'inherit'] });
  const wanted = read(join(fresh, 'src/gen'));
  const held = read('src/gen');
  const stale = [...new Set([...wanted.keys(), ...held.keys()])].filter((name) => wanted.get(name) !== held.get(name));
  if (stale.length > 0) {
    console.error(`stale: ${stale.join(', ')}. Run: npm run codegen`);
    process.exitCode = 1;
  } else {
    console.log(`${held.size} generated files are up to date`);
  }
} finally {
  rmSync(fresh, { recursive: true });
}
