// The public's routes of the fake node: reports under codes, as a real node gives them to people without an account; and the same
// reports for those who handle them.
import type { Incident } from '../../src/gen/trongdong/v1/incident_pb';
import type { ClockJson } from '../../src/nouns/clock';
import type { Input } from './decide';

const STATUS = {
  received: { vi: 'Đã tiếp nhận, đang chờ xử lý', en: 'Received, waiting to be handled' },
  in_hand: { vi: 'Đang được xử lý', en: 'Being handled' },
  answered: { vi: 'Đã có trả lời', en: 'Answered' },
};
const STEP = {
  received: { vi: 'Trung tâm đã tiếp nhận', en: 'The centre received it' },
  in_hand: { vi: 'Đã chuyển xử lý', en: 'It is being handled' },
  set_back: { vi: 'Đang xem xét lại', en: 'It is being looked at again' },
  answered: { vi: 'Cơ quan đã trả lời', en: 'The agency answered' },
  reopened: { vi: 'Người gửi yêu cầu xử lý lại', en: 'The sender opened it again' },
};
const KIND: Record<string, { vi: string; en: string }> = {
  flood: { vi: 'Ngập lụt', en: 'Flooding' },
  infrastructure: { vi: 'Điện, đường, cầu, sạt lở', en: 'Power, roads, bridges, landslides' },
};

/** A clock that has taken its first steps; `round` 0 is the one that stays visible when the report is opened again. */
const answering = (number: number, round: number, more: Partial<ClockJson>): ClockJson => ({
  number, obligation: 'answer_report', round, status: 'running', stage: 'on_time', due_at_ms: 0, first_due_at_ms: 0, promises: 0, paused_at_ms: 0,
  pause_reason: '', ended_at_ms: 0, told: [], acknowledged_by: null, acknowledged_at_ms: 0, version: 1, ...more,
});

interface FakeReport {
  code: string;
  key: string;
  text: string;
  kind: string;
  place: { admin_unit: string; address: string };
  contact: string;
  status: keyof typeof STATUS;
  steps: { kind: keyof typeof STEP; at_ms: number; note: string }[];
  answer: string;
  rating: number;
  rating_note: string;
  incident: string;
  version: number;
  /** The way that it came, and the channel's own reference. */
  channel: string;
  reference: string;
  /** What was sent with it. */
  photos: Buffer[];
  /** By when its sender has an answer, as the list has it. */
  clocks: ClockJson[];
}

export interface PublicAnswer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

const MINUTE_MS = 60_000;
const plain = (code: string) => (code.startsWith('device.') ? code : code.replaceAll('-', '').toUpperCase());

