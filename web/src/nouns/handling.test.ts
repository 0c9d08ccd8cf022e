import { create } from '@bufbuild/protobuf';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { IncidentKind, IncidentSchema, IncidentStatus } from '../gen/trongdong/v1/incident_pb';
import { UnitSchema, UnitStatus } from '../gen/trongdong/v1/unit_pb';
import { plain } from '../i18n/search';
import { vi } from '../i18n/vi';
import { communeAt, communesOf } from './commune';
import { mergeCandidates, sendableUnits, verbsOf } from './handling';
import { incidentOf, rankDone } from './incident';
import { refusalText } from './refusal';
import { ACTIONS, roleAllows, roleOf, ROLES } from './rights';
import { unitOf } from './unit';

const at = (latitude: number, longitude = 105.8) => ({ latitudeE7: latitude * 1e7, longitudeE7: longitude * 1e7, adminUnit: '', address: '' });
const incident = (id: string, more: object = {}) =>
  incidentOf(create(IncidentSchema, { id, status: IncidentStatus.OPENED, severity: 3, place: at(21.5), ...more }));
const unit = (id: string, more: object = {}) => unitOf(create(UnitSchema, { id, status: UnitStatus.AVAILABLE, ...more }));

test('what a status allows', () => {
  expect(verbsOf(incident('I1'))).toContain('acknowledge');
  expect(verbsOf(incident('I1', { status: IncidentStatus.ASSIGNED }))).toEqual(['assign', 'resolve', 'close', 'merge']);
  expect(verbsOf(incident('I1', { status: IncidentStatus.CLOSED }))).toEqual(['reopen']);
  expect(verbsOf(incident('I1', { status: IncidentStatus.MERGED }))).toEqual(['unmerge']);
});

test('an incident may go into open ones of its sort, nearest first, then closest in time', () => {
  const here = incident('I1', { kind: IncidentKind.FLOOD, openedAtMs: 100_000n });
  const others = [
    here,
    incident('far', { place: at(22) }),
    incident('late', { place: at(21.501), openedAtMs: 900_000n }),
    incident('near', { place: at(21.501), openedAtMs: 110_000n, kind: IncidentKind.FLOOD }),
    incident('nowhere', { place: undefined }),
    incident('drill', { exercise: true }),
    incident('done', { status: IncidentStatus.RESOLVED }),
  ];
  const found = mergeCandidates(here, others);
  expect(found.map((candidate) => candidate.incident.id)).toEqual(['near', 'late', 'far', 'nowhere']);
  expect(found[0]).toMatchObject({ sameKind: true, apartMs: 10_000 });
  expect(found[0]?.metres).toBeCloseTo(111.3, 0);
});

test('units on the incident come first, then what is available, nearest first', () => {
  const units = [
    unit('far', { position: at(22) }),
    unit('near', { position: at(21.51) }),
    unit('lost'),
    unit('busy', { status: UnitStatus.EN_ROUTE, position: at(21.5) }),
    unit('mine', { status: UnitStatus.ON_SCENE, position: at(21.6) }),
  ];
  const found = sendableUnits(incident('I1', { units: ['mine'] }), units);
  expect(found.map((row) => [row.unit.id, row.assigned])).toEqual([['mine', true], ['near', false], ['far', false], ['lost', false]]);
});

test('what is done is listed by when it was done', () => {
  const incidents = [
    incident('open'),
    incident('first', { status: IncidentStatus.CLOSED, openedAtMs: 9n, closedAtMs: 10n }),
    incident('last', { status: IncidentStatus.CLOSED, openedAtMs: 1n, closedAtMs: 20n }),
    incident('merged', { status: IncidentStatus.MERGED, openedAtMs: 15n }),
  ];
  expect(rankDone(incidents).map(({ id }) => id)).toEqual(['last', 'merged', 'first']);
});

