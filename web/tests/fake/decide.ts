// What the fake node does with a command: the cluster's rules, as far as the screens can meet them.
import { create } from '@bufbuild/protobuf';
import { PlaceSchema, Severity } from '../../src/gen/trongdong/v1/common_pb';
import { EventKind, type Event } from '../../src/gen/trongdong/v1/event_pb';
import { IncidentKind, IncidentSchema, IncidentStatus, type Incident } from '../../src/gen/trongdong/v1/incident_pb';
import { UnitStatus } from '../../src/gen/trongdong/v1/unit_pb';
import { offer } from './dispatch';
import type { Scene } from './scene';

/** Who gives all commands. */
export const BY = 'Trần Thị Hoa';
export const COMMAND_GROUP = 0;
export const FIELD_GROUP = 1;

/** A JSON body, whatever is in it. */
export type Input = Record<string, string>;
export interface Answer {
  status: number;
  body: unknown;
}
type Tell = (group: number, kind: EventKind, subject: Event['subject'], note?: string) => void;

const LIVE = [IncidentStatus.OPENED, IncidentStatus.ACKNOWLEDGED, IncidentStatus.ASSIGNED];
/** Statuses from which a verb goes, and the event that it makes. */
const VERBS: Record<string, { from: IncidentStatus[]; kind: EventKind }> = {
  acknowledge: { from: [IncidentStatus.OPENED], kind: EventKind.INCIDENT_ACKNOWLEDGED },
  assign: { from: LIVE, kind: EventKind.INCIDENT_ASSIGNED },
  resolve: { from: LIVE, kind: EventKind.INCIDENT_RESOLVED },
  close: { from: [...LIVE, IncidentStatus.RESOLVED], kind: EventKind.INCIDENT_CLOSED },
  reopen: { from: [IncidentStatus.RESOLVED, IncidentStatus.CLOSED], kind: EventKind.INCIDENT_REOPENED },
  merge: { from: [...LIVE, IncidentStatus.RESOLVED], kind: EventKind.INCIDENT_MERGED },
  unmerge: { from: [IncidentStatus.MERGED], kind: EventKind.INCIDENT_UNMERGED },
};

const refuse = (code: string, field: string, message: string, status = 409): Answer => ({ status, body: { code, field, message } });
const done = (entity: string, version: bigint, more: object = {}): Answer => ({ status: 200, body: { entity, version: Number(version), ...more } });

