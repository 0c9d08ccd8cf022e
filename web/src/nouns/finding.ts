// What a model found in the readings of a sensor, and how it is told.
import type { ModelsDict } from '../i18n/models.vi';
import { UnusualReason, type Finding as FindingWire } from '../gen/trongdong/v1/alarm_pb';

export type UnusualReasonName =
  | 'spike'
  | 'dip'
  | 'record-high'
  | 'record-low'
  | 'level-up'
  | 'level-down'
  | 'above-usual'
  | 'below-usual'
  | 'pattern'
  | 'flat'
  | 'gap';

const REASON: Partial<Record<UnusualReason, UnusualReasonName>> = {
  [UnusualReason.SPIKE]: 'spike',
  [UnusualReason.DIP]: 'dip',
  [UnusualReason.RECORD_HIGH]: 'record-high',
  [UnusualReason.RECORD_LOW]: 'record-low',
  [UnusualReason.LEVEL_UP]: 'level-up',
  [UnusualReason.LEVEL_DOWN]: 'level-down',
  [UnusualReason.ABOVE_USUAL]: 'above-usual',
  [UnusualReason.BELOW_USUAL]: 'below-usual',
  [UnusualReason.FLAT]: 'flat',
  [UnusualReason.GAP]: 'gap',
};

/** A reading unlike those before. `score`: 0 to 1. */
export interface Unusual {
  about: 'unusual';
  score: number;
  reason: UnusualReasonName;
}

/** A limit will probably be passed. Times are Unix milliseconds; `latestMs` 0: not within the forecast's reach. */
export interface Passing {
  about: 'passing';
  /** The limit's condition. */
  condition: string;
  /** 0 to 1. */
  probability: number;
  atMs: number;
  earliestMs: number;
  latestMs: number;
  /** What it will read then: 5, 25, 50, 75 and 95 %. */
  quantiles: number[];
}

export type Finding = { model: string; version: string } & (Unusual | Passing);

/** The domain finding of a wire finding; undefined where there is none, or one that this screen does not know. */
export function findingOf(wire: FindingWire | undefined): Finding | undefined {
  if (wire === undefined) return undefined;
  const by = { model: wire.model, version: wire.modelVersion };
  switch (wire.body.case) {
    case 'unusual': {
      const { scoreMicro, reason } = wire.body.value;
      return { ...by, about: 'unusual', score: Number(scoreMicro) / 1e6, reason: REASON[reason] ?? 'pattern' };
    }
    case 'passing': {
      const passing = wire.body.value;
      return {
        ...by,
        about: 'passing',
        condition: passing.condition,
        probability: Number(passing.probabilityMicro) / 1e6,
        atMs: Number(passing.atMs),
        earliestMs: Number(passing.earliestMs),
        latestMs: Number(passing.latestMs),
        quantiles: passing.quantilesMicro.map((micro) => Number(micro) / 1e6),
      };
    }
    default:
      return undefined;
  }
}

/** "sau khoảng 3 giờ (2–5 giờ), xác suất 80 %", brief "~3 giờ · 80 %"; or what is unusual. */
export function findingText(finding: Finding, nowMs: number, t: ModelsDict['finding'], brief = false): string {
  if (finding.about === 'unusual') return t.reason[finding.reason];
  const percent = String(Math.round(finding.probability * 100));
  if (finding.atMs <= nowMs) return t.due(percent);
  const ahead = spanText(finding.atMs - nowMs, t);
  if (brief) return t.aheadBrief(ahead, percent);
  const earliest = spanText(Math.max(0, finding.earliestMs - nowMs), t);
  const latest = finding.latestMs === 0 ? t.open : spanText(finding.latestMs - nowMs, t);
  return t.ahead(ahead, earliest === latest ? '' : t.between(earliest, latest), percent);
}

/** "45 phút", "3 giờ": whole hours from an hour and a half on, else to five minutes. */
function spanText(ms: number, t: ModelsDict['finding']): string {
  const minutes = Math.round(ms / 60_000);
  return minutes >= 90 ? t.hours(Math.round(minutes / 60)) : t.minutes(Math.max(5, Math.round(minutes / 5) * 5));
}
