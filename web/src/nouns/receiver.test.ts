import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { en } from '../i18n/en';
import { vi } from '../i18n/vi';
import { channelOf, differs, draftOf, furtherKinds, lackOfReceiver, NOTICE_KINDS, plainAddress, receiversOf, receiverToWire } from './receiver';

const raw = {
  id: 'b', name: 'B', url: 'https://b', kinds: ['incident_opened', 'call_offered'], admin_unit: null, disabled: false, newest: 45, confirmed: 42, missed: 7,
  given_up: { count: 2, number: 41, reason: '410 Gone', at_ms: 5 },
};
const known = (code: string) => code === '05716';
const crew = (id: string) => id === 'unit-001';

test('what waits is what was not confirmed, and the newest that was refused stands there with its cause', () => {
  const [first, second] = receiversOf({ items: [raw, { ...raw, id: 'a', given_up: undefined }], truncated: false });
  expect(first).toMatchObject({ id: 'a', givenUp: undefined });
  expect(second).toMatchObject({ id: 'b', waiting: 3, missed: 7, givenUp: { count: 2, number: 41, reason: '410 Gone', atMs: 5 } });
});

test('an amendment keeps kinds that the screen does not offer, and sends no secret that was not typed', () => {
  const [receiver] = receiversOf({ items: [raw], truncated: false });
  const draft = draftOf(receiver!);
  expect(furtherKinds(draft.kinds)).toEqual(['call_offered']);
  expect(receiverToWire(draft, '', 0)).toEqual({ id: 'b', name: 'B', url: 'https://b', kinds: raw.kinds, admin_unit: null, unit: null, disabled: false });
  expect(receiverToWire({ ...draft, adminUnit: '05716', unit: 'unit-001' }, 's', 3)).toMatchObject({ admin_unit: '05716', unit: 'unit-001', secret: 's', expected_version: 3 });
  expect(receiversOf({ items: [{ ...raw, unit: 'unit-001' }], truncated: false })[0]?.unit).toBe('unit-001');
  expect([differs(draft, draftOf(receiver!)), differs(draft, { ...draft, name: 'C' })]).toEqual([false, true]);
});

test('an address names its channel as the cluster has it, and is shown without what may be a password', () => {
  expect(['https://a/b', 'http://a', 'mailto:a@b', 'wss:', 'wss://a', 'ftp://a', 'https://', 'mailto:a', 'wss:x'].map(channelOf)).toEqual(['web', 'web', 'mail', 'conveyance', 'conveyance', undefined, undefined, undefined, undefined]);
  expect(plainAddress('https://to:secret@a.vn/in?key=secret#x')).toBe('https://a.vn/in?…');
  expect(plainAddress('mailto:a@b.vn')).toBe('mailto:a@b.vn');
  expect(['sms+https://a/b?c=d#+84905123456', 'sms+http://a#+84905123456', 'sms+https://a', 'sms+https://a#0905123456', 'sms+https://a#+84905', 'sms+https://#+84905123456', 'sms:+84905123456', 'sms+wss://a#+84905123456'].map(channelOf)).toEqual(['sms', 'sms', undefined, undefined, undefined, undefined, undefined, undefined]);
  expect(plainAddress('sms+https://to:secret@a.vn/in?key=secret#+84905123456')).toBe('https://a.vn/in?… +84905123456');
});

test('what lacks is said by its field, in the order of the form', () => {
  const draft = { id: 'a', name: 'A', url: 'https://a', kinds: ['incident_opened'], adminUnit: '', unit: '', disabled: false };
  const lacks = [{ id: 'đ' }, { name: ' ' }, { url: 'a' }, { adminUnit: 'x' }, { unit: 'x' }, { kinds: [] }, {}].map((more) => lackOfReceiver({ ...draft, ...more }, known, crew));
  expect(lacks).toEqual(['id', 'name', 'url', 'admin_unit', 'unit', undefined, undefined]);
  expect(lackOfReceiver({ ...draft, adminUnit: '05716', unit: 'unit-001' }, known, crew)).toBeUndefined();
});

test('every event that is offered is one of the cluster, with words of its own in both languages', () => {
  const kinds = readFileSync(new URL('../../../consensus/domain/src/event.rs', import.meta.url), 'utf8');
  for (const kind of Object.values(NOTICE_KINDS).flat()) {
    expect(kinds).toContain(`= "${kind}"`);
    expect([vi.incident.event[kind], en.incident.event[kind]], kind).not.toContain(undefined);
  }
});
