import { expect, test } from 'vitest';
import { courseOf, incidentNamed, landOf, stepAt, stepsOf, thenOf } from './replay';

const spot = (latitude: number) => ({ latitude_e7: latitude * 1e7, longitude_e7: 1_058_000_000 });
const incident = (status: string, units: string[], more: object = {}) => ({ id: 'I1', severity: 'high', status, summary: 'Ngập', units, ...spot(21.5), ...more });
const unit = (id: string, status: string, latitude: number, position_at_ms: number) => ({ id, name: `Xe ${id}`, status, position_at_ms, ...spot(latitude) });
const raw = {
  incident: 'I1',
  exercise: false,
  applied: 77,
  truncated: false,
  lines: [
    { index: 3, kind: 'unit_status_set', at_ms: 5, by: 'rin', note: '', unit: unit('9', 'available', 20, 4) },
    { index: 5, kind: 'incident_opened', at_ms: 10, by: null, note: '', incident: incident('opened', []) },
    { index: 6, kind: 'unit_assigned', at_ms: 20, by: 'dung', note: '', unit: unit('1', 'en_route', 21.1, 12) },
    { index: 6, kind: 'incident_assigned', at_ms: 20, by: 'dung', note: '', incident: incident('assigned', ['1', '2']) },
    // One that was merged into it, with a place of its own.
    { index: 7, kind: 'incident_merged', at_ms: 25, by: 'dung', note: 'I1', incident: { ...incident('merged', []), id: 'I0', ...spot(30) } },
    { index: 8, kind: 'unit_status_set', at_ms: 30, by: 'rin', note: '', unit: unit('1', 'on_scene', 21.5, 29) },
    { index: 9, kind: 'incident_closed', at_ms: 40, by: 'hoa', note: '', incident: incident('closed', [], spot(21.6)) },
  ],
  stations: [
    {
      id: 's1', name: 'Cầu Gia Bảy', unit_of_measure: 'm', distance_m: 900, exercise: false, kept_from_ms: 0, ...spot(21.52),
      limits: [{ condition: 'level-2', above: true, limit: 26, severity: 'medium' }, { condition: 'level-3', above: true, limit: 27, severity: 'critical' }],
      readings: [{ at_ms: 8, value: 25, status: 'measuring' }, { at_ms: 19, value: 27.5, status: 'measuring' }, { at_ms: 39, value: 30, status: 'calibrating' }],
    },
  ],
  alarms: [
    { entity: 's1', condition: 'level-3', severity: 'critical', raised_at_ms: 19, cleared_at_ms: 35, acknowledged_at_ms: 22, acknowledged_by: 'hoa', exercise: false, ...spot(21.52) },
    { entity: 'c1', condition: 'no-signal', severity: 'low', raised_at_ms: 2, cleared_at_ms: 0, acknowledged_at_ms: 1, acknowledged_by: 'hoa', exercise: false, ...spot(21.5) },
  ],
};
const course = courseOf(raw);

test('at each moment it is what it was then', () => {
  expect(thenOf(course, 9)).toBeUndefined();
  expect(thenOf(course, 10)).toMatchObject({ incident: { status: 'opened', severity: 4 }, units: [], unheard: [] });
  expect(thenOf(course, 25)).toMatchObject({
    incident: { id: 'I1', status: 'assigned', latitude: 21.5 },
    units: [{ id: '1', name: 'Xe 1', status: 'en-route', latitude: expect.closeTo(21.1), positionAtMs: 12 }],
    unheard: ['2'],
  });
  expect(thenOf(course, 30)?.units).toMatchObject([{ status: 'on-scene', latitude: 21.5 }]);
  // Who has left is not there any more.
  const closed = thenOf(course, 99);
  expect(closed).toMatchObject({ incident: { status: 'closed' }, units: [], unheard: [] });
  expect(closed?.incident.latitude).toBeCloseTo(21.6);
});

