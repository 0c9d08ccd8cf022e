import { expect, test } from 'vitest';
import { endedExercises, runningExercise, visible, type Exercise } from './exercise';
import { correctionsOf, shiftNotesOf, shiftNoteState, sceneToWire, type ShiftNote } from './room';

const left = (id: string, more: Partial<ShiftNote>): ShiftNote => ({
  id, room: 'tinh', note: '', incidents: [], writtenAtMs: 0, writtenBy: 'an', dueAtMs: 100, lateAtMs: 0, told: [], acknowledgedAtMs: 0, acknowledgedBy: '', remark: '', exercise: false, version: 1, ...more,
});

test('what waits for somebody stands first, the longest waiting on top', () => {
  const all = [left('done', { acknowledgedAtMs: 9, writtenAtMs: 8 }), left('older', { acknowledgedAtMs: 9, writtenAtMs: 2 }), left('later', { dueAtMs: 300 }), left('sooner', {}), left('other', { room: 'tay' })];
  expect(shiftNotesOf('tinh', all).map(({ id }) => id)).toEqual(['sooner', 'later', 'done', 'older']);
});

test('a hand-over is late by its time, before the cluster has said so and after', () => {
  expect([99, 101].map((nowMs) => shiftNoteState(left('a', {}), nowMs))).toEqual(['waiting', 'late']);
  expect(shiftNoteState(left('a', { lateAtMs: 100, acknowledgedAtMs: 120 }), 200)).toBe('acknowledged');
});

test('a scene goes out in whole numbers, and without a map with no view', () => {
  const scene = { title: 'Vỡ đê', layers: ['units' as const], incidents: ['I1'], cameras: [], exercise: false };
  expect(sceneToWire({ ...scene, look: { latitude: 21.5, longitude: 105.8, zoom: 11.25 }, place: undefined })).toEqual({ ...scene, view: { latitude_e7: 215_000_000, longitude_e7: 1_058_000_000, zoom_centi: 1_125 }, place: null });
  const place = { latitude: 21.6, longitude: 105.9, adminUnit: '19001', address: 'Cầu Gia Bảy' };
  expect(sceneToWire({ ...scene, look: undefined, place })).toEqual({ ...scene, view: null, place: { latitude_e7: 216_000_000, longitude_e7: 1_059_000_000, admin_unit: '19001', address: 'Cầu Gia Bảy' } });
});

test('what is played is passed over where it is hidden', () => {
  const records = [{ exercise: true }, { exercise: false }];
  expect([visible(records, true).length, visible(records, false).length]).toEqual([2, 1]);
  const one = (id: string, endedAtMs: number): Exercise => ({ id, name: id, scenario: '', startedAtMs: 1, startedBy: '', endedAtMs, note: '', closed: 0 });
  const all = [one('E1', 5), one('E2', 9), one('E3', 0)];
  expect([runningExercise(all)?.id, ...endedExercises(all).map(({ id }) => id)]).toEqual(['E3', 'E2', 'E1']);
});

test('an entry names the last that corrects it, whatever the order', () => {
  const entry = (number: number, corrects: number) => ({ number, text: '', incident: '', corrects, atMs: 0, by: 'an', exercise: false });
  expect([...correctionsOf([entry(9, 3), entry(7, 3), entry(3, 0), entry(8, 7)])]).toEqual([[3, 9], [7, 8]]);
});
