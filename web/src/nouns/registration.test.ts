import { expect, test } from 'vitest';
import { hoursToWire, lackOfNeeds, lackOfUnit, runCardsOf, runCardToWire, skillsNobodyHas, skillsOf, unitDraft, unitsMatching, unitToWire } from './registration';
import type { Unit } from './unit';

const unit = (id: string, more: Partial<Unit> = {}): Unit => ({
  id, name: id, agency: 'PCCC', positionAtMs: 0, status: 'available', statusAtMs: 0, incident: '', skills: ['lặn', 'xuồng'], maydayAtMs: 0,
  station: { latitude: 217_615_000 * 1e-7, longitude: 1_060_926_000 * 1e-7, adminUnit: '05716', address: 'Đình Cả' }, ...more,
});

test('a unit that is opened and put again is what it was', () => {
  const draft = unitDraft(unit('CH-1'));
  expect(draft).toEqual({ id: 'CH-1', name: 'CH-1', agency: 'PCCC', skills: 'lặn, xuồng', adminUnit: '05716', address: 'Đình Cả', latitude: 21.7615, longitude: 106.0926 });
  const wire = { id: 'CH-1', name: 'CH-1', agency: 'PCCC', skills: ['lặn', 'xuồng'], station: { latitude_e7: 217_615_000, longitude_e7: 1_060_926_000, admin_unit: '05716', address: 'Đình Cả' } };
  // A new one expects none; one that is amended is put on the version that stands there.
  expect([unitToWire(draft, 0), unitToWire(draft, 7)]).toEqual([wire, { ...wire, expected_version: 7 }]);
  expect(skillsOf(' lặn,, xuồng , lặn')).toEqual(['lặn', 'xuồng']);
});

test('what a unit lacks is said by its field', () => {
  const draft = unitDraft(unit('CH-1'));
  const skills = Array.from({ length: 33 }, (_, at) => `s${at}`).join(',');
  const lacks = [{ id: 'cứu hộ' }, { name: '' }, { skills }, { adminUnit: '' }, { latitude: 91 }, { longitude: null }, {}].map((more) => lackOfUnit({ ...draft, ...more }));
  expect(lacks).toEqual(['id', 'name', 'skills', 'station.admin_unit', 'station.latitude_e7', 'station.longitude_e7', undefined]);
});

test('units are found by id, name or agency, in the order that people count in', () => {
  const all = [unit('X-10'), unit('X-9'), unit('Y-1', { agency: 'Cấp cứu 115' })];
  expect(unitsMatching(all, 'x-').map(({ id }) => id)).toEqual(['X-9', 'X-10']);
  expect(unitsMatching(all, 'cấp cứu').map(({ id }) => id)).toEqual(['Y-1']);
});

test('hours go out as they are, and none are always', () => {
  expect(hoursToWire({ startsAtMs: 5, endsAtMs: 9 })).toEqual({ starts_at_ms: 5, ends_at_ms: 9 });
  expect(hoursToWire(undefined)).toEqual({ starts_at_ms: 0, ends_at_ms: 0 });
});

test('run cards stand by kind, the worst first, and go out as the cluster names them', () => {
  const needs = [{ skill: ' lặn ', count: 2 }];
  const cards = runCardsOf([{ kind: 'public_order', severity: 'low', needs, version: 1 }, { kind: 'flood', severity: 'high', needs, version: 2 }, { kind: 'flood', severity: 'critical', needs, version: 3 }]);
  expect(cards.map(({ version }) => version)).toEqual([3, 2, 1]);
  expect(runCardToWire(cards[2]!)).toEqual({ kind: 'public_order', severity: 'low', needs: [{ skill: 'lặn', count: 2 }], expected_version: 1 });
  expect(runCardToWire({ ...cards[2]!, version: 0 })).not.toHaveProperty('expected_version');
});

test('needs that cannot be are told by their row; skills that nobody has are told, too', () => {
  const need = (skill: string, count: number) => ({ skill, count });
  const lacks = [[], [need(' ', 1)], [need('a', 1), need('b', 65)], [need('a', 1), need('a ', 1)], [need('a', Number.NaN)], [need('a', 64)]].map(lackOfNeeds);
  expect(lacks).toEqual([{ what: 'none', row: 0 }, { what: 'skill', row: 1 }, { what: 'count', row: 2 }, { what: 'twice', row: 2 }, { what: 'count', row: 1 }, undefined]);
  expect(skillsNobodyHas([need('lặn', 1), need('leo', 1), need(' ', 1)], [unit('a')])).toEqual(['leo']);
});
