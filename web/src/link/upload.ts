// Sends a file with its progress, which `fetch` does not tell.
import { isClipType } from '../nouns/photo';

/** A photo over a thin line takes its time; past this nobody knows what became of it. */
const UPLOAD_MS_MAX = 90_000;
/** The same of a video, which is larger. */
const CLIP_UPLOAD_MS_MAX = 270_000;

export interface Reply {
  status: number;
  body: Record<string, unknown>;
  /** When to come again, in seconds; 0: it does not say. */
  retryAfterS: number;
}

export interface UploadOptions {
  headers?: Record<string, string>;
  /** Whether the session's cookie goes along, also to another node. */
  credentials?: boolean;
  /** Hears which share has gone out, 0 to 1. */
  progress?: ((share: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Sends the bytes; rejects where no answer came, also when it was broken off. */
export function upload(url: string, file: Blob, { headers = {}, credentials = false, progress, signal }: UploadOptions): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    request.timeout = isClipType(file.type) ? CLIP_UPLOAD_MS_MAX : UPLOAD_MS_MAX;
    request.withCredentials = credentials;
    request.setRequestHeader('content-type', file.type === '' ? 'application/octet-stream' : file.type);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => progress?.(total === 0 ? 0 : loaded / total);
    request.onload = () => {
      let body: unknown;
      try {
        body = JSON.parse(request.responseText);
      } catch {
        body = {};
      }
      resolve({ status: request.status, body: (body ?? {}) as Record<string, unknown>, retryAfterS: Number(request.getResponseHeader('retry-after') ?? 0) });
    };
    request.onerror = request.ontimeout = request.onabort = () => reject(new Error('no answer'));
    if (signal?.aborted === true) return reject(new Error('broken off'));
    signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}
