// Reports that wait for a person, as the fake node keeps them: taken, gathered, opened from, answered, set aside, each on the version seen.
import { create } from '@bufbuild/protobuf';
import { PlaceSchema } from '../../src/gen/trongdong/v1/common_pb';
import { EventKind, type Event } from '../../src/gen/trongdong/v1/event_pb';
import { IncidentKind } from '../../src/gen/trongdong/v1/incident_pb';
import { ReportChannel, WaitingReportSchema, WaitReason, type WaitingReport } from '../../src/gen/trongdong/v1/report_pb';
import type { Answer, Input } from './decide';
import type { Scene } from './scene';

const TAKEN_MS = 900_000n;
const WHY: Record<string, WaitReason> = { filed: WaitReason.FILED, set_back: WaitReason.SET_BACK, reopened: WaitReason.REOPENED, unanswered: WaitReason.UNANSWERED };
type Tell = (kind: EventKind, subject: Event['subject'], note?: string) => void;
const refuse = (code: string, field: string, message: string, status = 409): Answer => ({ status, body: { code, field, message } });

export function waitingDesk(scene: Scene, tell: Tell, decide: (path: string, input: Input) => Answer) {
  const waiting = new Map<string, WaitingReport>();
  const now = () => BigInt(Date.now());

  function show(kind: EventKind, report: WaitingReport): void {
    // A record that goes out must not change under the frames that hold it.
    const shown = create(WaitingReportSchema, { ...report });
    if (report.why === WaitReason.SETTLED) waiting.delete(report.code);
    else waiting.set(report.code, shown);
    tell(kind, { case: 'waitingReport', value: shown }, report.code);
  }

  return {
    /** Tests: `report?code=..&text=..` files one, `&channel=DEVICE` a device's; `photo?code=..` sends a photo with it; `taken?code=..&by=..` is somebody elsewhere; `waiting` settles all. */
    control(path: string, query: URLSearchParams): object | undefined {
      const of = (name: string) => query.get(name) ?? '';
      if (path === '/fake/waiting') {
        for (const report of [...waiting.values()]) show(EventKind.REPORT_ANSWERED, { ...report, why: WaitReason.SETTLED, version: report.version + 1n });
      } else if (path === '/fake/report') {
        const commune = scene.communes[0]!;
        const like = scene.incidents.get(of('near'))?.place;
        const since = now() - BigInt(Number(of('minutes')) * 60_000);
        show(EventKind.REPORT_FILED, create(WaitingReportSchema, {
          code: of('code'), text: of('text'), channel: ReportChannel[of('channel') as keyof typeof ReportChannel] ?? ReportChannel.WEB, kind: IncidentKind[of('kind') as keyof typeof IncidentKind] ?? IncidentKind.UNSPECIFIED,
          place: like ?? create(PlaceSchema, { adminUnit: commune.code, address: 'Tổ 5' }),
          why: WHY[of('why')] ?? WaitReason.FILED, note: of('note'), incident: of('incident'), receivedAtMs: since, sinceMs: since, version: 1n, exercise: of('exercise') === '1',
        }));
      } else if (path === '/fake/photo' || path === '/fake/taken') {
        const report = waiting.get(of('code'));
        if (report === undefined) return {};
        if (path === '/fake/photo') show(EventKind.REPORT_SUPPLEMENTED, { ...report, photos: report.photos + 1, lastPhotoAtMs: now(), asideUntilMs: 0n, asideBy: '', asideReason: '' });
        else show(EventKind.REPORT_TAKEN, { ...report, takenBy: of('by'), takenAtMs: now(), takenUntilMs: now() + TAKEN_MS, version: report.version + 1n });
      } else return undefined;
      return {};
    },
    decide(path: string, input: Input, by: string): Answer | undefined {
      const [, code = '', verb = ''] = /^\/api\/reports\/([^/]+)\/(\w+)$/.exec(path) ?? [];
      const known = waiting.get(code);
      if (known === undefined) return undefined;
      const asked = input as unknown as { expected_version: number; take?: boolean; for_ms?: number; reason?: string; incident?: string; kind?: string; severity?: string; place?: object };
      if (asked.expected_version !== Number(known.version)) return refuse('version_conflict', 'expected_version', `it is at version ${known.version}: look, then decide anew`);
      const free = { takenBy: '', takenAtMs: 0n, takenUntilMs: 0n, asideBy: '', asideUntilMs: 0n, asideReason: '' };
      const next: WaitingReport = { ...known, ...free, version: known.version + 1n };
      const done = (): Answer => ({ status: 200, body: { entity: code, version: Number(next.version) } });
      if (verb === 'take') {
        if (asked.take === true) Object.assign(next, { takenBy: by, takenAtMs: now(), takenUntilMs: now() + TAKEN_MS });
        show(asked.take === true ? EventKind.REPORT_TAKEN : EventKind.REPORT_GIVEN_BACK, next);
        return done();
      }
      if (verb === 'aside') {
        Object.assign(next, { asideBy: by, asideUntilMs: now() + BigInt(asked.for_ms ?? 0), asideReason: asked.reason ?? '' });
        show(EventKind.REPORT_SET_ASIDE, next);
        return done();
      }
      if (verb === 'link' && asked.incident === undefined) {
        const { latitudeE7 = 0, longitudeE7 = 0, adminUnit = '', address = '' } = known.place ?? {};
        const place = asked.place ?? { latitude_e7: latitudeE7, longitude_e7: longitudeE7, admin_unit: adminUnit, address };
        const opened = decide('/api/incidents', { kind: asked.kind, severity: asked.severity, summary: known.text, place, exercise: known.exercise } as unknown as Input);
        if (opened.status !== 200) return opened;
      } else if (verb === 'link' && !scene.incidents.has(asked.incident ?? '')) return refuse('not_found', 'incident', 'there is no such incident', 404);
      show(verb === 'link' ? EventKind.REPORT_LINKED : EventKind.REPORT_ANSWERED, { ...next, why: WaitReason.SETTLED });
      return done();
    },
    snapshot: () => ({ waitingReports: [...waiting.values()] }),
  };
}
