import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { enAdmin } from '../i18n/admin.en';
import { viAdmin } from '../i18n/admin.vi';
import { accountsOf, adviceTally, glassesOf, isDerived, keepingOf, linesOf, matching, namesSaid, onDuty, phaseOf, postsOf, postToWire, reasonWords, remitsOf, remitToWire, rulesToWire, unsaidWords, whatSaid, withoutShift, withShift } from './register';

test('people come by name, and an unknown role may only look', () => {
  const base = { districts: [], everywhere: true, disabled: false, unit: null };
  const found = accountsOf({ items: [{ ...base, id: 'minh', name: 'Minh', role: 'auditor' }, { ...base, id: 'lan', name: 'Lê Thị Lan', role: 'emperor' }] });
  expect(found.map(({ id, role, unit }) => [id, role, unit])).toEqual([['lan', 'viewer', ''], ['minh', 'auditor', '']]);
  expect(matching(found, 'thị').map(({ id }) => id)).toEqual(['lan']);
  expect(matching(found, '')).toHaveLength(2);
});

test('a remit comes from the wire and goes back as it came, with the names of fields on screens in between', () => {
  const wire = { person: 'lan', remit: { fields: ['fire', 'public_order'], agencies: ['PCCC'] } };
  const [remit] = remitsOf({ items: [wire] });
  expect(remit!.fields).toEqual(['fire', 'public-order']);
  expect(remitToWire(remit!)).toEqual(wire);
});

test('a shift goes in by its beginning, once, and comes out as it went in', () => {
  const wire = { id: 'truc-ban', name: 'Trực ban', above: null, shifts: [{ person: 'lan', from_ms: 10, until_ms: 20 }] };
  const [post] = postsOf({ items: [wire] });
  expect(postToWire(post!)).toEqual(wire);
  const more = withShift(post!, { person: 'minh', fromMs: 5, untilMs: 10 })!;
  expect(more.shifts.map(({ person }) => person)).toEqual(['minh', 'lan']);
  expect(withShift(more, { person: 'lan', fromMs: 19, untilMs: 30 })).toBeUndefined();
  expect(withShift(more, { person: 'lan', fromMs: 20, untilMs: 30 })!.shifts).toHaveLength(3);
  expect([onDuty(more, 9), onDuty(more, 10), onDuty(more, 20)]).toEqual([['minh'], ['lan'], []]);
  expect(withoutShift(more, more.shifts[0]!).shifts).toEqual(post!.shifts);
});

test('rules of erasure follow those that were seen, and a kind of no days has none', () => {
  const keeping = keepingOf({ number: 3, rules: [{ kind: 'contact', days: 365 }, { kind: 'later-kind', days: 1 }] }, { days: 90 });
  expect(keeping).toEqual({ number: 3, days: { caller: 0, contact: 365, report: 0 }, photoDays: 90 });
  expect(rulesToWire(keeping.number, { caller: 30, contact: 0, report: 730 })).toEqual({ number: 4, rules: [{ kind: 'caller', days: 30 }, { kind: 'report', days: 730 }] });
  expect(rulesToWire(0, keepingOf({ number: 0, rules: [] }, { days: 0 }).days)).toEqual({ number: 1, rules: [] });
});

test('what is for a time is ahead, on or over', () => {
  expect(phaseOf({ fromMs: 9, untilMs: 4 }, 5)).toBe('over');
  expect([phaseOf({ fromMs: 5, untilMs: 9 }, 4), phaseOf({ fromMs: 5, untilMs: 9 }, 5), phaseOf({ fromMs: 5, untilMs: 9 }, 9)]).toEqual(['ahead', 'on', 'over']);
});

test('only who has used emergency access is listed, the newest first', () => {
  const glass = (at: number) => ({ reason: 'lũ', begun_at_ms: at, until_ms: at + 9 });
  const found = glassesOf({ items: [{ person: 'a', glass: glass(1) }, { person: 'b', glass: null }, { person: 'c', glass: glass(5) }] });
  expect(found.map(({ person }) => person)).toEqual(['c', 'a']);
});

