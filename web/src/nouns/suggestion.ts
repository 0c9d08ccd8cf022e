// What a model said of an incident, and what a person did with it.
import type { Kind } from './kind';
import { kindOf } from './kind-wire';
import { severityOf, type Severity } from './severity';
import { IncidentKind, Need as NeedWire, SuggestionStatus as StatusWire, type Suggestion as SuggestionWire } from '../gen/trongdong/v1/incident_pb';

export type SuggestionStatus = 'pending' | 'accepted' | 'overridden' | 'dismissed' | 'superseded';
export type Need = 'rescue' | 'medical' | 'food-water' | 'shelter' | 'power' | 'road';

const STATUS: Partial<Record<StatusWire, SuggestionStatus>> = {
  [StatusWire.PENDING]: 'pending',
  [StatusWire.ACCEPTED]: 'accepted',
  [StatusWire.OVERRIDDEN]: 'overridden',
  [StatusWire.DISMISSED]: 'dismissed',
  [StatusWire.SUPERSEDED]: 'superseded',
};
const NEED: Partial<Record<NeedWire, Need>> = {
  [NeedWire.RESCUE]: 'rescue',
  [NeedWire.MEDICAL]: 'medical',
  [NeedWire.FOOD_WATER]: 'food-water',
  [NeedWire.SHELTER]: 'shelter',
  [NeedWire.POWER]: 'power',
  [NeedWire.ROAD]: 'road',
};
/** Decided suggestions that a file still shows beside those that wait. */
const DECIDED_SHOWN_MAX = 2;

/** One suggestion. Probabilities are 0 to 1; what was not said is undefined or empty. */
export interface Suggestion {
  number: number;
  model: string;
  modelVersion: string;
  confidence: number;
  kind: Kind | undefined;
  severity: Severity | undefined;
  needs: Need[];
  people: number;
  vulnerable: number;
  noEmergency: number;
  duplicateOf: string;
  reasons: string[];
  status: SuggestionStatus;
  suggestedAtMs: number;
  decidedAtMs: number;
  decidedBy: string;
  chosenKind: Kind | undefined;
  chosenSeverity: Severity | undefined;
  chosenDuplicateOf: string;
}

/** The domain suggestion of a wire suggestion. */
export function suggestionOf(wire: SuggestionWire): Suggestion {
  const advice = wire.advice;
  return {
    number: wire.number,
    model: wire.model,
    modelVersion: wire.modelVersion,
    confidence: Number(advice?.confidenceMicro ?? 0n) / 1e6,
    kind: kindOf(advice?.kind ?? IncidentKind.UNSPECIFIED),
    severity: advice === undefined || advice.severity === 0 ? undefined : severityOf(advice.severity),
    needs: (advice?.needs ?? []).flatMap((need) => NEED[need] ?? []),
    people: advice?.people ?? 0,
    vulnerable: advice?.vulnerable ?? 0,
    noEmergency: Number(advice?.noEmergencyMicro ?? 0n) / 1e6,
    duplicateOf: advice?.duplicateOf ?? '',
    reasons: [...(advice?.reasons ?? [])],
    status: STATUS[wire.status] ?? 'superseded',
    suggestedAtMs: Number(wire.suggestedAtMs),
    decidedAtMs: Number(wire.decidedAtMs),
    decidedBy: wire.decidedBy,
    chosenKind: kindOf(wire.chosenKind),
    chosenSeverity: wire.chosenSeverity === 0 ? undefined : severityOf(wire.chosenSeverity),
    chosenDuplicateOf: wire.chosenDuplicateOf,
  };
}

/** What a file shows: all that wait for a person, then the newest that somebody decided on; newest first. */
export function shownSuggestions(suggestions: readonly Suggestion[]): Suggestion[] {
  const newest = [...suggestions].sort((a, b) => b.number - a.number);
  const pending = newest.filter(({ status }) => status === 'pending');
  const decided = newest.filter(({ status }) => status !== 'pending' && status !== 'superseded');
  return [...pending, ...decided.slice(0, DECIDED_SHOWN_MAX)];
}
