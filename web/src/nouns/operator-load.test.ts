import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { AlarmSchema } from '../gen/trongdong/v1/alarm_pb';
import { HandoverDirection, HandoverSchema, HandoverStatus } from '../gen/trongdong/v1/handover_pb';
import { IncidentSchema, IncidentStatus } from '../gen/trongdong/v1/incident_pb';
import { alarmOf } from './alarm';
import { incidentOf } from './incident';
import { ALARMS_SPAN_MS, operatorLoads } from './operator-load';

const NOW = 10_000_000;
const incident = (id: string, status: IncidentStatus, by: string, severity = 3) => incidentOf(create(IncidentSchema, { id, status, acknowledgedBy: by, severity }));
const alarm = (entity: string, by: string, agoMs: number) =>
  alarmOf(create(AlarmSchema, { key: { entity, condition: 'high' }, severity: 3, acknowledged: true, acknowledgedBy: by, acknowledgedAtMs: BigInt(NOW - agoMs) }));

test('who took it on has it in hand; what is done, nobody’s, or led elsewhere is not theirs', () => {
  const led = incidentOf(
    create(IncidentSchema, {
      id: 'I9', status: IncidentStatus.ASSIGNED, acknowledgedBy: 'hoa', severity: 5,
      dispatch: { handovers: [create(HandoverSchema, { number: 1, direction: HandoverDirection.OUT, lead: true, status: HandoverStatus.ACCEPTED, offeredAtMs: 1n, answeredAtMs: 2n })] },
    }),
  );
  const all = [
    incident('I1', IncidentStatus.ACKNOWLEDGED, 'hoa', 5), incident('I2', IncidentStatus.ASSIGNED, 'hoa'), incident('I3', IncidentStatus.ASSIGNED, 'an', 4),
    // Reopened: it waits for somebody again.
    incident('I4', IncidentStatus.OPENED, 'hoa'), incident('I5', IncidentStatus.OPENED, ''), incident('I6', IncidentStatus.CLOSED, 'an'), led,
  ];
  expect(operatorLoads(all, [], NOW)).toEqual({
    people: [{ person: 'hoa', open: 2, grave: 1, alarms: 0 }, { person: 'an', open: 1, grave: 1, alarms: 0 }],
    nobody: 2,
    elsewhere: 1,
  });
});

test('alarms count for ten minutes with who acknowledged them, also who has no incident', () => {
  const alarms = [alarm('s1', 'an', 1_000), alarm('s2', 'an', ALARMS_SPAN_MS - 1), alarm('s3', 'an', ALARMS_SPAN_MS), alarm('s4', '', 1)];
  expect(operatorLoads([], alarms, NOW).people).toEqual([{ person: 'an', open: 0, grave: 0, alarms: 2 }]);
});
