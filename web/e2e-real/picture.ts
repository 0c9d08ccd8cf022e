// The picture of the wall in the read-me is taken on request only, so that a test run changes no source:
// `TRONGDONG_PICTURE=../ops/screenshots/wall.png npm run e2e:real`.
import { fileURLToPath } from 'node:url';

/** Where the picture goes; undefined: none is taken, and the tests run. */
export const PICTURE = process.env['TRONGDONG_PICTURE'];

const RTSP_PORT = 7_654;
const RTSP_SCRIPT = fileURLToPath(new URL('../../ops/rtsp/serve.py', import.meta.url));

/** A province in which things move, with made-up cameras. */
export const PROVINCE = [
  '--sensors', '300', '--units', '30', '--cameras', '12', '--rtsp-script', RTSP_SCRIPT, '--rtsp-port', String(RTSP_PORT),
];
