import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { AlarmSchema, FindingSchema, UnusualReason } from '../gen/trongdong/v1/alarm_pb';
import { enModels } from '../i18n/models.en';
import { viModels } from '../i18n/models.vi';
import { alarmOf } from './alarm';
import { findingOf, findingText } from './finding';

const HOUR = 3_600_000;
const NOW = 1_700_000_000_000;
const finding = (body: object) => findingOf(create(FindingSchema, { model: 'watch', modelVersion: 'v1', body } as never))!;
const passing = (ahead: number, earliest: number, latest: number) =>
  finding({
    case: 'passing',
    value: {
      condition: 'level-2',
      probabilityMicro: 804_000n,
      atMs: BigInt(NOW + ahead),
      earliestMs: BigInt(NOW + earliest),
      latestMs: BigInt(latest === 0 ? 0 : NOW + latest),
      quantilesMicro: [25_000_000n, 26_000_000n, 26_500_000n, 27_000_000n, 28_000_000n],
    },
  });

test('a forecast says when, from when to when, and how probable, in both languages', () => {
  const said = passing(3 * HOUR, 2 * HOUR, 5 * HOUR);
  expect(findingText(said, NOW, viModels.finding)).toBe('sau khoảng 3 giờ (từ 2 giờ đến 5 giờ), xác suất 80 %');
  expect(findingText(said, NOW, enModels.finding)).toBe('in about 3 h (2 h to 5 h), probability 80 %');
  expect(findingText(said, NOW, viModels.finding, true)).toBe('~3 giờ nữa · 80 %');
  // As time goes by there is less of it.
  expect(findingText(said, NOW + 2.25 * HOUR, viModels.finding)).toBe('sau khoảng 45 phút (từ 5 phút đến 3 giờ), xác suất 80 %');
  expect(findingText(said, NOW + 3 * HOUR, viModels.finding)).toBe('đã đến giờ dự báo, xác suất 80 %');
  expect(findingText(passing(3 * HOUR, 2 * HOUR, 0), NOW, viModels.finding)).toContain('(từ 2 giờ đến sau một ngày)');
});

test('what is unusual is told in words, whatever it is', () => {
  const unusual = (reason: UnusualReason) => finding({ case: 'unusual', value: { scoreMicro: 812_500n, reason } });
  expect(unusual(UnusualReason.RECORD_HIGH)).toEqual({ model: 'watch', version: 'v1', about: 'unusual', score: 0.8125, reason: 'record-high' });
  expect(findingText(unusual(UnusualReason.RECORD_HIGH), NOW, viModels.finding)).toBe('cao nhất từ trước đến nay');
  expect(findingText(unusual(UnusualReason.FLAT), NOW, enModels.finding)).toBe('hardly moves');
  // One that this screen has not heard of yet.
  expect(findingText(unusual(99 as UnusualReason), NOW, viModels.finding)).toBe('dao động khác thường');
  expect(Object.keys(viModels.finding.reason)).toEqual(Object.keys(enModels.finding.reason));
});

test('an alarm of a limit has no finding', () => {
  expect(alarmOf(create(AlarmSchema, { key: { entity: 's1', condition: 'high' } })).finding).toBeUndefined();
  const wire = create(AlarmSchema, { key: { entity: 's1', condition: 'unusual' }, finding: { model: 'watch', body: { case: 'unusual', value: {} } } });
  expect(alarmOf(wire).finding?.about).toBe('unusual');
});
