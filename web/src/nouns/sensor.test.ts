import { expect, test } from 'vitest';
import { sharedNames } from './sensor';

test('only what stands more than once has to be told apart', () => {
  expect([...sharedNames(['Không khí Sông Công', 'Mưa Điềm Thụy', 'Không khí Sông Công', 'Không khí Sông Công'])]).toEqual(['Không khí Sông Công']);
  expect(sharedNames([]).size).toBe(0);
});
