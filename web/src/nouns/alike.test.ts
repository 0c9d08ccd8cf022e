import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { IncidentKind, IncidentSchema, IncidentStatus } from '../gen/trongdong/v1/incident_pb';
import { alikeIncidents, LIKELY_MIN, type Telling } from './alike';
import { incidentOf } from './incident';

const NOW_MS = 10_000_000_000;
const incident = (id: string, more: object = {}) =>
  incidentOf(create(IncidentSchema, {
    id, status: IncidentStatus.OPENED, severity: 4, kind: IncidentKind.FIRE, summary: 'Cháy kho hàng gần chợ Thái', openedAtMs: BigInt(NOW_MS - 600_000),
    place: { latitudeE7: 215_900_000, longitudeE7: 1_058_400_000, adminUnit: '05437', address: 'Đường Bến Oánh' }, ...more,
  }));
const telling = (more: Partial<Telling> = {}): Telling => ({ text: 'khói đen sau chợ Thái, cháy kho', kind: 'fire', latitude: 21.591, longitude: 105.841, adminUnit: '05437', isRough: false, exercise: false, ownIncidents: [], ...more });
const found = (what: Telling, ...incidents: ReturnType<typeof incident>[]) => alikeIncidents(what, incidents, NOW_MS);

test('the same fire told again is likely the same, and it says why', () => {
  const [first] = found(telling(), incident('I1'));
  expect(first).toMatchObject({ sameKind: true, sameCommune: true, apartMs: 600_000, words: ['Cháy', 'kho', 'Thái'] });
  expect(first!.metres).toBeGreaterThan(100);
  expect(first!.score).toBeGreaterThan(LIKELY_MIN);
});

test('typed without marks it is found as well', () => {
  expect(found(telling({ text: 'chay kho gan cho thai' }), incident('I1'))[0]!.score).toBeGreaterThan(LIKELY_MIN);
});

test('the nearer, the newer, the more alike', () => {
  const far = incident('far', { place: { latitudeE7: 216_080_000, longitudeE7: 1_058_400_000, adminUnit: '05440', address: '' } });
  const old = incident('old', { openedAtMs: BigInt(NOW_MS - 40_000_000) });
  expect(found(telling(), far, old, incident('same')).map((alike) => alike.incident.id)).toEqual(['same', 'old', 'far']);
});

test('what is elsewhere, done, a drill, or another thing is none of it', () => {
  const away = incident('away', { place: { latitudeE7: 219_000_000, longitudeE7: 1_058_400_000, adminUnit: '05500', address: '' } });
  const done = incident('done', { status: IncidentStatus.RESOLVED });
  const drill = incident('drill', { exercise: true });
  const other = incident('other', { kind: IncidentKind.TRAFFIC, summary: 'Tai nạn xe máy', place: { latitudeE7: 215_900_000, longitudeE7: 1_058_400_000, adminUnit: '05437', address: '' } });
  expect(found(telling(), away, done, drill, other)).toEqual([]);
  expect(found(telling({ exercise: true }), drill)).toHaveLength(1);
});

test('before anything is known there is nothing to ask', () => {
  expect(found(telling({ text: '', latitude: undefined, longitude: undefined, adminUnit: '' }), incident('I1'))).toEqual([]);
});

test('words alone can bring one up before the place is known, but do not make it likely', () => {
  const [first] = found(telling({ latitude: undefined, longitude: undefined, adminUnit: '' }), incident('I1'));
  expect(first!.metres).toBeUndefined();
  expect(first!.score).toBeLessThanOrEqual(LIKELY_MIN);
});

test('who told of it before is likely calling about it again', () => {
  const [first] = found(telling({ text: 'vẫn chưa thấy ai đến', kind: undefined, ownIncidents: ['I1'] }), incident('I1'));
  expect(first).toMatchObject({ sameCaller: true });
  expect(first!.score).toBeGreaterThan(LIKELY_MIN);
});
