// Makes a photo small enough for a thin line before it is kept and sent. The browser turns it the right way up, and drops what the
// camera wrote beside it; the centre does so again with whatever comes. A video goes as it is: a browser makes none smaller.
import { CLIP_BYTES_MAX, fitted, isClipType, PHOTO_BYTES_MAX, PHOTO_SIDE_MAX, PHOTO_TYPES } from '../nouns/photo';

const QUALITY = 0.85;

/** Why a file is not sent: no picture that the browser can read, or that the centre takes; or more of a video than it takes. */
export type Unfit = 'unread' | 'large';

/** The photo or the video as it is sent, or why it is not. */
export async function shrunk(file: Blob): Promise<Blob | Unfit> {
  if (isClipType(file.type)) return file.size <= CLIP_BYTES_MAX ? file : 'large';
  const asItIs = PHOTO_TYPES.split(',').includes(file.type) && file.size <= PHOTO_BYTES_MAX ? file : 'unread';
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    return asItIs;
  }
  const { width, height } = fitted(bitmap.width, bitmap.height, PHOTO_SIDE_MAX);
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const made = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY));
  if (made === null) return asItIs;
  return asItIs !== 'unread' && asItIs.size < made.size ? asItIs : made;
}