test('rights are those of the policy table of the cluster', () => {
  const policy = readFileSync(new URL('../../../consensus/domain/src/policy.rs', import.meta.url), 'utf8');
  const variants = { 'handle-alarm': 'HandleAlarm', 'decide-incident': 'DecideIncident', 'open-incident': 'OpenIncident', 'note-incident': 'NoteIncident', 'acknowledge-incident': 'AcknowledgeIncident', 'resolve-incident': 'ResolveIncident', 'assign-incident': 'AssignIncident', 'handle-report': 'HandleReport', 'answer-task': 'AnswerTask', 'set-unit-status': 'SetUnitStatus', 'take-call': 'TakeCall', 'handle-call': 'HandleCall', 'warn-public': 'WarnPublic', 'hand-over': 'HandOver', 'lead-exercise': 'LeadExercise', 'lead-room': 'LeadRoom', 'keep-log': 'KeepLog', 'give-instruction': 'GiveInstruction', 'do-instruction': 'DoInstruction', 'hold-clock': 'HoldClock', 'acknowledge-clock': 'AcknowledgeClock', 'report-progress': 'ReportProgress', administer: 'Administer', 'read-record': 'ReadRecord' };
  const arms = /fn role_allows[^]*?match action \{([^]*?)\n {4}\}/.exec(policy)?.[1] ?? '';
  for (const action of ACTIONS) {
    const found = new RegExp(`Action::${variants[action]}\\b[^]*?(?:matches!\\(role, ([^)]*)\\)|role == (\\w+)|=> (takes_part))`).exec(arms);
    const people = 'Admin | Operator | Agent | Dispatcher | Responder | Viewer';
    const arm = found?.[3] === undefined ? (found?.[1] ?? found?.[2] ?? '') : people;
    const allowed = arm.split('|').map((role) => role.trim().toLowerCase()).sort();
    expect(ROLES.filter((role) => roleAllows(role, action)).sort(), action).toEqual(allowed);
  }
  expect(roleOf('operator')).toBe('operator');
  expect(roleOf('emperor')).toBe('viewer');
});

test('a refusal is told in the language of the screen, and in the server\'s words where we have none', () => {
  expect(refusalText({ code: 'version_conflict', field: 'expected_version', message: 'it is at version 4' }, vi.command.refusals)).toContain('Người khác vừa sửa');
  expect(refusalText({ code: 'invalid', field: 'summary', message: 'is too long' }, vi.command.refusals)).toBe('Dữ liệu không hợp lệ (summary)');
  const labels = { name: 'Tên', 'admin_unit': 'Nơi', 'station.admin_unit': 'Xã của trụ sở' };
  expect(refusalText({ code: 'not_found', field: 'PutUnit.unit.station.admin_unit', message: '' }, vi.command.refusals, labels)).toBe('Xã của trụ sở: Không còn tồn tại');
  expect(refusalText({ code: 'invalid', field: 'PutUnit.unit.surname', message: '' }, vi.command.refusals, labels)).toBe('Dữ liệu không hợp lệ (PutUnit.unit.surname)');
  expect(refusalText({ code: 'brand_new', field: '', message: 'do this' }, vi.command.refusals)).toBe('do this');
  expect(refusalText({ code: 'brand_new', field: '', message: '' }, vi.command.refusals)).toBe('brand_new');
});

const square = (code: string, west: number, hole?: number[][]): GeoJSON.Feature => ({
  type: 'Feature',
  properties: { code, name: code === 'b' ? 'Ấp Bắc' : 'Yên Trạch', label_lon: west + 0.5, label_lat: 0.5 },
  geometry: { type: 'Polygon', coordinates: [[[west, 0], [west + 1, 0], [west + 1, 1], [west, 1], [west, 0]], ...(hole ? [hole] : [])] },
});

test('a point lies in one commune, or in none', () => {
  const shapes = [square('a', 0, [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6], [0.4, 0.4]]), square('b', 1)];
  expect([0.2, 0.5, 1.5, 2.5].map((x) => communeAt(shapes, x, 0.5))).toEqual(['a', undefined, 'b', undefined]);
  expect(communesOf(shapes).map(({ code }) => code)).toEqual(['b', 'a']);
  const all = JSON.parse(readFileSync(new URL('../../public/map/communes.geojson', import.meta.url), 'utf8')) as GeoJSON.FeatureCollection;
  for (const commune of communesOf(all.features)) expect(communeAt(all.features, commune.longitude, commune.latitude)).toBe(commune.code);
});

test('marks are not needed to find a name', () => {
  expect(plain('Sông Cầu, Đình Cả')).toBe('song cau, dinh ca');
});
