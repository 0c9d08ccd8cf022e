import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { complete, type Choices } from './command-line';
import type { Unit } from './unit';
import { saidOf, stepsOf, stuckUnit, unitChoices } from './unit-line';
import { UNIT_STATES, type UnitState } from './unit-state';

const WORD: Readonly<Record<UnitState, string>> = {
  available: 'Sẵn sàng', offered: 'Đang mời', accepted: 'Đã nhận', 'en-route': 'Đang đến', staging: 'Chờ ở điểm tập kết', 'on-scene': 'Tại hiện trường', 'out-of-service': 'Ngừng trực',
};
const unit = (id: string, status: UnitState, number = 0): Unit => ({
  id, name: id, agency: 'PCCC', positionAtMs: 0, status, statusAtMs: 0, incident: number === 0 ? '' : 'I7', skills: [], maydayAtMs: 0,
  ...(number > 0 && { assignment: { number, steps: [], offerDueAtMs: 0, checkInDueAtMs: 0, checkInLevel: 0 } }),
});
const UNITS = [unit('CAP-10', 'en-route', 4), unit('CAP-1', 'en-route', 9), unit('XCC-03', 'available'), unit('XCC-04', 'offered', 2)];
const choices: Choices = (verb, typed) => (verb === 'unit' ? unitChoices(UNITS, typed, (status) => WORD[status]) : []);
const said = (line: string) => complete(line, choices, 'vi').map(({ choice }) => saidOf(choice?.value ?? ''));

test('a unit by its name and its status at the end, with marks or without, in either language', () => {
  const arrived = { unit: 'CAP-1', status: 'on-scene', expected: 'en-route', assignment: 9 };
  for (const line of ['u CAP-1 tới nơi', 'u cap-1 toi noi', '/u CAP-1 den', 'unit cap-1 arrived', 'đơn vị cap-1 tại hiện', 'don vi CAP-1 Tại hiện trường']) {
    expect(said(line), line).toEqual([arrived]);
  }
  expect(said('u xcc-04 nhan')).toEqual([{ unit: 'XCC-04', status: 'accepted', expected: 'offered', assignment: 2 }]);
  expect(said('u xcc-03 ngung')).toEqual([{ unit: 'XCC-03', status: 'out-of-service', expected: 'available', assignment: 0 }]);
});

test('a whole name is that unit, the beginning of one is each that begins so; who is on something stands first', () => {
  expect(said('u cap-1 ').map((one) => `${one?.unit} ${one?.status}`)).toEqual(['CAP-1 on-scene', 'CAP-1 staging', 'CAP-1 available']);
  expect(said('u cap den').map((one) => one?.unit)).toEqual(['CAP-1', 'CAP-10']);
  expect(said('u ').at(-1)?.unit).toBe('XCC-03');
  expect(complete('u cap-1 ', choices, 'vi')[0]?.line).toBe('u CAP-1 Tại hiện trường');
});

test('a step that the unit cannot go is not offered, and what it can do is known', () => {
  expect(said('u xcc-03 tới nơi')).toEqual([]);
  expect(stuckUnit(UNITS, 'xcc-03 tới nơi')).toMatchObject({ unit: { id: 'XCC-03' }, steps: ['out-of-service'] });
  expect(stuckUnit(UNITS, 'xe nào đó')).toBeUndefined();
  for (const value of ['', 'CAP-1', 'CAP-1 flying en-route 1', 'CAP-1 on-scene en-route x']) expect(saidOf(value), value).toBeUndefined();
});

test('steps are those of the cluster', () => {
  const source = readFileSync(new URL('../../../consensus/domain/src/apply/unit.rs', import.meta.url), 'utf8');
  const arms = /fn is_step[^]*?matches!\(([^]*?)\n {4}\)/.exec(source)?.[1] ?? '';
  const name = (variant: string) => variant.trim().replace(/(?!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
  const steps = [...arms.matchAll(/\(([A-Z][\w |]*), ([A-Z][\w |]*)\)/g)].flatMap(([, from = '', to = '']) =>
    from.split('|').flatMap((one) => to.split('|').map((other) => `${name(one)} ${name(other)}`)),
  );
  expect(UNIT_STATES.flatMap((from) => stepsOf(from).map((to) => `${from} ${to}`)).sort()).toEqual(steps.sort());
  expect(steps.length).toBeGreaterThan(8);
});
