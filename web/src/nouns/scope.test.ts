import { expect, test } from 'vitest';
import { districtOf, followedBy } from './scope';

const ground = {
  districts: new Map([['west', { id: 'west', adminUnits: ['w1', 'w2'] }], ['east', { id: 'east', adminUnits: ['e1'] }]]),
  adminUnits: new Map([['w1', { parent: 'p' }], ['w1-hamlet', { parent: 'w1' }], ['p', { parent: '' }], ['circle', { parent: 'circle' }]]),
  rooms: new Map(
    [['centre', '', ''], ['west', 'w2', ''], ['east', 'e1', 'west'], ['led', 'w1', 'centre'], ['hall', 'p', ''], ['lost', 'w1', 'gone']].map(([id = '', adminUnit = '', follows = '']) => [id, { adminUnit, follows }]),
  ),
};

test('a unit lies in the district that has it or one above it, and the province in none', () => {
  expect(districtOf('w2', ground)).toBe('west');
  expect(districtOf('w1-hamlet', ground)).toBe('west');
  for (const code of ['p', '', 'circle', 'unheard']) expect(districtOf(code, ground)).toBeUndefined();
});

test('a room follows its district, with that of the room whose scene it follows', () => {
  expect(followedBy('west', ground)).toEqual(['west']);
  expect(followedBy('east', ground)).toEqual(['east', 'west']);
  expect(followedBy('led', ground)).toEqual([]);
  expect(followedBy('lost', ground)).toEqual(['west']);
  for (const room of ['centre', 'hall', 'unheard']) expect(followedBy(room, ground)).toEqual([]);
});
