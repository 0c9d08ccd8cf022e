import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { ClockSchema, ClockStage, ClockStatus, Obligation } from '../gen/trongdong/v1/clock_pb';
import { InstructionSchema, InstructionStatus } from '../gen/trongdong/v1/instruction_pb';
import { calls, clockOf, clockOfJson, isClockOpen, rankClocks } from './clock';
import { instructionOf, instructionsOf } from './instruction';

const clock = (number: number, status: ClockStatus, stage: ClockStage, dueAtMs: number, endedAtMs = 0) =>
  clockOf(create(ClockSchema, {
    number, status, stage, obligation: Obligation.FORWARD, dueAtMs: BigInt(dueAtMs), firstDueAtMs: BigInt(dueAtMs), endedAtMs: BigInt(endedAtMs),
  }));

test('a clock says how late it is only while it counts', () => {
  expect(clock(1, ClockStatus.RUNNING, ClockStage.NEARLY_LATE, 5).standing).toBe('nearly-late');
  expect(clock(1, ClockStatus.RUNNING, ClockStage.OVERDUE, 5).standing).toBe('overdue');
  const met = clock(1, ClockStatus.MET, ClockStage.LATE, 5, 9);
  expect([met.standing, met.endedLate, isClockOpen(met)]).toEqual(['met', true, false]);
  const paused = clockOf(create(ClockSchema, {
    number: 1, obligation: Obligation.ANSWER, status: ClockStatus.PAUSED, stage: ClockStage.ON_TIME, pausedAtMs: 7n, pauseReason: 'chờ bệnh viện', promises: 1,
  }));
  expect(paused).toMatchObject({ obligation: 'answer', standing: 'paused', dueAtMs: 0, pausedAtMs: 7, pauseReason: 'chờ bệnh viện', promised: true });
  expect(isClockOpen(paused)).toBe(true);
});

test('the gravest clock stands first, and what has ended last', () => {
  const clocks = [
    clock(1, ClockStatus.MET, ClockStage.ON_TIME, 10, 20),
    clock(2, ClockStatus.RUNNING, ClockStage.ON_TIME, 60),
    clock(3, ClockStatus.RUNNING, ClockStage.ON_TIME, 50),
    clock(4, ClockStatus.VOID, ClockStage.ON_TIME, 10, 30),
    clock(5, ClockStatus.RUNNING, ClockStage.LATE, 40),
    clock(6, ClockStatus.PAUSED, ClockStage.LATE, 0),
  ];
  expect(rankClocks(clocks).map(({ number }) => number)).toEqual([5, 3, 2, 6, 4, 1]);
  expect(clocks.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6]);
});

test('an incident names its own instructions, what is to be done first', () => {
  const instruction = (id: string, incident: string, status: InstructionStatus, givenAtMs: bigint) =>
    instructionOf(create(InstructionSchema, { id, incident, status, givenAtMs, title: id, owner: 'nam', clocks: [{ number: 1 }] }));
  const all = [
    instruction('T1', 'I1', InstructionStatus.DONE, 1n),
    instruction('T2', 'I2', InstructionStatus.GIVEN, 2n),
    instruction('T3', 'I1', InstructionStatus.TAKEN, 4n),
    instruction('T4', 'I1', InstructionStatus.GIVEN, 3n),
  ];
  expect(instructionsOf('I1', all).map(({ id, status }) => `${id} ${status}`)).toEqual(['T4 given', 'T3 taken', 'T1 done']);
  expect(all[0]!.clocks).toHaveLength(1);
});

test('a clock in a list over HTTP is the same clock', () => {
  const json = {
    number: 2, obligation: 'answer_report', round: 1, status: 'paused', stage: 'nearly_late', due_at_ms: 0, first_due_at_ms: 9, promises: 1, paused_at_ms: 7, pause_reason: 'chờ',
    ended_at_ms: 0, told: ['an'], acknowledged_by: null, acknowledged_at_ms: 0, version: 4,
  };
  const paused = clockOfJson(json);
  expect(paused).toMatchObject({ obligation: 'answer-report', standing: 'paused', stage: 'nearly-late', round: 1, promised: true, acknowledgedBy: '', version: 4 });
  expect(calls(paused)).toBe(true);
  expect(calls(clockOfJson({ ...json, acknowledged_by: 'an', acknowledged_at_ms: 8 }))).toBe(false);
  const met = clockOfJson({ ...json, status: 'met', stage: 'overdue', ended_at_ms: 9 });
  expect([met.standing, met.endedLate, calls(met)]).toEqual(['met', true, false]);
  expect(clockOfJson({ ...json, status: 'running', stage: 'of_another_release' }).standing).toBe('on-time');
});
