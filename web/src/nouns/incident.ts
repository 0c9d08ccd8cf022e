import { clockOf, type Clock } from './clock';
import { attentionOf, taskOf, type Attention, type Task } from './dispatch';
import { handoverOf, type Handover } from './handover';
import type { Kind } from './kind';
import { kindOf } from './kind-wire';
import { placeOf, type Place } from './place';
import { severityOf, type Severity } from './severity';
import { suggestionOf, type Suggestion } from './suggestion';
import { IncidentStatus, type Incident as IncidentWire } from '../gen/trongdong/v1/incident_pb';

export type Status = 'opened' | 'acknowledged' | 'assigned' | 'resolved' | 'closed' | 'merged';

const STATUS: Partial<Record<IncidentStatus, Status>> = {
  [IncidentStatus.OPENED]: 'opened',
  [IncidentStatus.ACKNOWLEDGED]: 'acknowledged',
  [IncidentStatus.ASSIGNED]: 'assigned',
  [IncidentStatus.RESOLVED]: 'resolved',
  [IncidentStatus.CLOSED]: 'closed',
  [IncidentStatus.MERGED]: 'merged',
};

/** One incident as the screens know it. Times are Unix milliseconds, 0: not yet. */
export interface Incident {
  id: string;
  kind: Kind;
  severity: Severity;
  place?: Place;
  summary: string;
  status: Status;
  units: string[];
  /** Ids of the alarms that opened or fed it. */
  alarms: string[];
  reports: number;
  openedAtMs: number;
  openedBy: string;
  acknowledgedAtMs: number;
  acknowledgedBy: string;
  acknowledgeDueAtMs: number;
  closedAtMs: number;
  escalationLevel: number;
  reopenedCount: number;
  mergedInto: string;
  version: number;
  exercise: boolean;
  placeIsMapped: boolean;
  /** What models said of it, oldest first. */
  suggestions: Suggestion[];
  /** What waits for a person, and what did. */
  attentions: Attention[];
  /** What each agency has to do. */
  tasks: Task[];
  /** The one answer of all agencies; empty: there is none. */
  answer: string;
  /** Offers to other services and by them, oldest first. */
  handovers: Handover[];
  /** Its deadlines, as they were started. */
  clocks: Clock[];
}

/** The domain incident of a wire incident. */
export function incidentOf(wire: IncidentWire): Incident {
  const alarms = wire.sources.flatMap((source) =>
    source.origin.case === 'alarm' ? [`${source.origin.value.entity}/${source.origin.value.condition}`] : [],
  );
  return {
    id: wire.id,
    kind: kindOf(wire.kind) ?? 'other',
    severity: severityOf(wire.severity),
    place: placeOf(wire.place),
    summary: wire.summary,
    status: STATUS[wire.status] ?? 'opened',
    units: [...wire.units],
    alarms,
    reports: wire.sources.length - alarms.length,
    openedAtMs: Number(wire.openedAtMs),
    openedBy: wire.openedBy,
    acknowledgedAtMs: Number(wire.acknowledgedAtMs),
    acknowledgedBy: wire.acknowledgedBy,
    acknowledgeDueAtMs: Number(wire.acknowledgeDueAtMs),
    closedAtMs: Number(wire.closedAtMs),
    escalationLevel: wire.escalationLevel,
    reopenedCount: wire.reopenedCount,
    mergedInto: wire.mergedInto,
    version: Number(wire.version),
    exercise: wire.exercise,
    placeIsMapped: wire.placeIsMapped,
    suggestions: wire.suggestions.map(suggestionOf),
    attentions: (wire.dispatch?.attentions ?? []).map(attentionOf),
    tasks: (wire.dispatch?.tasks ?? []).map(taskOf),
    answer: wire.dispatch?.answer?.text ?? '',
    handovers: (wire.dispatch?.handovers ?? []).map(handoverOf),
    clocks: wire.clocks.map(clockOf),
  };
}

/** Whether somebody still has work with it. */
export function isOpen(incident: Incident): boolean {
  return incident.status === 'opened' || incident.status === 'acknowledged' || incident.status === 'assigned';
}

/**
 * The queue: open incidents, worst first; within a level those that nobody has acknowledged, then the oldest, so that
 * the one that waits longest is on top.
 */
export function rankIncidents(incidents: Iterable<Incident>): Incident[] {
  return [...incidents].filter(isOpen).sort(
    (a, b) =>
      b.severity - a.severity ||
      Number(b.status === 'opened') - Number(a.status === 'opened') ||
      a.openedAtMs - b.openedAtMs ||
      (a.id < b.id ? -1 : 1),
  );
}

/** What nobody has work with any more, newest first: to look up, to open again, to take apart. */
export function rankDone(incidents: Iterable<Incident>): Incident[] {
  const lastMs = (incident: Incident) => Math.max(incident.closedAtMs, incident.openedAtMs);
  return [...incidents]
    .filter((incident) => !isOpen(incident))
    .sort((a, b) => lastMs(b) - lastMs(a) || (a.id < b.id ? -1 : 1));
}

/** Median time from opening to acknowledgement in milliseconds over those that were acknowledged; undefined for none. */
export function acknowledgeMedianMs(incidents: Iterable<Incident>): number | undefined {
  const waits = [...incidents]
    .filter((incident) => incident.acknowledgedAtMs > 0)
    .map((incident) => incident.acknowledgedAtMs - incident.openedAtMs)
    .sort((a, b) => a - b);
  if (waits.length === 0) return undefined;
  const middle = waits.length >> 1;
  const upper = waits[middle] ?? 0;
  return waits.length % 2 === 1 ? upper : ((waits[middle - 1] ?? 0) + upper) / 2;
}
