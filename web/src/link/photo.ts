// Photos of incidents over HTTP, for who is signed in.
import { photoOf, type Photo, type PhotoWire } from '../nouns/photo';
import { logPlaceOf } from '../nouns/log-place';
import { originAt, readJson, Refused, Unanswered, type Committed } from './http';
import { reasonFor, reasonHeader } from './reason';
import { upload, type UploadOptions } from './upload';

/** Photos of an incident, those of its reports included, oldest first. */
export async function readPhotos(incident: string): Promise<Photo[]> {
  const { items } = (await readJson(`/api/files?incident=${encodeURIComponent(incident)}`)) as { items: PhotoWire[] };
  return items.map(photoOf);
}

/** Photos that came with a report, and those of its answer. */
export async function readReportPhotos(report: string): Promise<Photo[]> {
  const { items } = (await readJson(`/api/files?report=${encodeURIComponent(report)}`)) as { items: PhotoWire[] };
  return items.map(photoOf);
}

/** Where a photo of an incident is put. */
export const photoTarget = (incident: string, takenAtMs: number, note = '') => `/api/files?${new URLSearchParams({ incident, taken_at_ms: String(takenAtMs), note })}`;

/**
 * Sends a photo once, at the `attempt`-th time to another node than before. Throws `Refused` when the server says no, and
 * `Unanswered` when nobody knows: then the same number may be sent again.
 */
export async function sendPhotoOnce(path: string, photo: Blob, seq: number, attempt: number, { why = reasonFor(path), ...options }: Pick<UploadOptions, 'progress' | 'signal'> & { why?: string } = {}): Promise<Committed> {
  const reply = await upload(`${originAt(attempt)}${path}`, photo, { ...options, credentials: true, headers: { 'x-request-seq': String(seq), ...reasonHeader(why) } }).catch((error: unknown) => {
    throw new Unanswered(error instanceof Error ? error.message : 'network');
  });
  const { code = '', field = '', message = '', entity = '', version = 0, log } = reply.body as { [key in 'code' | 'field' | 'message' | 'entity']?: string } & { version?: number; log?: unknown };
  if (reply.status >= 200 && reply.status < 300) return { entity, version: Number(version), incident: '', log: logPlaceOf(log) };
  if (reply.status >= 500 || code === 'unknown') throw new Unanswered(message);
  throw new Refused(reply.status, code, field, message);
}
