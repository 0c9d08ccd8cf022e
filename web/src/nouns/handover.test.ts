import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { HandoverDirection, HandoverSchema, HandoverStatus } from '../gen/trongdong/v1/handover_pb';
import { handoverOf, isWaiting, leader, waitingHandovers, type Handover } from './handover';
import type { Incident } from './incident';

const handover = (number: number, direction: HandoverDirection, status: HandoverStatus, lead = true) =>
  handoverOf(create(HandoverSchema, { number, direction, status, lead, partyName: `p${number}`, answeredAtMs: BigInt(number * 10) }));
const { OUT, IN, WITHIN } = HandoverDirection;

test('an offer changes nothing, the newest that took the lead does, and what came to us is ours', () => {
  expect(leader([])).toBeUndefined();
  expect(leader([handover(1, OUT, HandoverStatus.OFFERED)])).toBeUndefined();
  expect(leader([handover(1, OUT, HandoverStatus.ACCEPTED, false)])).toBeUndefined();
  const gone = handover(1, OUT, HandoverStatus.ACCEPTED);
  expect(leader([gone, handover(2, OUT, HandoverStatus.REFUSED)])?.partyName).toBe('p1');
  expect(leader([gone, handover(2, IN, HandoverStatus.ACCEPTED)])).toBeUndefined();
  expect(leader([handover(1, OUT, HandoverStatus.WITHDRAWN)])).toBeUndefined();
});

test('what another service offers is theirs until we take it over, and again when they take it back', () => {
  expect(leader([handover(1, IN, HandoverStatus.OFFERED)])?.partyName).toBe('p1');
  expect(leader([handover(1, IN, HandoverStatus.ACCEPTED)])).toBeUndefined();
  expect(leader([handover(1, IN, HandoverStatus.ACCEPTED, false)])?.partyName).toBe('p1');
  expect(leader([handover(1, IN, HandoverStatus.WITHDRAWN)])?.partyName).toBe('p1');
});

test('between rooms the newest that was taken leads', () => {
  const down = handover(1, WITHIN, HandoverStatus.ACCEPTED);
  expect(down.out).toBe(true);
  expect(leader([down, handover(2, WITHIN, HandoverStatus.OFFERED)])?.partyName).toBe('p1');
  expect(leader([down, handover(2, WITHIN, HandoverStatus.ACCEPTED)])?.partyName).toBe('p2');
});

test('an answer is owed until it is there', () => {
  const { OFFERED, ESCALATED, ACCEPTED, REFUSED, WITHDRAWN } = HandoverStatus;
  const owed = [OFFERED, ESCALATED, ACCEPTED, REFUSED, WITHDRAWN].map((status) => isWaiting(handover(1, OUT, status)));
  expect(owed).toEqual([true, true, false, false, false]);
});

test('what waits for this room stands before what is late, and that before what still has time', () => {
  const of = (id: string, ...handovers: Handover[]) => ({ id, handovers }) as Incident;
  const at = (offeredAtMs: number, more: Partial<Handover>): Handover => ({ ...handover(1, OUT, HandoverStatus.OFFERED), offeredAtMs, ...more });
  const incidents = [
    of('none'),
    of('done', at(1, { state: 'accepted' })),
    of('early', at(10, {})),
    of('waits', at(30, {})),
    of('late', at(40, { state: 'escalated' })),
    of('ours', at(50, { room: 'tinh' })),
    of('incoming', at(60, { out: false })),
  ];
  const ids = (room: string) => waitingHandovers(incidents, room).map(({ id }) => id);
  expect(ids('tinh')).toEqual(['ours', 'incoming', 'late', 'early', 'waits']);
  expect(ids('')).toEqual(['incoming', 'late', 'early', 'waits', 'ours']);
});
