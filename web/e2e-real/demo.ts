// The demonstration as `cargo xtask up` starts it, for the read-me's steps: `npm run e2e:readme`. Folder and ports are the tests' own, so
// that one that runs already is not disturbed.
import { fileURLToPath } from 'node:url';

/** Whether the read-me is played. */
export const IS_DEMO = process.env['TRONGDONG_README'] !== undefined;

const RTSP_PORT = 7_655;
const script = 'ops/rtsp/serve.py';

/** What `up` says to `trongdong demo`. */
export const UP = {
  script,
  options: ['--rtsp-script', fileURLToPath(new URL(`../../${script}`, import.meta.url)), '--rtsp-port', String(RTSP_PORT)],
} as const;
