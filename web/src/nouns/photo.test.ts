import { expect, test } from 'vitest';
import { FILE_TYPES, fitted, isClipType, photoOf, photoPath } from './photo';

test('a photo is made smaller in both directions alike, and never larger', () => {
  expect(fitted(4_000, 3_000, 2_048)).toEqual({ width: 2_048, height: 1_536 });
  expect(fitted(3_000, 4_000, 2_048)).toEqual({ width: 1_536, height: 2_048 });
  expect(fitted(640, 480, 2_048)).toEqual({ width: 640, height: 480 });
  expect(fitted(60_000, 1, 2_048)).toEqual({ width: 2_048, height: 1 });
});

test('what the node writes says whose it is', () => {
  const wire = { number: 3, sha256: 'ab', kind: 'jpeg', width: 8, height: 6, at_ms: 5, taken_at_ms: 4, by: null, note: 'Cầu sập' };
  const photo = photoOf({ ...wire, owner: { report: '7K3FQ' } });
  expect(photo).toMatchObject({ isClip: false, of: 'report', id: '7K3FQ', by: '', atMs: 5 });
  expect(photoPath(photo, 'I7')).toBe('/api/files/ab?incident=I7');
});

test('a video is told from a photo, by its file and by what the node says', () => {
  expect(FILE_TYPES.split(',').filter(isClipType)).toEqual(['video/mp4', 'video/quicktime']);
  const wire = { number: 3, sha256: 'ab', width: 8, height: 6, at_ms: 5, taken_at_ms: 4, by: null, note: '', owner: { incident: 'I7' } };
  expect(['jpeg', 'png', 'webp', 'mp4', 'quicktime'].map((kind) => photoOf({ ...wire, kind }).isClip)).toEqual([false, false, false, true, true]);
});