/** A function that decides about one command, changes the scene and tells what came of it. */
export function decider(scene: Scene, tell: Tell): (path: string, input: Input) => Answer {
  let opened = 4_900;

  function alarm(verb: string, input: Input): Answer {
    const key = `${input['entity']}/${input['condition']}`;
    const found = scene.alarms.get(key);
    if (found === undefined) return refuse('not_found', 'alarm', 'there is no such alarm', 404);
    if (verb === 'acknowledge') {
      if (found.episode !== Number(input['episode'])) return refuse('version_conflict', 'episode', 'it has come up again: look');
      Object.assign(found, { acknowledged: true, acknowledgedBy: BY, acknowledgedAtMs: BigInt(Date.now()) });
    } else if (verb === 'shelve') {
      found.shelf = { $typeName: 'trongdong.v1.Shelf', by: BY, reason: input['reason'] ?? '', untilMs: BigInt(input['until_ms'] ?? 0) };
    } else {
      if (found.shelf === undefined) return refuse('wrong_status', 'alarm', 'it is not shelved');
      found.shelf = undefined;
    }
    found.version += 1n;
    const kinds: Record<string, EventKind> = { acknowledge: EventKind.ALARM_ACKNOWLEDGED, shelve: EventKind.ALARM_SHELVED, unshelve: EventKind.ALARM_UNSHELVED };
    tell(FIELD_GROUP, kinds[verb]!, { case: 'alarm', value: found }, input['reason']);
    return done(key, found.version);
  }

  function open(input: Input): Answer {
    const place = input['place'] as unknown as { latitude_e7: number; longitude_e7: number; admin_unit: string; address: string };
    if (!scene.communes.some(({ code }) => code === place.admin_unit)) return refuse('not_found', 'place.admin_unit', 'there is no such unit', 404);
    opened += 1;
    const incident = create(IncidentSchema, {
      id: `I${opened}`,
      kind: IncidentKind[(input['kind'] ?? '').toUpperCase() as keyof typeof IncidentKind],
      severity: Severity[(input['severity'] ?? '').toUpperCase() as keyof typeof Severity],
      summary: input['summary'],
      exercise: Boolean(input['exercise']),
      status: IncidentStatus.OPENED,
      place: create(PlaceSchema, { latitudeE7: place.latitude_e7, longitudeE7: place.longitude_e7, adminUnit: place.admin_unit, address: place.address }),
      openedAtMs: BigInt(Date.now()),
      openedBy: BY,
      acknowledgeDueAtMs: BigInt(Date.now() + 180_000),
      sources: [{ origin: { case: 'person', value: 'hoa' } }],
      version: 1n,
    });
    scene.incidents.set(incident.id, incident);
    tell(COMMAND_GROUP, EventKind.INCIDENT_OPENED, { case: 'incident', value: incident });
    return done(incident.id, 1n);
  }

  function move(id: string, incident: string | undefined): void {
    const unit = scene.units.get(id);
    if (unit === undefined) return;
    Object.assign(unit, { incident: incident ?? '', status: incident === undefined ? UnitStatus.AVAILABLE : UnitStatus.OFFERED, statusAtMs: BigInt(Date.now()) });
    offer(unit, incident ?? '');
    tell(COMMAND_GROUP, incident === undefined ? EventKind.UNIT_RELEASED : EventKind.UNIT_ASSIGNED, { case: 'unit', value: unit });
  }

  function assign(incident: Incident, units: readonly string[]): Answer | undefined {
    const added = units.filter((id) => !incident.units.includes(id));
    const busy = added.find((id) => scene.units.get(id)?.status !== UnitStatus.AVAILABLE);
    if (busy !== undefined) return refuse('wrong_status', 'units', `${busy} is not available: choose one that is`);
    for (const id of incident.units) if (!units.includes(id)) move(id, undefined);
    for (const id of added) move(id, incident.id);
    incident.units = [...units];
    incident.status = units.length === 0 ? IncidentStatus.ACKNOWLEDGED : IncidentStatus.ASSIGNED;
    return undefined;
  }

  /** Units go from one incident to the other in the assignment that they are in. */
  function goOver(ids: readonly string[], from: Incident, to: Incident): void {
    if (ids.length === 0) return;
    from.units = from.units.filter((id) => !ids.includes(id));
    to.units = [...to.units, ...ids];
    for (const id of ids) {
      const unit = scene.units.get(id)!;
      unit.incident = to.id;
      unit.version += 1n;
      tell(COMMAND_GROUP, EventKind.UNIT_ASSIGNED, { case: 'unit', value: unit });
    }
  }

  /** The other side of a merge, or of its end. */
  function tellOther(other: Incident): void {
    other.status = other.units.length === 0 ? IncidentStatus.ACKNOWLEDGED : IncidentStatus.ASSIGNED;
    other.version += 1n;
    tell(COMMAND_GROUP, EventKind.INCIDENT_ASSIGNED, { case: 'incident', value: other });
  }

  function change(incident: Incident, verb: string, input: Input): Answer {
    const rule = VERBS[verb]!;
    if (Number(input['expected_version']) !== Number(incident.version)) {
      return refuse('version_conflict', 'expected_version', `it is at version ${incident.version}: look, then decide anew`);
    }
    if (!rule.from.includes(incident.status)) return refuse('wrong_status', 'incident', 'its status does not allow it');
    let note = input['note'] ?? input['reason'] ?? '';
    let other: Incident | undefined;
    let more: object = {};
    if (verb === 'acknowledge') Object.assign(incident, { status: IncidentStatus.ACKNOWLEDGED, acknowledgedBy: BY, acknowledgedAtMs: BigInt(Date.now()), acknowledgeDueAtMs: 0n });
    if (verb === 'assign') {
      const refused = assign(incident, input['units'] as unknown as string[]);
      if (refused !== undefined) return refused;
    }
    if (verb === 'resolve' || verb === 'close') {
      assign(incident, []);
      incident.status = verb === 'close' ? IncidentStatus.CLOSED : IncidentStatus.RESOLVED;
      if (verb === 'close') incident.closedAtMs = BigInt(Date.now());
    }
    if (verb === 'reopen') Object.assign(incident, { status: IncidentStatus.OPENED, closedAtMs: 0n, reopenedCount: incident.reopenedCount + 1 });
    if (verb === 'merge') {
      const into = scene.incidents.get(input['into'] ?? '');
      if (into === undefined || !LIVE.includes(into.status)) return refuse('wrong_status', 'into', 'name one that is not done');
      Object.assign(incident, { statusBeforeMerge: incident.status, status: IncidentStatus.MERGED, mergedInto: into.id, unitsBeforeMerge: [...incident.units] });
      if (incident.units.length > 0) other = into;
      goOver(incident.units, incident, into);
      note = into.id;
    }
    if (verb === 'unmerge') {
      note = incident.mergedInto;
      const into = scene.incidents.get(note)!;
      const back = incident.unitsBeforeMerge.filter((id) => into.units.includes(id));
      more = { stayed: incident.unitsBeforeMerge.filter((id) => !back.includes(id)) };
      goOver(back, into, incident);
      if (back.length > 0) other = into;
      const former = incident.statusBeforeMerge === IncidentStatus.ASSIGNED && back.length === 0 ? IncidentStatus.ACKNOWLEDGED : incident.statusBeforeMerge;
      Object.assign(incident, { status: former, statusBeforeMerge: IncidentStatus.UNSPECIFIED, mergedInto: '', unitsBeforeMerge: [] });
    }
    incident.version += 1n;
    tell(COMMAND_GROUP, rule.kind, { case: 'incident', value: incident }, note);
    if (other !== undefined) tellOther(other);
    return done(incident.id, incident.version, more);
  }

  return (path, input) => {
    const ofAlarm = /^\/api\/alarms\/(acknowledge|shelve|unshelve)$/.exec(path);
    if (ofAlarm !== null) return alarm(ofAlarm[1]!, input);
    if (path === '/api/incidents') return open(input);
    const [, id = '', verb = ''] = /^\/api\/incidents\/([^/]+)\/(\w+)$/.exec(path) ?? [];
    const incident = scene.incidents.get(id);
    if (incident === undefined) return refuse('not_found', 'incident', 'there is no such incident', 404);
    if (verb === 'note') {
      tell(COMMAND_GROUP, EventKind.INCIDENT_NOTED, { case: 'incident', value: incident }, input['note']);
      return done(incident.id, incident.version);
    }
    return verb in VERBS ? change(incident, verb, input) : refuse('not_found', 'path', 'there is no such command', 404);
  };
}
