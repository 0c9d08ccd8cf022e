import type { viPhoto } from './photo.vi';

/** Words of photos of incidents. */
export const enPhoto: typeof viPhoto = {
  heading: 'Photos from the scene',
  missing: 'The list of photos could not be read.',
  none: 'No photos yet.',
  add: 'Add a photo or video',
  take: 'PHOTO OF THE SCENE',
  takeClip: 'VIDEO OF THE SCENE',
  note: 'What does it show? (for who cannot see it)',
  unread: 'This file is no photo or video that can be used. Choose another: JPEG, PNG, WebP, MP4 or MOV.',
  large: 'The video is too large. Record a shorter one: 16 MB at most.',
  alt: (number) => `Photo ${number}`,
  clip: 'Video clip',
  clipAlt: (number) => `Video clip ${number}`,
  enlarge: 'Open large',
  open: (what) => `Open large: ${what}`,
  citizen: 'A citizen',
  by: (who, time) => `${who} · ${time}`,
  taken: (time) => `taken ${time}`,
  answer: 'with the answer to a citizen',
  close: 'Close',
  show: (code) => `Show it to the sender of ${code} with the answer`,
  remove: 'Take the photo away',
  reason: 'Why?',
  reasonMissing: 'Give a reason',
};
