import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { AlarmSchema } from '../gen/trongdong/v1/alarm_pb';
import { IncidentKind, IncidentSchema, IncidentStatus } from '../gen/trongdong/v1/incident_pb';
import { SensorSchema } from '../gen/trongdong/v1/sensor_pb';
import { en } from '../i18n/en';
import { clockAge, formatters, needsYear, roughAge } from '../i18n/format';
import { vi } from '../i18n/vi';
import { alarmOf, alarmState, rankAlarms } from './alarm';
import { acknowledgeMedianMs, incidentOf, rankIncidents } from './incident';
import { distanceM, placeOf } from './place';
import { passedThreshold, sensorHealth, sensorOf } from './sensor';
import { severityOf } from './severity';
import { mergeTimeline } from './timeline';

const NO_DEVICES = { alarms: new Map(), sensors: new Map(), cameras: new Map() };
const alarm = (condition: string, more: object) => alarmOf(create(AlarmSchema, { key: { entity: 's1', condition }, severity: 3, ...more }));

test('alarms are ranked by state, then level, then newest; what is normal is left out', () => {
  const shelf = { by: 'nam', reason: 'bảo trì', untilMs: 2_000n };
  const alarms = [
    alarm('normal', { acknowledged: true }),
    alarm('shelved', { active: true, severity: 5, shelf }),
    alarm('cleared', { severity: 5 }),
    alarm('seen', { active: true, acknowledged: true, severity: 5 }),
    alarm('old', { active: true, raisedAtMs: 10n }),
    alarm('new', { active: true, raisedAtMs: 20n }),
    alarm('worst', { active: true, severity: 5, raisedAtMs: 1n }),
  ];
  expect(rankAlarms(alarms, 1_000, NO_DEVICES).map((row) => row.alarm.condition)).toEqual(['worst', 'new', 'old', 'seen', 'cleared', 'shelved']);
});

test('a shelf that has run out no longer hides its alarm', () => {
  const shelved = alarm('high', { active: true, shelf: { untilMs: 2_000n } });
  expect([alarmState(shelved, 1_999, NO_DEVICES), alarmState(shelved, 2_000, NO_DEVICES)]).toEqual(['shelved', 'unack-active']);
});

const incident = (id: string, more: object) => incidentOf(create(IncidentSchema, { id, status: IncidentStatus.OPENED, severity: 3, ...more }));

test('the queue shows open incidents: worst first, unacknowledged before acknowledged, longest waiting first', () => {
  const incidents = [
    incident('closed', { status: IncidentStatus.CLOSED, severity: 5 }),
    incident('late', { openedAtMs: 30n }),
    incident('early', { openedAtMs: 10n }),
    incident('seen', { status: IncidentStatus.ACKNOWLEDGED, openedAtMs: 1n }),
    incident('worst', { severity: 5, status: IncidentStatus.ASSIGNED }),
  ];
  expect(rankIncidents(incidents).map(({ id }) => id)).toEqual(['worst', 'early', 'late', 'seen']);
});

test('an incident names its alarms and counts its reports', () => {
  const fed = incident('I1', {
    kind: IncidentKind.FLOOD,
    sources: [{ origin: { case: 'alarm', value: { entity: 's1', condition: 'high' } } }, { origin: { case: 'report', value: '1022-7' } }],
  });
  expect(fed).toMatchObject({ kind: 'flood', alarms: ['s1/high'], reports: 1 });
});

test('the median wait leaves out what nobody has acknowledged', () => {
  const waits = [10n, 30n, 50n].map((acknowledgedAtMs, index) => incident(`I${index}`, { openedAtMs: 5n, acknowledgedAtMs }));
  expect(acknowledgeMedianMs([...waits, incident('I9', {})])).toBe(25);
  expect(acknowledgeMedianMs(waits.slice(0, 2))).toBe(15);
  expect(acknowledgeMedianMs([])).toBeUndefined();
});

const sensor = (more: object) =>
  sensorOf(
    create(SensorSchema, {
      id: 's1', periodMs: 1_000, silencePeriods: 3, lastAtMs: 10_000n, lastMicro: 27_820_000n,
      thresholds: [
        { condition: 'level-1', above: true, limitMicro: 25_000_000n, severity: 2 },
        { condition: 'level-3', above: true, limitMicro: 27_000_000n, severity: 5 },
        { condition: 'low', above: false, limitMicro: 3_000_000n, severity: 4 },
      ],
      ...more,
    }),
  );

