// What people order about photos of an incident.
import { photoTarget, sendPhotoOnce } from '../link/photo';
import type { Photo } from '../nouns/photo';
import { commands } from './commands.svelte';
import { order, type Sent } from './orders';
import { choices as settings } from './choices.svelte';
import { shrunk } from './shrink';

/** Where it is said what became of a photo of the incident. */
export const photosTarget = (incident: string) => `photos/${incident}`;

/** Puts a photo with the incident, made small, or a video. */
export async function putPhoto(incident: string, file: Blob, note: string): Sent {
  const photo = await shrunk(file);
  if (typeof photo === 'string') {
    commands.keepBack(photosTarget(incident), settings.t.photo[photo]);
    return undefined;
  }
  const path = photoTarget(incident, Date.now(), note);
  return order('note-incident', photosTarget(incident), path, photo, (to, body, seq, attempt, why) => sendPhotoOnce(to, body as Blob, seq, attempt, { why }));
}

/** Takes a photo away, for a reason. */
export const removePhoto = (incident: string, photo: Photo, reason: string): Sent => order('decide-incident', photosTarget(incident), `/api/files/${photo.number}/remove`, { reason });

/** Shows a photo to the sender of an answered report. */
export const showPhoto = (incident: string, photo: Photo, report: string): Sent =>
  order('handle-report', photosTarget(incident), `/api/reports/${encodeURIComponent(report)}/photos`, { sha256: photo.sha256, note: photo.note });
