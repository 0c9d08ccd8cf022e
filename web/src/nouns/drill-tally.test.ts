import { expect, test } from 'vitest';
import { tallied, tallyOf, type Counters, type Tally } from './drill-tally';

const counters = (gaps: number, doubles = 0, resets = 0): Counters => ({ gaps, doubles, resets });

test('only what comes while the drill goes on is counted, from the first word of it', () => {
  let tally: Tally | undefined = tallied(undefined, undefined, 10, undefined, counters(3), false);
  expect(tally).toBeUndefined();
  tally = tallied(tally, 7, 20, counters(3), counters(3), false);
  expect(tally).toEqual({ drill: 7, fromMs: 20, gaps: 0, doubles: 0, resets: 0, cuts: 0 });
  tally = tallied(tally, 7, 30, counters(3), counters(4, 2), true);
  expect(tally).toEqual({ drill: 7, fromMs: 20, gaps: 1, doubles: 2, resets: 0, cuts: 1 });
  expect(tallied(tally, 7, 40, counters(4, 2), counters(4, 2), false)).toBe(tally);
  expect(tallied(tally, undefined, 50, counters(4, 2), counters(9, 9), true)).toBe(tally);
});

test('the next drill is counted anew, and a line that was started anew loses nothing', () => {
  const first: Tally = { drill: 7, fromMs: 20, gaps: 1, doubles: 2, resets: 0, cuts: 1 };
  expect(tallied(first, 8, 90, counters(5), counters(5), false)).toEqual({ drill: 8, fromMs: 90, gaps: 0, doubles: 0, resets: 0, cuts: 0 });
  expect(tallied(first, 7, 90, counters(5), counters(1), false)?.gaps).toBe(2);
  expect(tallied(first, 7, 90, undefined, counters(0, 0, 1), false)?.resets).toBe(1);
});

test('what a tab kept is taken as it was, and nothing that is none of it', () => {
  const tally: Tally = { drill: 7, fromMs: 20, gaps: 1, doubles: 2, resets: 3, cuts: 4 };
  expect(tallyOf(JSON.stringify(tally))).toEqual(tally);
  for (const text of [null, '', '[', 'null', '{"drill":7}', '{"drill":"7","fromMs":1,"gaps":1,"doubles":1,"resets":1,"cuts":1}']) expect(tallyOf(text)).toBeUndefined();
});
