// How the fake node keeps photos of incidents: what was put, once for each number, and shown as it came.
import { createHash } from 'node:crypto';

interface FakePhoto {
  number: number;
  sha256: string;
  /** What it belongs to: an incident, or a report by its code. */
  incident: string;
  bytes: Buffer;
  type: string;
  taken_at_ms: number;
  at_ms: number;
  by: string;
  note: string;
  /** Somebody took it away. */
  isGone: boolean;
}

/** A grey picture of one pixel, for what the scene has from the beginning. */
export const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==', 'base64');

export function photoDesk() {
  const photos: FakePhoto[] = [];
  const put = (incident: string, bytes: Buffer, type: string, by: string, note: string, taken_at_ms: number) => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const known = photos.find((photo) => photo.incident === incident && photo.sha256 === sha256 && !photo.isGone);
    if (known !== undefined) return known;
    const photo = { number: photos.length + 1, sha256, incident, bytes, type, taken_at_ms, at_ms: Date.now(), by, note, isGone: false };
    photos.push(photo);
    return photo;
  };
  put('I4819', PIXEL, 'image/png', '', 'Khói đen sau chợ', 0);

  const KINDS: Record<string, string> = { 'image/jpeg': 'jpeg', 'video/mp4': 'mp4', 'video/quicktime': 'quicktime' };
  const wire = ({ number, sha256, incident, type, taken_at_ms, at_ms, by, note }: FakePhoto) => ({
    number, sha256, kind: KINDS[type] ?? 'png', bytes: 1, width: 640, height: 480, owner: /^I\d+$/.test(incident) ? { incident } : { report: incident }, at_ms, taken_at_ms, by: by || null, note,
  });

  /** A photo that was put; its answer. */
  function attach(query: URLSearchParams, bytes: Buffer, type: string, by: string): { status: number; body: unknown } {
    const photo = put(query.get('incident') ?? '', bytes, type, by, query.get('note') ?? '', Number(query.get('taken_at_ms')));
    return { status: 200, body: { entity: String(photo.number), version: 1 } };
  }

  /** A photo that is taken away, for a reason; undefined: the path is about something else. */
  function remove(path: string, { reason = '' }: Record<string, string>): { status: number; body: unknown } | undefined {
    const number = /^\/api\/files\/(\d+)\/remove$/.exec(path)?.[1];
    if (number === undefined) return undefined;
    const photo = photos.find((one) => one.number === Number(number) && !one.isGone);
    if (photo === undefined) return { status: 404, body: { code: 'not_found', field: 'number', message: 'no such photo' } };
    if (reason.trim() === '') return { status: 422, body: { code: 'invalid', field: 'reason', message: 'say why' } };
    photo.isGone = true;
    return { status: 200, body: { entity: number, version: 2 } };
  }

  return {
    attach,
    remove,
    list: (incident: string) => ({ items: photos.filter((photo) => photo.incident === incident && !photo.isGone).map(wire), truncated: false }),
    /** A citizen sends one with their report. */
    ofReport: (code: string) => put(code, PIXEL, 'image/png', '', 'Nước ngang cửa', 0),
    show: (sha256: string) => photos.find((photo) => photo.sha256 === sha256),
    /** For looking at: when each was taken, in the order in which they came. */
    taken: () => photos.map(({ taken_at_ms }) => taken_at_ms),
  };
}