test('a line whose payload was erased still stands there', () => {
  const told = { kind: 'read', name: 'RecordRead', by: 'lan', from: '', what: 'camera/c1', why: 'điều tra', refused: '', acts_for: 'minh', broken_glass: true, key: '' };
  const { lines, nextBefore } = linesOf({ items: [{ number: 9, at_ms: 1, told, withheld: true }, { number: 8, at_ms: 1, withheld: false, erased: { record: 12, at_ms: 5, rule: 3, said: '' } }], next_before: 8 });
  expect([lines[0]!.told!.actsFor, lines[0]!.told!.brokenGlass, lines[1]!.told, nextBefore]).toEqual(['minh', true, undefined, 8]);
  expect([lines[0]!.withheld, lines[0]!.erased, lines[1]!.withheld]).toEqual([true, undefined, false]);
  expect(lines[1]!.erased).toEqual({ record: 12, atMs: 5, rule: 3, said: '' });
});

test('a reason that is a noun is said in the reader’s language, and words as they were said', () => {
  const words = { call: 'Call', incident: 'Incident', report: 'Report', instruction: 'Instruction', warning: 'Warning', room: 'Room', screen: 'Screen', program: 'Program' };
  expect(reasonWords('call/C7', words)).toBe('Call C7');
  expect(reasonWords('screen/wall', words)).toBe('Screen wall');
  expect(reasonWords('program/audit', words)).toBe('Program audit');
  for (const said of ['', '-', 'lũ quét', 'call/C7 gọi lại', 'photo/1f0c']) expect(reasonWords(said, words)).toBe(said);
});

test('what was looked at is said in the reader’s language; ids stay, and so does what is not known here', () => {
  const { lookedAt } = viAdmin.record;
  const said: Record<string, string> = {
    'record/0': 'Nhật ký, nhóm 0',
    'record/0 newest': 'Nhật ký, nhóm 0, mới nhất',
    'record/3 before 120 by lan': 'Nhật ký, nhóm 3, trước dòng 120, của lan',
    'audit/0 after 40': 'Bản tải nhật ký, nhóm 0, sau dòng 40',
    'screen/calls': 'Thông tin người gọi trên màn hình',
    calls: 'Danh sách cuộc gọi',
    'call/C13': 'Cuộc gọi C13',
    'camera/c-12': 'Camera c-12',
    'photo/1f0c': 'Ảnh 1f0c',
    'course/I7': 'Diễn biến sự cố I7',
    reports: 'Danh sách phản ánh',
    'reports/I7': 'Danh sách phản ánh I7',
    backup: 'Bản sao lưu',
  };
  for (const [what, words] of Object.entries(said)) expect(whatSaid(what, lookedAt)).toBe(words);
  expect(whatSaid('course/I1, call/C7', lookedAt)).toBe('Diễn biến sự cố I1, Cuộc gọi C7');
  expect(whatSaid('record/0 newest', enAdmin.record.lookedAt)).toBe('Record, group 0, newest');
  for (const what of ['', 'I4819', 'I4817 → I4819', 'film/1f0c', 'callers', '#3', 'record/khác']) expect(whatSaid(what, lookedAt).replace('Nhật ký, nhóm ', 'record/')).toBe(what);
});