test('silence outranks what a sensor said of itself', () => {
  expect(sensorHealth(sensor({}), 13_000)).toBe('measuring');
  expect(sensorHealth(sensor({}), 13_001)).toBe('silent');
  expect(sensorHealth(sensor({ lastAtMs: 0n }), 13_001)).toBe('never');
  expect(sensorHealth(sensor({ periodMs: 0 }), 1e12)).toBe('measuring');
});

test('the worst limit that is passed counts, above and below', () => {
  expect(passedThreshold(sensor({}))?.condition).toBe('level-3');
  expect(passedThreshold(sensor({ lastMicro: 2_000_000n }))?.condition).toBe('low');
  expect(passedThreshold(sensor({ lastMicro: 10_000_000n }))).toBeUndefined();
});

test('places: nothing known stays nothing, and distances are metres', () => {
  expect(placeOf({ latitudeE7: 0, longitudeE7: 0, adminUnit: '', address: '' })).toBeUndefined();
  const here = placeOf({ latitudeE7: 215_900_000, longitudeE7: 1_058_400_000, adminUnit: '', address: '' })!;
  expect(distanceM(here, { ...here, latitude: here.latitude + 0.001 })).toBeCloseTo(111.3, 0);
  expect(distanceM(here, { ...here, longitude: here.longitude + 0.001 })).toBeCloseTo(103.5, 0);
});

test('a level outside the five is shown as the least', () => {
  expect([0, 1, 5, 6, -1].map(severityOf)).toEqual([1, 1, 5, 1, 1]);
});

test('a timeline holds each thing once, newest first', () => {
  const noted = { kind: 'incident_noted', atMs: 20, by: 'hoa', note: 'a' };
  const opened = { kind: 'incident_opened', atMs: 10, by: '', note: '' };
  expect(mergeTimeline([opened, noted], [{ ...noted }, { ...noted, note: 'b' }]).map(({ note }) => note)).toEqual(['a', 'b', '']);
});

test('ages and figures read as people here read them', () => {
  expect([clockAge(12_400), clockAge(3_725_000), clockAge(-5)]).toEqual(['00:12', '1:02:05', '00:00']);
  expect([roughAge(59_999, vi.age), roughAge(60_000, vi.age), roughAge(7_200_000, vi.age), roughAge(172_800_000, en.age)]).toEqual(['59 s', '1 ph', '2 giờ', '2 d']);
  const now = () => Date.UTC(2026, 10, 23);
  const format = formatters('vi', now);
  expect(format.count(1500)).toBe('1.500');
  expect([format.value(5.625), format.value(46.44), format.value(131.2)]).toEqual(['5,63', '46,4', '131']);
  expect(format.clock(Date.UTC(2026, 10, 22, 17, 30, 5))).toBe('00:30:05');
  // The province's, whatever the machine is set to.
  expect(format.dayTimeMs(Date.UTC(2026, 10, 22, 17, 30, 5, 7))).toMatch(/^00:30:05,007 23[-/]11$/);
  expect(formatters('en', now).dayTimeMs(Date.UTC(2026, 10, 22, 17, 30, 5, 7))).toBe('23/11, 00:30:05.007');
});

test('a date has its year where it is not the current one', () => {
  // The year begins in the province seven hours before it does in UTC.
  const newYear = Date.UTC(2025, 11, 31, 17);
  expect([needsYear(newYear - 1, newYear), needsYear(newYear, newYear), needsYear(newYear, newYear - 1)]).toEqual([true, false, true]);
  const [vi, en] = [formatters('vi', () => newYear), formatters('en', () => newYear)];
  expect([en.dayTime(newYear), en.dayTime(newYear - 1_000)]).toEqual(['01/01, 00:00:00', '31/12/2025, 23:59:59']);
  expect(en.dayTimeMs(newYear - 1)).toBe('31/12/2025, 23:59:59.999');
  expect(vi.dayTime(newYear)).not.toContain('2026');
  expect([vi.dayTime(newYear - 1_000), vi.dayTimeMs(newYear - 1)].map((text) => /2025/.test(text))).toEqual([true, true]);
});