/** Reports of the scene: one that was answered, one gathered in an incident, one that waits. */
export function publicDesk(communes: { code: string; name: string; nameEn: string }[], incidents: Map<string, Incident>, nowMs: number) {
  const reports = new Map<string, FakeReport>();
  const put = (report: Partial<FakeReport> & { code: string; text: string }) => {
    const ago = (minutes: number) => nowMs - minutes * MINUTE_MS;
    const full: FakeReport = {
      key: '', kind: '', contact: '', status: 'received', answer: '', rating: 0, rating_note: '', incident: '', version: 1, channel: 'web', reference: '', photos: [], clocks: [],
      place: { admin_unit: communes[0]!.code, address: 'Tổ 5' }, steps: [{ kind: 'received', at_ms: ago(95), note: '' }], ...report,
    };
    reports.set(plain(report.code), full);
    return full;
  };
  put({
    code: '7K3FQ-9XM2A-BCDEH', text: 'Ổ gà lớn trước cổng trường, tối qua có người ngã xe.', kind: 'infrastructure', status: 'answered',
    answer: 'Đội quản lý đường bộ đã vá xong lúc 10 giờ. Cảm ơn bạn.', version: 4,
    steps: [
      { kind: 'received', at_ms: nowMs - 190 * MINUTE_MS, note: '' },
      { kind: 'in_hand', at_ms: nowMs - 180 * MINUTE_MS, note: '' },
      { kind: 'answered', at_ms: nowMs - 20 * MINUTE_MS, note: 'Đội quản lý đường bộ đã vá xong lúc 10 giờ. Cảm ơn bạn.' },
    ],
  });
  const fire = incidents.get('I4819');
  put({ code: '4HTQW-22MXA-9BCD1', text: 'Khói đen rất to sau chợ, nghe tiếng nổ nhỏ.', kind: 'fire', contact: '0905 000 001', status: 'in_hand', incident: 'I4819', version: 2, place: { admin_unit: fire?.place?.adminUnit ?? '', address: 'Sau chợ' } });
  put({ code: '9QXMB-0C1DE-2F3G4', text: 'Cháy kho, lửa lan sang nhà bên.', kind: 'fire', place: { admin_unit: fire?.place?.adminUnit ?? '', address: 'Ngõ 12' } });
  // Of the river's gauge, which opened its incident; and of a rain gauge, which joined one that people told of.
  const device = (code: string, id: string, reference: string, text: string) =>
    put({ code: `device.${code}`, channel: 'device', reference, text, kind: 'flood', status: 'in_hand', incident: id, version: 1, place: { admin_unit: incidents.get(id)?.place?.adminUnit ?? '', address: '' } });
  device('5f0c2a7be91d4c6388a1f0e2', 'I4821', 'wl-gia-bay/level-3', 'Nước sông Cầu tại Gia Bảy 27,3 m, vượt 27 m');
  device('a93be7714d0c52f6e8b1c904', 'I4815', 'rain-dinh-hoa/level-2', 'Mưa tại Định Hóa 82 mm, vượt 50 mm');
  /** The smoke's report was answered late, its sender opened it again, and it is late again. */
  function resetClocks(acknowledged = true): void {
    const [first, due] = [nowMs - 120 * MINUTE_MS, nowMs - 10 * MINUTE_MS];
    reports.get('4HTQW22MXA9BCD1')!.clocks = [
      answering(1, 0, { status: 'met', stage: 'late', due_at_ms: first, first_due_at_ms: first, ended_at_ms: first + 5 * MINUTE_MS, version: 4 }),
      answering(2, 1, { stage: 'late', due_at_ms: due, first_due_at_ms: due, told: ['hoa'], version: acknowledged ? 4 : 3, ...(acknowledged ? { acknowledged_by: 'lan', acknowledged_at_ms: due + MINUTE_MS } : {}) }),
    ];
  }
  resetClocks();
  const control = { busy: 0, lost: 0, message: '' };

  const refusal = (status: number, code: string, field: string, message: string, message_en: string, headers?: Record<string, string>): PublicAnswer => ({ status, body: { code, field, message, message_en }, headers });
  const noReport = () => refusal(404, 'not_found', 'code', 'Không có phản ánh nào với mã này. Hãy xem lại mã, hoặc gọi 1022.', 'There is no report under this code. Look at the code again, or call 1022.');

  function followed(report: FakeReport): unknown {
    const { code, status, text, place, steps, answer, rating } = report;
    return {
      code, status, status_text: STATUS[status], kind: report.kind || null, kind_text: KIND[report.kind] ?? null, text,
      place: { ...place, name: communes.find((commune) => commune.code === place.admin_unit)?.name ?? '' },
      received_at_ms: steps[0]!.at_ms, updated_at_ms: steps.at(-1)!.at_ms, history: steps.map((step) => ({ ...step, text: STEP[step.kind] })),
      answer: answer || null, rating: rating || null, can_respond: status === 'answered',
      waiting_message: control.message === '' || status === 'answered' ? null : { vi: control.message, en: control.message },
      photos_sent: report.photos.length,
      answer_photos: status === 'answered' ? [{ url: `/api/public/reports/${code}/files/${'a1'.repeat(32)}`, width: 640, height: 480, note: 'Mặt đường sau khi vá' }] : [],
    };
  }

  function step(report: FakeReport, kind: keyof typeof STEP, note = ''): void {
    report.steps.push({ kind, at_ms: Date.now(), note });
    report.version += 1;
  }

  /** What the public asks; undefined: this is no route of theirs. */
  function ask(method: string, path: string, input: Input): PublicAnswer | undefined {
    if (!path.startsWith('/api/public/')) return undefined;
    if (path === '/api/public/communes') return { status: 200, body: communes.map(({ code, name, nameEn }) => ({ code, name, name_en: nameEn })) };
    const [, code, verb] = /^\/api\/public\/reports(?:\/([^/]+))?(?:\/(\w+))?$/.exec(path) ?? [];
    const raw = input as unknown as Record<string, unknown>;
    if (method === 'POST' && code === undefined) {
      if (control.busy > 0) {
        control.busy -= 1;
        return refusal(429, 'busy', '', 'Đang có quá nhiều yêu cầu.', 'Too many requests.', { 'retry-after': '2' });
      }
      const known = [...reports.values()].find(({ key }) => key === raw['key']);
      const serial = String(reports.size).padStart(4, '0');
      const place = raw['place'] as FakeReport['place'];
      const report = known ?? put({ code: `NEWAA-BBBCC-C${serial}`, text: String(raw['text']), key: String(raw['key']), kind: String(raw['kind'] ?? ''), contact: String(raw['contact']), place, steps: [{ kind: 'received', at_ms: Date.now(), note: '' }] });
      if (control.lost > 0) {
        control.lost -= 1;
        return { status: 503, body: { code: 'unknown', field: '', message: '', message_en: '' } };
      }
      return { status: 201, body: { code: report.code } };
    }
    const report = reports.get(plain(decodeURIComponent(code ?? '')));
    if (report === undefined) return noReport();
    if (method === 'GET') return { status: 200, body: followed(report) };
    if (report.status !== 'answered') return refusal(409, 'wrong_status', 'code', 'Phản ánh này chưa có trả lời mới.', 'This report has no new answer yet.');
    if (verb === 'rating') {
      report.rating = Number(raw['rating']);
      report.rating_note = String(raw['note']);
      report.version += 1;
    } else {
      report.status = report.incident === '' ? 'received' : 'in_hand';
      step(report, 'reopened', String(raw['reason']));
    }
    return { status: 204, body: undefined };
  }

  /** Takes a photo, as a node does: the same one once. */
  function attach(code: string, photo: Buffer): PublicAnswer {
    const report = reports.get(plain(code));
    if (report === undefined) return noReport();
    const isPhoto = photo.subarray(0, 2).equals(Buffer.from([0xff, 0xd8])) || photo.subarray(1, 4).toString() === 'PNG';
    const isClip = photo.subarray(4, 8).toString() === 'ftyp';
    if (!isPhoto && !isClip) return refusal(422, 'invalid', 'photo', 'Tệp này không phải ảnh.', 'This file is no photo.');
    if (!report.photos.some((known) => known.equals(photo))) report.photos.push(photo);
    // It is taken, and nobody hears of it.
    if (control.lost > 0) {
      control.lost -= 1;
      return { status: 503, body: { code: 'unknown', field: '', message: '', message_en: '' } };
    }
    return { status: 201, body: { photos: report.photos.length, photos_max: 4 } };
  }

  const told = (report: FakeReport) => {
    const { code, channel, reference, status, kind, text, place, contact, incident, answer, rating, rating_note, version, steps, clocks } = report;
    const reopened = steps.filter((known) => known.kind === 'reopened');
    return {
      code: plain(code), channel, reference, status, kind: kind || null, text, place: { ...place, latitude_e7: 0, longitude_e7: 0 }, contact, received_at_ms: steps[0]!.at_ms,
      incident: incident || null, answer, answered_at_ms: 0, rating, rating_note, reopened_count: reopened.length, reopened_because: reopened.at(-1)?.note ?? '', version, clocks,
    };
  };

  /** The list for those who handle reports. */
  function list(query: URLSearchParams): unknown {
    const fits = (report: FakeReport) =>
      (!query.has('incident') || report.incident === query.get('incident')) &&
      (!query.has('late') || report.clocks.some((clock) => clock.ended_at_ms === 0 && clock.stage !== 'on_time' && clock.acknowledged_at_ms === 0)) &&
      (!query.has('status') || report.status === query.get('status')) &&
      (!query.has('admin_unit') || report.place.admin_unit === query.get('admin_unit'));
    return { items: [...reports.values()].filter(fits).map(told), truncated: false };
  }

  /** A clock of a report is acknowledged, stopped, or runs again; undefined: the command is of another one. */
  function decideClock(path: string, input: Input, by: string): { status: number; body: unknown } | undefined {
    const raw = input as unknown as { clock?: { of: { report?: string }; number: number }; expected_version?: number; reason?: string };
    const verb = /^\/api\/clocks\/(acknowledge|pause|resume)$/.exec(path)?.[1];
    const code = raw.clock?.of.report;
    if (verb === undefined || code === undefined) return undefined;
    const clock = reports.get(plain(code))?.clocks.find(({ number }) => number === raw.clock?.number);
    if (clock === undefined) return { status: 404, body: { code: 'not_found', field: 'clock', message: '' } };
    if (clock.version !== raw.expected_version) return { status: 409, body: { code: 'version_conflict', field: 'expected_version', message: '' } };
    if (verb === 'acknowledge') Object.assign(clock, { acknowledged_by: by, acknowledged_at_ms: Date.now() });
    else if (verb === 'pause') Object.assign(clock, { status: 'paused', paused_at_ms: Date.now(), pause_reason: raw.reason, due_at_ms: 0 });
    else Object.assign(clock, { status: 'running', paused_at_ms: 0, due_at_ms: Date.now() + MINUTE_MS });
    clock.version += 1;
    return { status: 200, body: { entity: `${code}#${clock.number}`, version: clock.version } };
  }

  /** What those who handle reports decide; undefined: this is no command about one. */
  function decide(path: string, input: Input): { status: number; body: unknown } | undefined {
    const [, code, verb] = /^\/api\/reports\/([^/]+)\/(link|unlink|answer)$/.exec(path) ?? [];
    if (code === undefined) return undefined;
    const raw = input as unknown as Record<string, unknown>;
    const report = reports.get(plain(code));
    if (report === undefined) return { status: 404, body: { code: 'not_found', field: 'report', message: '' } };
    if (report.version !== raw['expected_version']) return { status: 409, body: { code: 'version_conflict', field: 'expected_version', message: '' } };
    if (verb === 'link') {
      Object.assign(report, { incident: raw['incident'], status: 'in_hand' });
      step(report, 'in_hand');
    } else if (verb === 'unlink') {
      Object.assign(report, { incident: '', status: 'received' });
      step(report, 'set_back');
    } else {
      Object.assign(report, { status: 'answered', answer: raw['answer'] });
      step(report, 'answered', String(raw['answer']));
    }
    return { status: 200, body: { entity: report.code, version: report.version } };
  }

  return { ask, attach, list, decide, decideClock, resetClocks, control, count: () => reports.size };
}
