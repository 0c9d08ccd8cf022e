import { expect, test } from 'vitest';
import { Telling, TOLD_MAX } from './telling';

test('what is new is told once, and the rest with the next', () => {
  const telling = new Telling();
  expect(telling.isDue({ gaps: 0, doubles: 0 })).toBe(false);
  expect(telling.tell(1n, { gaps: 0, doubles: 0 })).toEqual({ gaps: 0, doubles: 0 });
  expect(telling.isDue({ gaps: 2, doubles: 0 })).toBe(true);
  expect(telling.tell(2n, { gaps: 2, doubles: 0 })).toEqual({ gaps: 2, doubles: 0 });
  // Not answered yet: nothing goes twice.
  expect(telling.isDue({ gaps: 2, doubles: 5 })).toBe(false);
  expect(telling.tell(3n, { gaps: 2, doubles: 5 })).toEqual({ gaps: 0, doubles: 0 });
  telling.answered(1n);
  expect(telling.isDue({ gaps: 2, doubles: 5 })).toBe(false);
  telling.answered(2n);
  expect(telling.tell(4n, { gaps: 2, doubles: 5 })).toEqual({ gaps: 0, doubles: 5 });
});

test('what a lost line may have swallowed is told again, and at most so much at once', () => {
  const telling = new Telling();
  const counted = { gaps: TOLD_MAX + 7, doubles: 0 };
  telling.tell(1n, counted);
  telling.lost();
  telling.answered(1n);
  expect(telling.tell(2n, counted)).toEqual({ gaps: TOLD_MAX, doubles: 0 });
  telling.answered(2n);
  expect(telling.tell(3n, counted)).toEqual({ gaps: 7, doubles: 0 });
  telling.answered(3n);
  expect(telling.isDue(counted)).toBe(false);
});
