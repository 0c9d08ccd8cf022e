import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { AgentSchema, AgentStatus, CallSchema, CallStatus } from '../gen/trongdong/v1/call_pb';
import { agentOf, callbacksDue, callOf, deskOf, isCallOpen, spokenNumber, waitingCalls, waitLevel } from './call';

const call = (id: string, status: CallStatus, offered = 0) => callOf(create(CallSchema, { id, status, offeredAtMs: BigInt(offered) }));
const agent = (status: AgentStatus, at = '') => agentOf(create(AgentSchema, { person: 'khoa', status, call: at }));

test('who waits longest is first, whoever it rings at', () => {
  const calls = [call('new', CallStatus.QUEUED, 30), call('old', CallStatus.RINGING, 10), call('talk', CallStatus.ANSWERED, 1), call('back', CallStatus.CALLBACK, 5)];
  expect(waitingCalls(calls).map(({ id }) => id)).toEqual(['old', 'new']);
  expect(callbacksDue(calls).map(({ id }) => id)).toEqual(['back']);
  expect(calls.every(isCallOpen)).toBe(true);
  expect(isCallOpen(call('over', CallStatus.ABANDONED))).toBe(false);
});

test('a wait changes its look at 10, 15 and 20 seconds', () => {
  expect([9_999, 10_000, 15_000, 20_000].map(waitLevel)).toEqual([0, 1, 2, 3]);
});

test('what rings is not yet what one works on; what ended is, until it is written up', () => {
  const calls = new Map([['C1', call('C1', CallStatus.ENDED)]]);
  expect(deskOf(calls, agent(AgentStatus.RINGING, 'C1')).ringing?.id).toBe('C1');
  expect(deskOf(calls, agent(AgentStatus.WRAP_UP, 'C1'))).toMatchObject({ ringing: undefined, current: { id: 'C1' } });
  expect(deskOf(calls, agent(AgentStatus.AVAILABLE, 'C1')).current).toBeUndefined();
  expect(deskOf(calls, undefined)).toEqual({ ringing: undefined, current: undefined });
});

test('numbers are read out in groups', () => {
  expect(spokenNumber('0912345678')).toBe('0912 345 678');
  expect(spokenNumber('+84912345678')).toBe('+84 912 345 678');
  expect(spokenNumber('•••• 567')).toBe('•••• 567');
});
