// How the cluster's nodes and groups are, as the node of this page asked them: what `trongdong status` says at a terminal.

export const GROUP_HEALTHS = ['well', 'behind', 'missing', 'changing', 'electing', 'stopped', 'full', 'no-quorum'] as const;
/** How a group is, the best first. */
export type GroupHealth = (typeof GROUP_HEALTHS)[number];
/** How much room a disk has. */
export type Room = 'enough' | 'low' | 'none';

/** One group, as its leader has it. */
export interface GroupLine {
  group: number;
  health: GroupHealth;
  /** Undefined: nobody leads. */
  leader: number | undefined;
  term: number;
  applied: number;
  /** The member that lacks most; undefined: not known. */
  behind: { node: number; entries: number } | undefined;
}

/** What one node says of itself. */
export interface NodeSays {
  version: string;
  isResting: boolean;
  room: Room;
  /** Undefined: its system does not say. */
  freeBytes: number | undefined;
  usedBytes: number;
  /** It writes nothing any more, or its storage reports errors. */
  diskBroken: boolean;
  /** What lies damaged on its disk. */
  rotten: readonly string[];
  /** How far another node's clock is ahead of its own at most, either way; undefined: it knows of none. */
  clockOffMs: number | undefined;
  leads: readonly number[];
  /** Since it heard of a majority, of the group of which that is longest ago; undefined: it has no group. */
  quorumAgeMs: number | undefined;
}

export interface NodeLine {
  node: number;
  url: string;
  /** Undefined: it did not answer. */
  says: NodeSays | undefined;
}

/** A leader of a group, from when on. */
export interface Reign {
  leader: number;
  term: number;
  fromMs: number;
}

/** Who led a group, as far as the nodes remember, oldest first. */
export interface Elections {
  group: number;
  reigns: readonly Reign[];
}

/** A sentence of what is to be done. */
export interface Finding {
  vi: string;
  en: string;
}

export interface ClusterView {
  nodes: NodeLine[];
  groups: GroupLine[];
  /** Empty: the node that was asked is of an older version. */
  elections: Elections[];
  findings: Finding[];
}

/** As the server answers in JSON. */
export interface ClusterJson {
  nodes: {
    node: number;
    url?: string;
    answers: boolean;
    version?: string | null;
    is_resting?: boolean | null;
    disk?: { free_bytes: number | null; room: string; used_bytes: number; write_stopped: boolean; background_errors: number; rotten: string[] } | null;
    clocks?: { node: number; is_connected: boolean; offset_ms: number | null }[] | null;
    leads: number[];
    age_ms: number | null;
  }[];
  groups?: { group: number; health: string; leader: number | null; term: number; applied: number; behind: number | null; lag_entries: number | null }[];
  elections?: { group: number; reigns: { leader: number; term: number; from_ms: number }[] }[];
  against: Finding[];
}

/** What the page shows of an answer. A health that it does not know is the worst, so that a newer node cannot make a fault look well. */
export function clusterOf(answer: unknown): ClusterView {
  const { nodes, groups = [], elections = [], against } = answer as ClusterJson;
  return {
    nodes: nodes.map((line) => ({ node: line.node, url: line.url ?? '', says: line.answers ? saysOf(line) : undefined })),
    groups: groups.map(({ group, health, leader, term, applied, behind, lag_entries }) => ({
      group,
      health: GROUP_HEALTHS.find((one) => one === health.replaceAll('_', '-')) ?? 'no-quorum',
      leader: leader ?? undefined,
      term,
      applied,
      behind: behind === null || lag_entries === null ? undefined : { node: behind, entries: lag_entries },
    })),
    elections: elections.map(({ group, reigns }) => ({ group, reigns: reigns.map(({ leader, term, from_ms }) => ({ leader, term, fromMs: from_ms })) })),
    findings: against,
  };
}

function saysOf({ version, is_resting, disk, clocks, leads, age_ms }: ClusterJson['nodes'][number]): NodeSays {
  const offsets = (clocks ?? []).flatMap(({ offset_ms }) => (offset_ms === null ? [] : [Math.abs(offset_ms)]));
  return {
    version: version ?? '',
    isResting: is_resting ?? false,
    room: disk?.room === 'low' || disk?.room === 'none' ? disk.room : 'enough',
    freeBytes: disk?.free_bytes ?? undefined,
    usedBytes: disk?.used_bytes ?? 0,
    diskBroken: disk !== undefined && disk !== null && (disk.write_stopped || disk.background_errors > 0),
    rotten: disk?.rotten ?? [],
    clockOffMs: offsets.length === 0 ? undefined : Math.max(...offsets),
    leads,
    quorumAgeMs: age_ms ?? undefined,
  };
}

/** A leader's part of a stretch of time. */
export interface ReignBar extends Reign {
  /** Where it begins and how long it is, as parts of the whole. */
  start: number;
  width: number;
}

/** Who led between two times, as parts of that stretch; a leader leads until the next one does. */
export function barsOf(reigns: readonly Reign[], sinceMs: number, nowMs: number): ReignBar[] {
  const span = Math.max(1, nowMs - sinceMs);
  return reigns.flatMap((reign, at) => {
    const begins = Math.max(sinceMs, reign.fromMs);
    const ends = Math.min(nowMs, reigns[at + 1]?.fromMs ?? nowMs);
    return ends <= begins ? [] : [{ ...reign, start: (begins - sinceMs) / span, width: (ends - begins) / span }];
  });
}

/** How often the leader changed since then. The first that anybody remembers is no change: the nodes may have been started then. */
export const changesSince = (reigns: readonly Reign[], sinceMs: number): number => reigns.slice(1).filter(({ fromMs }) => fromMs >= sinceMs).length;

/** How bad something is: nothing, something is to be done, or it takes nothing. */
export type Gravity = 'well' | 'degraded' | 'refusing';

/** How bad a group is. */
export function gravityOf(health: GroupHealth): Gravity {
  if (health === 'well') return 'well';
  return health === 'full' || health === 'no-quorum' ? 'refusing' : 'degraded';
}

/** How bad the whole is: the worst of the groups, and of what there is to do. */
export function gravityOfAll({ groups, findings }: ClusterView): Gravity {
  const all = groups.map(({ health }) => gravityOf(health));
  if (all.includes('refusing')) return 'refusing';
  return findings.length > 0 || all.includes('degraded') ? 'degraded' : 'well';
}
