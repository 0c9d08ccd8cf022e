import { expect, test } from 'vitest';
import { emptyDraft, hasNews, lacksOf, news, type Suggested } from './draft';

const place = { adminUnit: 'a', label: 'A', latitude: 21, longitude: 105, isRough: true };
const all: Suggested = { kind: 'fire', severity: 4, place, address: 'số 12', placeFrom: 'text', reasons: ['cháy'] };

test('what lacks is named in the order of the form; who joins needs words only', () => {
  expect(lacksOf(emptyDraft('C1'), false)).toEqual(['text', 'kind', 'severity', 'place']);
  expect(lacksOf({ ...emptyDraft('C1'), text: 'x' }, true)).toEqual([]);
});

test('a suggestion is news where it differs, and where nobody set it by hand', () => {
  expect(news(all, emptyDraft(''), new Set())).toEqual(all);
  expect(news(all, { ...emptyDraft(''), kind: 'fire', severity: 3 }, new Set())).toMatchObject({ severity: 4 });
  expect(news(all, { ...emptyDraft(''), kind: 'flood', severity: 3 }, new Set(['kind', 'severity', 'place']))).toEqual({ reasons: ['cháy'] });
});

test('a point that was set is not moved by a name in the text, a rough place of another commune is', () => {
  expect(news(all, { ...emptyDraft(''), place: { ...place, adminUnit: 'b', isRough: false } }, new Set()).place).toBeUndefined();
  expect(news(all, { ...emptyDraft(''), place: { ...place, adminUnit: 'b' } }, new Set()).place).toEqual(place);
  expect(hasNews(news({ place, reasons: [] }, { ...emptyDraft(''), place }, new Set()))).toBe(false);
});
