import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { IncidentKind } from '../gen/trongdong/v1/incident_pb';
import { ReportChannel, WaitingReportSchema, WaitReason } from '../gen/trongdong/v1/report_pb';
import { holdingOf, pressing, rankWaiting, waitingOf } from './waiting';

const MINUTE_MS = 60_000;
const NOW_MS = 100 * MINUTE_MS;
const report = (code: string, more: object = {}) =>
  waitingOf(create(WaitingReportSchema, { code, channel: ReportChannel.WEB, why: WaitReason.FILED, sinceMs: BigInt(NOW_MS), place: { adminUnit: '05431', address: 'Tổ 5' }, version: 1n, ...more }));

test('a report without a pin has its commune and no place', () => {
  expect(report('7K3F')).toMatchObject({ channel: 'web', kind: undefined, place: undefined, adminUnit: '05431', address: 'Tổ 5', why: 'filed', version: 1 });
  expect(report('7K3F', { place: { latitudeE7: 215_000_000, longitudeE7: 1_058_000_000, adminUnit: '05431' } }).place?.latitude).toBeCloseTo(21.5);
});

test('what is taken or set aside is free again by its time', () => {
  const taken = report('7K3F', { takenBy: 'lan', takenUntilMs: BigInt(NOW_MS) });
  expect([holdingOf(taken, NOW_MS - 1), holdingOf(taken, NOW_MS)]).toEqual(['taken', 'free']);
  const aside = report('7K3F', { asideBy: 'lan', asideUntilMs: BigInt(NOW_MS) });
  expect([holdingOf(aside, NOW_MS - 1), holdingOf(aside, NOW_MS)]).toEqual(['aside', 'free']);
});

test('it is more pressing by kind, by coming back, by waiting, and never the gravest', () => {
  const at = (more: object, minutes: number) => pressing(report('7K3F', more), NOW_MS + minutes * MINUTE_MS);
  expect([at({}, 0), at({}, 15), at({}, 60), at({}, 6_000)]).toEqual([2, 3, 4, 4]);
  expect(at({ kind: IncidentKind.FIRE }, 0)).toBe(3);
  expect(at({ why: WaitReason.REOPENED }, 0)).toBe(3);
  expect(at({ kind: IncidentKind.FIRE, why: WaitReason.UNANSWERED }, 0)).toBe(2);
  expect(at({ kind: IncidentKind.FIRE, why: WaitReason.REOPENED }, 60)).toBe(4);
});

test('what nobody has comes first, the most pressing before the rest, then the longest waiting', () => {
  const soon = BigInt(NOW_MS + MINUTE_MS);
  const all = [
    report('ASIDE', { asideBy: 'lan', asideUntilMs: soon, kind: IncidentKind.FIRE }),
    report('TAKEN', { takenBy: 'lan', takenUntilMs: soon }),
    report('NEWER'),
    report('OLDER', { sinceMs: BigInt(NOW_MS - 1_000) }),
    report('FIRE', { kind: IncidentKind.FIRE }),
  ];
  expect(rankWaiting(all, NOW_MS).map((row) => row.report.code)).toEqual(['FIRE', 'OLDER', 'NEWER', 'TAKEN', 'ASIDE']);
});
