import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { CallSchema, CallStatus, CallStepKind, CallStepSchema } from '../gen/trongdong/v1/call_pb';
import { ANSWER_SPAN_MS, answerTimes } from './answer-times';
import { callOf } from './call';

const NOW = 10 * ANSWER_SPAN_MS;
const call = (agoMs: number, steps: [CallStepKind, number][], more: object = {}) =>
  callOf(
    create(CallSchema, {
      id: `C${agoMs}`, status: CallStatus.QUEUED, offeredAtMs: BigInt(NOW - agoMs),
      steps: steps.map(([kind, afterMs]) => create(CallStepSchema, { kind, atMs: BigInt(NOW - agoMs + afterMs) })), ...more,
    }),
  );
const { ANSWERED, ABANDONED, CALLBACK_DUE } = CallStepKind;

test('the shares are of calls answered in time; who gave up or waits too long was not', () => {
  const calls = [
    call(60_000, [[ANSWERED, 5_000]]),
    call(70_000, [[ANSWERED, 15_000]]),
    call(80_000, [[ANSWERED, 18_000]]),
    call(90_000, [[ABANDONED, 4_000]]),
    // Called back and reached: that was no answer in time.
    call(95_000, [[CALLBACK_DUE, 3_000], [ANSWERED, 9_000]]),
    call(30_000, []),
    // Only just here, of an exercise, of the hour before: they count nowhere.
    call(3_000, []),
    call(61_000, [[ANSWERED, 1_000]], { exercise: true }),
    call(ANSWER_SPAN_MS, [[ANSWERED, 1_000]]),
  ];
  const { calls: counted, shares } = answerTimes(calls, NOW);
  expect(counted).toBe(6);
  expect(shares?.map(({ share }) => Math.round(share))).toEqual([33, 50]);
  expect(answerTimes([], NOW)).toEqual({ calls: 0, shares: undefined });
});
