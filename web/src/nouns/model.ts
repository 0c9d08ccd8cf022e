// Models: what is registered and in use of them, and what became of what they said.
import type { Kind } from './kind';
import { kindOf } from './kind-wire';
import { ModelKind as KindWire, type Model as ModelWire, type Tally as TallyWire } from '../gen/trongdong/v1/model_pb';

export type ModelKind = 'triage' | 'duplicate' | 'anomaly' | 'forecast' | 'load';
export type ModelMode = 'active' | 'shadow';
export const MODEL_KINDS: readonly ModelKind[] = ['triage', 'duplicate', 'anomaly', 'forecast', 'load'];

const KIND: Partial<Record<KindWire, ModelKind>> = {
  [KindWire.TRIAGE]: 'triage',
  [KindWire.DUPLICATE]: 'duplicate',
  [KindWire.ANOMALY]: 'anomaly',
  [KindWire.FORECAST]: 'forecast',
  [KindWire.LOAD]: 'load',
};

/** One version as registered. Figures and shares are plain numbers; a share is 0 to 1. */
export interface ModelVersion {
  version: string;
  sha256: string;
  data: string;
  quality: { name: string; value: number }[];
  shares: { kind: Kind; share: number }[];
  registeredAtMs: number;
  registeredBy: string;
}

export interface Model {
  name: string;
  kind: ModelKind;
  on: boolean;
  switchReason: string;
  switchedAtMs: number;
  switchedBy: string;
  versions: ModelVersion[];
  /** Empty: none. */
  active: string;
  shadow: string;
  former: string[];
}

/** What became of what one version said. */
export interface Tally {
  model: string;
  version: string;
  suggested: number;
  accepted: number;
  overridden: number;
  dismissed: number;
  late: number;
  failed: number;
  bins: { decided: number; accepted: number }[];
  kinds: { kind: Kind; count: number }[];
  suggestedAtMs: number;
  silent: boolean;
}

/** A model in use that gives no advice now. */
export interface SilentModel {
  name: string;
  cause: 'off' | 'silent';
}

