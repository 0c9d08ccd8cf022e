// A citizen's photo on its way: without a session, to the report of a code.
import { NoAnswer, PublicRefused } from './public';
import { upload } from './upload';

/** Sends a photo to a report. Sent again it is the same photo. */
export async function sendPublicPhoto(code: string, photo: Blob, progress: (share: number) => void): Promise<void> {
  const reply = await upload(`/api/public/reports/${encodeURIComponent(code)}/files`, photo, { progress }).catch((error: unknown) => {
    throw new NoAnswer(error instanceof Error ? error.message : 'network');
  });
  if (reply.status >= 200 && reply.status < 300) return;
  const { code: kind = '', field = '', message = '', message_en = message } = reply.body as Record<string, string>;
  if (reply.status >= 500 || reply.status === 0) throw new NoAnswer(message_en);
  throw new PublicRefused(reply.status, kind, field, message, message_en, reply.retryAfterS);
}