test('stations say what was measured until then, and alarms ring while they did', () => {
  const at = (atMs: number) => thenOf(course, atMs);
  expect(at(10)?.stations[0]).toMatchObject({ reading: { value: 25 }, passed: undefined });
  expect(at(20)?.stations[0]).toMatchObject({ reading: { value: 27.5 }, passed: { condition: 'level-3', severity: 5 } });
  // What is said while it is calibrated passes no limit.
  expect(at(40)?.stations[0]).toMatchObject({ reading: { value: 30 }, passed: undefined });
  const ringing = (atMs: number) => at(atMs)?.alarms.map(({ alarm, acknowledged }) => `${alarm.entity} ${acknowledged}`);
  expect(ringing(18)).toEqual(['c1 true']);
  expect(ringing(20)).toEqual(['s1 false', 'c1 true']);
  expect(ringing(22)).toEqual(['s1 true', 'c1 true']);
  expect(ringing(35)).toEqual(['c1 true']);
});

test('limits, ringings and what a model said are those of then', () => {
  const [station, alarm] = [raw.stations[0]!, raw.alarms[0]!];
  const limit = (metres: number) => [{ condition: 'level-1', above: true, limit: metres, severity: 'low' }];
  const of = courseOf({
    ...raw,
    stations: [{ ...station, limits: limit(20), limits_before: [{ until_ms: 15, limits: [] }, { until_ms: 30, limits: limit(28) }] }],
    alarms: [
      { ...alarm, raised_at_ms: 12, cleared_at_ms: 14, acknowledged_at_ms: 0, acknowledged_by: null },
      { ...alarm, raised_at_ms: 20, cleared_at_ms: 0, acknowledged_at_ms: 0, acknowledged_by: null, before: [{ until_ms: 30, severity: 'low' }] },
    ],
  });
  // It measured 25, then 27.5: no limit was set, then one above, and from 30 on it is the one of now.
  const passed = (atMs: number) => thenOf(of, atMs)?.stations[0]?.passed?.limit;
  expect([10, 20, 29, 30].map(passed)).toEqual([undefined, undefined, undefined, 20]);
  const rang = (atMs: number) => thenOf(of, atMs)?.alarms.map(({ alarm: it }) => it.severity);
  expect([11, 12, 14, 20, 29, 30].map(rang)).toEqual([[], [5], [], [2], [2], [5]]);
  const deeds = stepsOf(of).flatMap(({ atMs, deeds: done }) => done.flatMap(({ kind, alarm: it }) => (it === undefined ? [] : `${atMs} ${kind}`)));
  expect(deeds).toEqual(['12 alarm_raised', '14 alarm_cleared', '20 alarm_raised', '30 alarm_amended']);
});

test('its steps begin with the incident, one for each moment, and say who did what', () => {
  const steps = stepsOf(course);
  expect(steps.map(({ atMs }) => atMs)).toEqual([10, 19, 20, 22, 25, 30, 35, 40]);
  expect(steps[2]?.deeds.map(({ kind, by, index }) => `${index} ${kind} ${by}`)).toEqual(['6 unit_assigned dung', '6 incident_assigned dung']);
  expect(steps[3]?.deeds).toMatchObject([{ kind: 'alarm_acknowledged', by: 'hoa', alarm: { entity: 's1' } }]);
  expect(stepsOf({ ...course, lines: course.lines.slice(0, 1) })).toEqual([]);
  expect([stepAt(steps, 0), stepAt(steps, 21), stepAt(steps, 99)]).toEqual([0, 2, 7]);
});

test('the land holds the whole course, and with the stations is wider', () => {
  const near = landOf(course, false)!;
  const [, south, , north] = near;
  // Also where a unit of long ago stood, and not where the merged one lay.
  expect([south < 20, north > 21.6, north < 30]).toEqual([true, true, true]);
  const [, , , top] = landOf({ ...course, stations: course.stations.map((station) => ({ ...station, latitude: 25 })) }, true)!;
  expect(top).toBeGreaterThan(25);
  expect(landOf({ ...course, lines: [] }, true)).toBeUndefined();
});

test('a line of the record names an incident, or none', () => {
  expect(['I4819', 'I4817 → I4819', 'calls, course/I12', 'C12', 'record/0 newest', 'camera/I-12', ''].map(incidentNamed)).toEqual(['I4819', 'I4817', 'I12', undefined, undefined, undefined, undefined]);
});