test('whatever a node records a look at has words here', () => {
  const edge = new URL('../../../gateway/edge/src/', import.meta.url);
  const files = readdirSync(edge, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.rs') && !name.startsWith('tests'));
  const source = files.map((name) => readFileSync(new URL(name, edge), 'utf8').split('#[cfg(test)]')[0]!).join('\n');
  // Looked at by name; and what these hand on: the camera's, the record's, the export's, a screen's callers.
  const found = [/(?:look|glance)\(&?caller, (?:&format!\()?"([a-z]+)/g, /what\) = .*format!\("([a-z]+)\//g, /let what = format!\("([a-z]+)\//g, /format!\("(record)\//g, /CALLERS: &str = "([a-z/]+)"/g].flatMap((way) => [...source.matchAll(way)].map(([, name]) => name!));
  const { newest: _newest, before: _before, after: _after, by: _by, ...nouns } = viAdmin.record.lookedAt;
  expect([...new Set(found)].sort()).toEqual(Object.keys(nouns).sort());
});

test('where nobody said why, what it follows from is said and marked, and that there is none is said plainly', () => {
  const told = { kind: 'system', name: 'FireDeadline', by: '', from: '', what: '', why: '', refused: '', acts_for: '', broken_glass: false, key: '', exercise: false };
  const { lines } = linesOf({ items: [{ number: 1, at_ms: 1, told: { ...told, unsaid: { code: 'deadline_due', of: 'I1' } }, withheld: false }, { number: 2, at_ms: 1, told: { ...told, why: 'lũ' }, withheld: false }], next_before: 0 });
  expect(lines.map((line) => line.told?.unsaid)).toEqual([{ code: 'deadline_due', of: 'I1' }, undefined]);
  const words = { deadline_due: 'a deadline was due', none_given: 'no reason was given' };
  expect(unsaidWords({ code: 'deadline_due', of: 'I1' }, words)).toBe('a deadline was due: I1');
  expect(unsaidWords({ code: 'none_given', of: '' }, words)).toBe('no reason was given');
  expect(unsaidWords({ code: 'of_a_later_release', of: 'X' }, words)).toBe('of_a_later_release: X');
  expect(['deadline_due', 'key', 'asked', 'of_a_later_release'].map((code) => isDerived({ code, of: '' }))).toEqual([true, true, true, true]);
  expect(['none_given', 'within', 'withheld'].map((code) => isDerived({ code, of: '' }))).toEqual([false, false, false]);
});

test('whatever the cluster derives has words here', () => {
  const source = readFileSync(new URL('../../../consensus/domain/src/audit/why.rs', import.meta.url), 'utf8');
  const codes = [...source.matchAll(/^    \w+ = "(\w+)",$/gm)].map(([, code]) => code!);
  expect(codes.length).toBeGreaterThan(40);
  expect(Object.keys(viAdmin.record.unsaid).sort()).toEqual([...codes, 'withheld'].sort());
});

test('whatever a log may hold, and each refusal, has words here in both languages', () => {
  const list = readFileSync(new URL('../../../consensus/domain/src/command.rs', import.meta.url), 'utf8').split('commands! {')[1]!;
  const names = [...list.matchAll(/^    ([A-Z]\w+) (?:\[\]|\{)/gm)].map(([, name]) => name!);
  expect(names).toContain('OpenIncident');
  expect(names.length).toBeGreaterThan(130);
  const source = readFileSync(new URL('../../../consensus/domain/src/person.rs', import.meta.url), 'utf8').split('impl RefusalCode')[1]!;
  const codes = [...source.split('\n}\n')[0]!.matchAll(/=> "(\w+)",$/gm)].map(([, code]) => code!);
  expect(codes.length).toBeGreaterThan(10);
  for (const { record } of [viAdmin, enAdmin]) {
    expect(Object.keys(record.acts).sort()).toEqual([...names].sort());
    expect(Object.values(record.acts).filter((words) => words.trim() === '' || names.includes(words))).toEqual([]);
    expect(Object.keys(record.refusals).sort()).toEqual([...codes].sort());
  }
});

test('what was done is found by its words, with and without marks', () => {
  expect(namesSaid('Gộp sự', viAdmin.record.acts)).toEqual(['MergeIncident']);
  expect(namesSaid(' gop su co ', viAdmin.record.acts)).toEqual(['MergeIncident']);
  expect(namesSaid('', viAdmin.record.acts)).toEqual([]);
});

test('whether a form was filled in as it suggested is told of the line, and counted of what was done', () => {
  const told = { kind: 'change', name: 'FileReport', by: 'mai', from: '', what: '', why: '', refused: '', acts_for: '', broken_glass: false, key: '', exercise: false };
  const advised = { kind: 'public_order', kind_taken: true, severity: 'high', severity_taken: false };
  const of = (number: number, more: object) => ({ number, at_ms: 1, withheld: false, told: { ...told, ...more } });
  const { lines } = linesOf({ items: [of(3, { advised }), of(2, {}), of(1, { advised, refused: 'limit' })], next_before: 0 });
  expect(lines[0]!.told!.advised).toEqual({ kind: 'public-order', kindTaken: true, severity: 4, severityTaken: false });
  expect(lines[1]!.told!.advised).toBeUndefined();
  expect(adviceTally(lines)).toEqual({ of: 1, kinds: 1, severities: 0 });
});
