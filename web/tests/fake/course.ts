// What was done in an incident: a test begins with what stood there in the beginning, whatever was tried before it.
import { IncidentStatus } from '../../src/gen/trongdong/v1/incident_pb';
import { UnitStatus } from '../../src/gen/trongdong/v1/unit_pb';
import { offer } from './dispatch';
import type { Line } from './replay';
import type { Scene } from './scene';

/** Remembers the courses as they are now. */
export function courseDesk(scene: Scene, timelines: Map<string, Line[]>) {
  const lines = new Map([...timelines].map(([id, all]): [string, Line[]] => [id, [...all]]));
  const there = new Map([...scene.incidents.values()].map(({ id, units }): [string, string[]] => [id, [...units]]));

  /** Units that were sent since go back to where they wait. */
  function free(id: string): void {
    const unit = scene.units.get(id);
    if (unit === undefined) return;
    offer(unit, '');
    Object.assign(unit, { incident: '', status: UnitStatus.AVAILABLE, version: unit.version + 1n });
  }

  return {
    /** `/fake/course?of=…`: the lines of that incident as they were in the beginning, and no unit but those that were there. */
    control(path: string, query: URLSearchParams): object | undefined {
      if (path !== '/fake/course') return undefined;
      const of = query.get('of') ?? '';
      const incident = scene.incidents.get(of);
      if (incident === undefined) return {};
      timelines.set(of, [...(lines.get(of) ?? [])]);
      const sent = incident.units.filter((unit) => !(there.get(of) ?? []).includes(unit));
      sent.forEach(free);
      incident.units = incident.units.filter((unit) => !sent.includes(unit));
      if (sent.length > 0 && incident.units.length === 0) incident.status = IncidentStatus.ACKNOWLEDGED;
      incident.version += 1n;
      return {};
    },
  };
}