/** What gives advice comes first, then by what it is for. */
export function rankModels(models: Iterable<Model>): Model[] {
  const rank = ({ kind, active }: Model) => (active === '' ? MODEL_KINDS.length : 0) + MODEL_KINDS.indexOf(kind);
  return [...models].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

/** Key of a tally. */
export function tallyId({ model, version }: { model: string; version: string }): string {
  return `${model}/${version}`;
}

/** The domain model of a wire model. */
export function modelOf(wire: ModelWire): Model {
  return {
    name: wire.name,
    kind: KIND[wire.kind] ?? 'triage',
    on: wire.on,
    switchReason: wire.switchReason,
    switchedAtMs: Number(wire.switchedAtMs),
    switchedBy: wire.switchedBy,
    versions: wire.versions.map((version) => ({
      version: version.version,
      sha256: [...version.sha256].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
      data: version.data,
      quality: version.quality.map(({ name, valueMicro }) => ({ name, value: Number(valueMicro) / 1e6 })),
      shares: version.shares.map(({ kind, shareMicro }) => ({ kind: kindOf(kind) ?? 'other', share: Number(shareMicro) / 1e6 })),
      registeredAtMs: Number(version.registeredAtMs),
      registeredBy: version.registeredBy,
    })),
    active: wire.active,
    shadow: wire.shadow,
    former: [...wire.former],
  };
}

/** The domain tally of a wire tally. */
export function tallyOf(wire: TallyWire): Tally {
  return {
    model: wire.model,
    version: wire.version,
    suggested: Number(wire.suggested),
    accepted: Number(wire.accepted),
    overridden: Number(wire.overridden),
    dismissed: Number(wire.dismissed),
    late: Number(wire.late),
    failed: Number(wire.failed),
    bins: wire.bins.map(({ decided, accepted }) => ({ decided: Number(decided), accepted: Number(accepted) })),
    kinds: wire.kinds.map(({ kind, count }) => ({ kind: kindOf(kind) ?? 'other', count: Number(count) })),
    suggestedAtMs: Number(wire.suggestedAtMs),
    silent: wire.silent,
  };
}

/** How the version takes part; undefined: it does not. */
export function modeOf(model: Model, version: string): ModelMode | undefined {
  if (model.active === version) return 'active';
  return model.shadow === version ? 'shadow' : undefined;
}

/** Suggestions that somebody decided on. */
export function decided(tally: Tally): number {
  return tally.accepted + tally.overridden + tally.dismissed;
}

/** How large a part of the decisions was something else than was said; undefined before the first. */
export function overrideRate(tally: Tally): number | undefined {
  const all = decided(tally);
  return all === 0 ? undefined : tally.overridden / all;
}

/** One bin of confidence: what was claimed on average in it, if evenly spread, and what came true; undefined: no decision. */
interface Calibrated {
  claimed: number;
  came: number | undefined;
  decided: number;
}

/** The bins of a tally, from unsure to sure. On the diagonal a model is as sure as it is right. */
export function calibration(tally: Tally): Calibrated[] {
  return tally.bins.map((bin, at) => ({
    claimed: (at + 0.5) / tally.bins.length,
    came: bin.decided === 0 ? undefined : bin.accepted / bin.decided,
    decided: bin.decided,
  }));
}

/** How often a kind is said, beside how often it was in the data. Parts of 1. */
interface Drifted {
  kind: Kind;
  trained: number;
  said: number;
}

/** Suggestions that named a kind. */
export function kindsSaid(tally: Tally): number {
  return tally.kinds.reduce((sum, { count }) => sum + count, 0);
}

/** Kinds in the data and kinds said; empty when the data's shares are not known or nothing was said. */
export function drift(version: ModelVersion, tally: Tally): Drifted[] {
  const all = kindsSaid(tally);
  if (version.shares.length === 0 || all === 0) return [];
  const trained = new Map(version.shares.map(({ kind, share }) => [kind, share]));
  const said = new Map(tally.kinds.map(({ kind, count }) => [kind, count / all]));
  const kinds = [...new Set([...trained.keys(), ...said.keys()])];
  return kinds
    .map((kind) => ({ kind, trained: trained.get(kind) ?? 0, said: said.get(kind) ?? 0 }))
    .sort((a, b) => b.trained - a.trained || (a.kind < b.kind ? -1 : 1));
}

/** Fewer suggestions than this are apart from the data by chance alone, so no distance is told of them. */
export const DRIFT_SUGGESTIONS_MIN = 100;

/** Total variation distance of what is said from the data: 0 the same, 1 nothing in common; undefined when not known. */
export function driftDistance(drifted: readonly Drifted[]): number | undefined {
  if (drifted.length === 0) return undefined;
  return drifted.reduce((sum, { trained, said }) => sum + Math.abs(trained - said), 0) / 2;
}

const QUALITY_HEADS = ['kind', 'severity', 'needs', 'vulnerable'] as const;
const QUALITY_MEASURES = ['accuracy', 'micro_f1', 'macro_f1', 'calibration_error'] as const;
export type QualityHead = (typeof QUALITY_HEADS)[number];
export type QualityMeasure = (typeof QUALITY_MEASURES)[number];

/** What a figure of a training is of, and which one: "kind_macro_f1" is the macro F1 of the kind; undefined: not known here. */
export function qualityOf(name: string): { of: QualityHead; which: QualityMeasure } | undefined {
  const of = QUALITY_HEADS.find((head) => name.startsWith(`${head}_`));
  const which = QUALITY_MEASURES.find((measure) => name === `${of}_${measure}`);
  return of === undefined || which === undefined ? undefined : { of, which };
}

/** "macro_f1 = 0.873", one a line, as figures in millionths; undefined for a line that is none. */
export function figuresOf(text: string): { name: string; value_micro: number }[] | undefined {
  const figures: { name: string; value_micro: number }[] = [];
  for (const line of text.split('\n').filter((row) => row.trim() !== '')) {
    const [, name, value] = /^\s*([^=]+?)\s*=\s*(-?\d+(?:[.,]\d+)?)\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    figures.push({ name, value_micro: Math.round(Number(value.replace(',', '.')) * 1e6) });
  }
  return figures;
}
