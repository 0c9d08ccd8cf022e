// Drills: what breaks, how it stands, and what it came to.
import { plain } from '../i18n/search';
import { fromWire } from './wire';

/** The group of which "the leader" is meant. */
const COMMAND_GROUP = 0;
export const SCENARIOS = ['node-lost', 'link-lost', 'slow-disk', 'camera-storm', 'call-surge', 'leader-lost'] as const;
export type Scenario = (typeof SCENARIOS)[number];
export const PROMISES = ['serves', 'elects', 'screens', 'heals', 'keeps', 'bears'] as const;
export type Promised = (typeof PROMISES)[number];
export type DrillEnd = 'over' | 'stopped' | 'unsafe' | 'lost';
/** How far a drill is. */
export type DrillPhase = 'on' | 'healing' | 'passed' | 'failed' | 'unmeasured';

/** What every screen is told of the drill that is not closed. */
export interface DrillNow {
  number: number;
  scenario: Scenario;
  nodes: number[];
  untilMs: number;
  /** The faults are over, and it is measured how all becomes well again. */
  ended: boolean;
}

export interface DrillSample {
  atMs: number;
  commitMs: number;
  leaderlessMs: number;
  terms: number;
  lagEntries: number;
  screensAgeMs: number;
  silent: number;
  /** Exercise commands until then, and how many of them were not taken. */
  sent: number;
  refused: number;
  /** Writes that were acknowledged and are not there. */
  missing: number;
  /** Frames that screens of all nodes found missing, or there twice, in the drill until then. */
  screenGaps: number;
  screenDoubles: number;
}

export interface Verdict {
  promise: Promised;
  measured: number;
  target: number;
  kept: boolean;
}

export interface Drill extends DrillNow {
  observer: number;
  startedAtMs: number;
  by: string;
  purpose: string;
  end: DrillEnd | undefined;
  closed: boolean;
  samples: DrillSample[];
  verdicts: Verdict[];
}

/** How one node is now. */
export interface DrillNode {
  node: number;
  answers: boolean;
  leads: number[];
  ageMs: number | undefined;
}

/** The scenario of that name on the wire; one that this page does not know is shown as a lost node, the gravest that there is. */
export const scenarioOf = (name: string): Scenario => SCENARIOS.find((one) => one === fromWire(name)) ?? 'node-lost';

/** As the server answers in JSON. */
export interface NowJson {
  number: number;
  scenario: string;
  nodes: number[];
  until_ms: number;
  ended: boolean;
}

/** Of the answer to who has no line. */
export function drillNowOfJson(answer: unknown): DrillNow | undefined {
  const drill = (answer as { drill: NowJson | null }).drill;
  if (drill === null) return undefined;
  return { number: drill.number, scenario: scenarioOf(drill.scenario), nodes: drill.nodes, untilMs: drill.until_ms, ended: drill.ended };
}

interface DrillJson extends Omit<NowJson, 'ended'> {
  observer: number;
  started_at_ms: number;
  by: string | null;
  purpose: string;
  ended: DrillEnd | null;
  closed_at_ms: number;
  samples: { at_ms: number; commit_ms: number; leaderless_ms: number; terms: number; lag_entries: number; screens_age_ms: number; silent: number; sent: number; refused: number; missing: number; screen_gaps?: number; screen_doubles?: number }[];
  verdicts: Verdict[];
}

/** Of the list, the newest first. */
export function drillsOf(answer: unknown): Drill[] {
  return (answer as DrillJson[]).map((drill) => ({
    number: drill.number,
    scenario: scenarioOf(drill.scenario),
    nodes: drill.nodes,
    untilMs: drill.until_ms,
    ended: drill.ended !== null,
    observer: drill.observer,
    startedAtMs: drill.started_at_ms,
    by: drill.by ?? '',
    purpose: drill.purpose,
    end: drill.ended ?? undefined,
    closed: drill.closed_at_ms > 0,
    samples: drill.samples.map((it) => ({
      atMs: it.at_ms,
      commitMs: it.commit_ms,
      leaderlessMs: it.leaderless_ms,
      terms: it.terms,
      lagEntries: it.lag_entries,
      screensAgeMs: it.screens_age_ms,
      silent: it.silent,
      sent: it.sent,
      refused: it.refused,
      missing: it.missing,
      screenGaps: it.screen_gaps ?? 0,
      screenDoubles: it.screen_doubles ?? 0,
    })),
    verdicts: drill.verdicts,
  }));
}

/** Of the look at all nodes: how each is, and what stands against a drill. */
export function watchOf(answer: unknown): { nodes: DrillNode[]; against: { vi: string; en: string }[] } {
  const { nodes, against } = answer as { nodes: { node: number; answers: boolean; leads: number[]; age_ms: number | null }[]; against: { vi: string; en: string }[] };
  return { nodes: nodes.map(({ node, answers, leads, age_ms }) => ({ node, answers, leads, ageMs: age_ms ?? undefined })), against };
}

export function phaseOf(drill: Drill): DrillPhase {
  if (!drill.ended) return 'on';
  if (!drill.closed) return 'healing';
  if (drill.verdicts.length === 0) return 'unmeasured';
  return drill.verdicts.every(({ kept }) => kept) ? 'passed' : 'failed';
}

/** Whether nodes are chosen; the leader is found by itself. */
export const choosesNodes = (scenario: Scenario) => scenario === 'node-lost' || scenario === 'link-lost' || scenario === 'slow-disk';

/** The nodes that a drill would break: those chosen, or who leads the command group now. */
export function suffering(scenario: Scenario, chosen: readonly number[], nodes: readonly DrillNode[]): number[] {
  if (scenario === 'leader-lost') return nodes.filter(({ leads }) => leads.includes(COMMAND_GROUP)).map(({ node }) => node);
  return choosesNodes(scenario) ? [...chosen].sort((a, b) => a - b) : [];
}

/** Whether somebody has typed these names: with or without marks and capitals, but each of them, and no more. */
export function isTyped(typed: string, names: string): boolean {
  const bare = (text: string) => plain(text).replace(/\s+/g, ' ').trim();
  return bare(typed) === bare(names);
}

/** How many nodes may be chosen of so many, so that a majority is left. */
export const nodesMax = (nodes: number) => Math.max(0, Math.ceil(nodes / 2) - 1);

/** What is left of the faults' time, in whole seconds. */
export const secondsLeft = (drill: DrillNow, nowMs: number) => Math.max(0, Math.ceil((drill.untilMs - nowMs) / 1000));

/** A line of so many values, as an SVG path; the highest touches the top. */
export function linePath(values: readonly number[], width: number, height: number): string {
  if (values.length < 2) return '';
  const most = Math.max(1, ...values);
  return values.map((value, i) => `${i === 0 ? 'M' : 'L'}${((i / (values.length - 1)) * width).toFixed(1)} ${(height - (value / most) * height).toFixed(1)}`).join('');
}
