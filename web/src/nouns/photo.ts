// Photos and videos: of incidents, of reports, of answers. Pure.

/** What a phone may choose from; a phone that has something else converts it. */
export const PHOTO_TYPES = 'image/jpeg,image/png,image/webp';
/** Videos, as phones make them. */
export const CLIP_TYPES = 'video/mp4,video/quicktime';
/** What may be put where a photo may be. */
export const FILE_TYPES = `${PHOTO_TYPES},${CLIP_TYPES}`;
/** Bytes of one photo that the centre takes. */
export const PHOTO_BYTES_MAX = 8 * 1024 * 1024;
/** Bytes of one video that it takes: a browser makes none smaller. */
export const CLIP_BYTES_MAX = 16 * 1024 * 1024;
/** The longer side of what is sent, in pixels: a number plate across the street can be read, and a thin line carries it. */
export const PHOTO_SIDE_MAX = 2_048;
/** Photos that one report takes. */
export const REPORT_PHOTOS_MAX = 4;

/** A photo and what it belongs to. Times are Unix milliseconds; 0: not told. */
export interface Photo {
  number: number;
  sha256: string;
  /** It is a video. */
  isClip: boolean;
  width: number;
  height: number;
  of: 'incident' | 'report' | 'answer';
  id: string;
  atMs: number;
  takenAtMs: number;
  /** Empty: a citizen. */
  by: string;
  /** What it shows, for who cannot see it; may be empty. */
  note: string;
}

/** The same as the node writes it. */
export interface PhotoWire {
  number: number;
  sha256: string;
  kind: string;
  width: number;
  height: number;
  owner: Partial<Record<Photo['of'], string>>;
  at_ms: number;
  taken_at_ms: number;
  by: string | null;
  note: string;
}

const OWNERS = ['incident', 'report', 'answer'] as const;

/** Whether what the node calls so is a video. */
export const isClipKind = (kind: string) => kind === 'mp4' || kind === 'quicktime';

/** Whether a file of this media type is one. */
export const isClipType = (type: string) => CLIP_TYPES.split(',').includes(type);

export function photoOf({ number, sha256, kind, width, height, owner, at_ms, taken_at_ms, by, note }: PhotoWire): Photo {
  const of = OWNERS.find((kind) => owner[kind] !== undefined) ?? 'incident';
  return { number, sha256, isClip: isClipKind(kind), width, height, of, id: owner[of] ?? '', atMs: at_ms, takenAtMs: taken_at_ms, by: by ?? '', note };
}

/** The sides of a picture whose longer side is at most `most`. */
export function fitted(width: number, height: number, most: number): { width: number; height: number } {
  const scale = Math.min(1, most / Math.max(width, height, 1));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** Where a photo of an incident is shown. */
export const photoPath = (photo: Photo, incident: string) => `/api/files/${photo.sha256}?incident=${encodeURIComponent(incident)}`;

/** Where a photo of a report is shown. */
export const reportPhotoPath = (photo: Photo, report: string) => `/api/files/${photo.sha256}?report=${encodeURIComponent(report)}`;
