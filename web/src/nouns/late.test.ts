import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { ClockSchema, ClockStage, ClockStatus } from '../gen/trongdong/v1/clock_pb';
import { IncidentSchema } from '../gen/trongdong/v1/incident_pb';
import { InstructionSchema } from '../gen/trongdong/v1/instruction_pb';
import { incidentOf } from './incident';
import { instructionOf } from './instruction';
import { isTold, lateOf, loudness } from './late';

const clock = (number: number, stage: ClockStage, firstDueAtMs: number, more: object = {}) =>
  create(ClockSchema, { number, stage, status: ClockStatus.RUNNING, firstDueAtMs: BigInt(firstDueAtMs), ...more });
const incident = (id: string, clocks: ReturnType<typeof clock>[]) => incidentOf(create(IncidentSchema, { id, summary: id, clocks }));
const instruction = (id: string, clocks: ReturnType<typeof clock>[]) => instructionOf(create(InstructionSchema, { id, title: id, incident: 'I1', clocks }));

test('what calls is past a step, open, and acknowledged by nobody; the gravest and the longest due stand first', () => {
  const late = lateOf(
    [
      incident('I1', [clock(1, ClockStage.LATE, 50), clock(2, ClockStage.ON_TIME, 5), clock(3, ClockStage.OVERDUE, 9, { status: ClockStatus.MET })]),
      incident('I2', [clock(1, ClockStage.OVERDUE, 90), clock(2, ClockStage.LATE, 1, { acknowledgedAtMs: 7n, acknowledgedBy: 'an' })]),
    ],
    [instruction('T1', [clock(1, ClockStage.NEARLY_LATE, 3), clock(2, ClockStage.LATE, 40)])],
  );
  expect(late.map(({ id, clock: { number, stage } }) => `${id}#${number} ${stage}`)).toEqual(['I2#1 overdue', 'T1#2 late', 'I1#1 late', 'T1#1 nearly-late']);
  expect(late[1]).toMatchObject({ of: 'instruction', incident: 'I1', title: 'T1' });
});

test('it rings at whom it told; what told nobody rings at everybody on duty once it is late', () => {
  const told = lateOf([incident('I1', [clock(1, ClockStage.LATE, 1, { told: ['an'] })])], []);
  expect(isTold(told[0]!, 'an')).toBe(true);
  expect([loudness(told, 'an', false), loudness(told, 'vy', true)]).toEqual([4, undefined]);
  const untold = lateOf([incident('I1', [clock(1, ClockStage.OVERDUE, 1), clock(2, ClockStage.NEARLY_LATE, 1)])], []);
  expect([loudness(untold, 'vy', true), loudness(untold, 'vy', false)]).toEqual([5, undefined]);
  expect(loudness(untold.slice(1), 'vy', true)).toBeUndefined();
  const paused = lateOf([incident('I1', [clock(1, ClockStage.LATE, 1, { told: ['an'], status: ClockStatus.PAUSED })])], []);
  expect([paused.length, loudness(paused, 'an', true)]).toEqual([1, undefined]);
});
