import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { IncidentKind, Need, SuggestionSchema, SuggestionStatus } from '../gen/trongdong/v1/incident_pb';
import { ModelKind, ModelSchema, TallySchema } from '../gen/trongdong/v1/model_pb';
import { calibration, drift, driftDistance, figuresOf, modelOf, modeOf, overrideRate, qualityOf, rankModels, tallyOf } from './model';
import { shownSuggestions, suggestionOf } from './suggestion';

const tally = (more: object = {}) => tallyOf(create(TallySchema, { model: 'triage', version: 'v1', ...more } as never));

describe('a tally', () => {
  test('gives no override rate before the first decision', () => {
    expect(overrideRate(tally({ suggested: 5n }))).toBeUndefined();
    expect(overrideRate(tally({ accepted: 6n, overridden: 3n, dismissed: 1n }))).toBe(0.3);
  });

  test('shows what came of each level of confidence', () => {
    const bins = Array.from({ length: 10 }, (_, at) => (at === 9 ? { decided: 4n, accepted: 3n } : {}));
    const shown = calibration(tally({ bins }));
    expect(shown).toHaveLength(10);
    expect(shown[9]).toEqual({ claimed: 0.95, came: 0.75, decided: 4 });
    expect(shown[0]).toEqual({ claimed: 0.05, came: undefined, decided: 0 });
  });
});

test('drift compares what is said with the data, and says nothing where the data is not known', () => {
  const versions = [
    { version: 'v1', shares: [{ kind: IncidentKind.FLOOD, shareMicro: 750_000n }, { kind: IncidentKind.FIRE, shareMicro: 250_000n }] },
    { version: 'v2' },
  ];
  const model = modelOf(create(ModelSchema, { name: 'triage', versions, active: 'v1', shadow: 'v2' } as never));
  const said = tally({ kinds: [{ kind: IncidentKind.FLOOD, count: 1n }, { kind: IncidentKind.PUBLIC_ORDER, count: 1n }] });
  const drifted = drift(model.versions[0]!, said);
  expect(drifted).toEqual([
    { kind: 'flood', trained: 0.75, said: 0.5 },
    { kind: 'fire', trained: 0.25, said: 0 },
    { kind: 'public-order', trained: 0, said: 0.5 },
  ]);
  expect(driftDistance(drifted)).toBe(0.5);
  expect(drift(model.versions[1]!, said)).toEqual([]);
  expect(driftDistance([])).toBeUndefined();
  expect([modeOf(model, 'v1'), modeOf(model, 'v2'), modeOf(model, 'v3')]).toEqual(['active', 'shadow', undefined]);
});

test('figures are lines of name and number', () => {
  expect(figuresOf('macro_f1 = 0.873\n\nrecall=0,99')).toEqual([
    { name: 'macro_f1', value_micro: 873_000 },
    { name: 'recall', value_micro: 990_000 },
  ]);
  expect(figuresOf('')).toEqual([]);
  for (const wrong of ['macro_f1', '= 1', 'x = y', 'x = 1 2']) expect(figuresOf(wrong)).toBeUndefined();
});

describe('suggestions', () => {
  const said = (number: number, status: SuggestionStatus, advice: object = {}) =>
    suggestionOf(create(SuggestionSchema, { number, status, advice: { confidenceMicro: 870_000n, ...advice } } as never));

  test('cross once, with what was not said left out', () => {
    const one = said(1, SuggestionStatus.PENDING, { kind: IncidentKind.PUBLIC_ORDER, needs: [Need.FOOD_WATER], reasons: ['xô xát'] });
    expect(one).toMatchObject({ confidence: 0.87, kind: 'public-order', severity: undefined, needs: ['food-water'], duplicateOf: '' });
  });

  test('that wait come first, then what was decided last; what was superseded is not shown', () => {
    const all = [
      said(1, SuggestionStatus.ACCEPTED), said(2, SuggestionStatus.SUPERSEDED), said(3, SuggestionStatus.PENDING),
      said(4, SuggestionStatus.DISMISSED), said(5, SuggestionStatus.OVERRIDDEN),
    ];
    expect(shownSuggestions(all).map(({ number }) => number)).toEqual([3, 5, 4]);
  });
});

test('what gives advice stands first, in the order of what it is for', () => {
  const model = (name: string, kind: number, active: string) => modelOf(create(ModelSchema, { name, kind, active } as never));
  const ranked = rankModels([
    model('anomaly', ModelKind.ANOMALY, ''),
    model('load', ModelKind.LOAD, 'v1'),
    model('old', ModelKind.TRIAGE, ''),
    model('triage', ModelKind.TRIAGE, 'v3'),
  ]);
  expect(ranked.map(({ name }) => name)).toEqual(['triage', 'load', 'old', 'anomaly']);
});

test('a figure of a training has a name in words, one of somebody else keeps its own', () => {
  expect(qualityOf('kind_macro_f1')).toEqual({ of: 'kind', which: 'macro_f1' });
  expect(qualityOf('needs_calibration_error')).toEqual({ of: 'needs', which: 'calibration_error' });
  expect(qualityOf('emergencies')).toBeUndefined();
  expect(qualityOf('kind_speed')).toBeUndefined();
});
