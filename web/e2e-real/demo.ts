// The demonstration as README.md has it started, for the read-me's steps: `npm run e2e:readme`. Folder and ports are the tests' own, so
// that one that runs already is not disturbed.
import { readFileSync } from 'node:fs';

/** Whether the read-me is played. */
export const IS_DEMO = process.env['TRONGDONG_README'] !== undefined;

const RTSP_PORT = 7_655;
/** The read-me's own line, without its comment. */
const [, LINE = ''] = /^(cargo xtask up)\b/m.exec(readFileSync(new URL('../../README.md', import.meta.url), 'utf8')) ?? [];

/** What somebody types who has the read-me before them, and what of it is the tests' own beside folder and nodes' ports. */
export const UP = { command: [...LINE.split(' '), '--'], options: ['--rtsp-port', String(RTSP_PORT)] } as const;
