// How the fake node keeps calendars and policies of deadlines: by version, refusing what a cluster refuses.
import type { Answer, Input } from './decide';
import type { CalendarJson, PolicyJson } from '../../src/nouns/schedule';

const refuse = (code: string, field: string, message: string, status: number): Answer => ({ status, body: { code, field, message } });

export function scheduleDesk() {
  const calendars = new Map<string, CalendarJson>();
  const policies = new Map<string, PolicyJson>();

  /** As they stand at the beginning of each test that asks for it. */
  function reset(): void {
    calendars.clear();
    policies.clear();
    const hours = [1, 2, 3, 4, 5].flatMap((weekday) => [{ weekday, from_min: 480, until_min: 720 }, { weekday, from_min: 810, until_min: 1_020 }]);
    calendars.set('hanh-chinh', { id: 'hanh-chinh', name: 'Giờ hành chính', hours, national_holidays: true, days: [{ date: 20_260_222, as_weekday: 1, name: 'Làm bù' }], version: 2 });
    policies.set('tra-loi', {
      id: 'tra-loi', name: 'Trả lời người dân trong 5 ngày', obligation: 'answer_report', kinds: [], agency: '', admin_unit: null, calendar: 'hanh-chinh', within_ms: 5 * 450 * 60_000, disabled: false, version: 1,
      steps: [{ stage: 'nearly_late', offset_ms: -14_400_000, post: null }, { stage: 'late', offset_ms: 0, post: 'truc-ban' }],
    });
  }
  reset();

  function put<T extends { id: string; version: number }>(all: Map<string, T>, noun: string, record: T): Answer {
    const version = all.get(record.id)?.version ?? 0;
    if (record.version !== 0 && record.version !== version) return refuse('version_conflict', `${noun}.version`, `it is at version ${version}: look, then decide anew`, 409);
    all.set(record.id, { ...record, version: version + 1 });
    return { status: 200, body: { entity: record.id, version: 0 } };
  }

  return {
    /** Tests: `schedule` sets everything back; `schedule?touch=` lets somebody else change that calendar or policy. */
    control(path: string, query: URLSearchParams): object | undefined {
      if (path !== '/fake/schedule') return undefined;
      const touched = query.get('touch');
      if (touched === null) reset();
      else {
        const record = calendars.get(touched) ?? policies.get(touched);
        if (record !== undefined) record.version += 1;
      }
      return {};
    },
    ask(method: string, path: string): Answer | undefined {
      if (method !== 'GET') return undefined;
      if (path === '/api/calendars') return { status: 200, body: { items: [...calendars.values()], truncated: false } };
      return path === '/api/deadline-policies' ? { status: 200, body: { items: [...policies.values()], truncated: false } } : undefined;
    },
    decide(path: string, input: Input): Answer | undefined {
      if (path === '/api/calendars') {
        const calendar = input as unknown as CalendarJson;
        if (calendar.days.some((day) => day.date < 19_700_101)) return refuse('invalid', 'PutCalendar.calendar.days.date', 'is no date: write 20260217 for February 17, 2026', 422);
        return put(calendars, 'PutCalendar.calendar', calendar);
      }
      if (path !== '/api/deadline-policies') return undefined;
      const policy = input as unknown as PolicyJson;
      if (policy.within_ms > 366 * 86_400_000) return refuse('invalid', 'PutDeadlinePolicy.policy.within_ms', 'is not from 1 to 31622400000 ms', 422);
      return put(policies, 'PutDeadlinePolicy.policy', policy);
    },
  };
}
