import { expect, test } from 'vitest';
import { endedBy, following, inForce, missing, standing, warningOf, type Draft, type WarningWire } from './warning';

const text = (language: string, words = 'x') => ({ language, event: words, headline: words, description: words, instruction: words });
const wire = (more: Partial<WarningWire> = {}): WarningWire => ({
  id: 'W1', incident: 'I1', message: 'alert', of: null, references: [], status: 'published', drafted_by: 'lan', drafted_at_ms: 1, decided_by: null,
  sent_at_ms: 2, reason: '', version: 2, ...more,
  content: {
    purpose: 'actual', sender: 'ioc.example.vn', sender_name: 'IOC', response: 'evacuate', expires_at_ms: 100,
    texts: [text('vi'), text('en')], areas: [{ admin_unit: 'a', name: 'Xã a' }],
  },
});

test('a message stands until it has run out, ended or was cancelled', () => {
  const published = warningOf(wire());
  expect([99, 100].map((now) => standing(published, now))).toEqual(['published', 'expired']);
  const cancel = warningOf(wire({ id: 'W2', message: 'cancel' }));
  expect(inForce([cancel, published], 50)).toEqual([published]);
  expect(inForce([cancel, published], 100)).toEqual([]);
  expect(inForce([warningOf(wire({ status: 'ended' })), warningOf(wire({ status: 'draft' }))], 50)).toEqual([]);
  expect(published.areas).toEqual([{ code: 'a', name: 'Xã a' }]);
});

test('what only tries the way out stands beside the real thing, and does not hide it', () => {
  const trial = warningOf({ ...wire({ id: 'W2' }), content: { ...wire().content, purpose: 'test' } });
  expect(inForce([trial, warningOf(wire())], 50).map(({ id }) => id)).toEqual(['W2', 'W1']);
});

test('an update takes the words of what it follows; a cancellation says anew what people do now', () => {
  const former = warningOf(wire({ id: 'W3', references: [{ warning: 'W1', sender: 'ioc.example.vn', sent_at_ms: 2 }] }));
  expect(former.references).toEqual(['W1']);
  const update = following(former, 'update');
  expect(update).toMatchObject({ message: 'update', of: 'W3', purpose: 'actual', response: 'evacuate', areas: ['a'] });
  expect(update.texts).toEqual(former.texts);
  const cancel = following(former, 'cancel');
  expect(cancel).toMatchObject({ message: 'cancel', of: 'W3', response: 'all_clear' });
  expect(cancel.texts.map(({ headline, description, instruction }) => [headline, description, instruction])).toEqual([['x', '', ''], ['x', '', '']]);
});

test('what ended a message is the published one that names it, not a draft', () => {
  const [first, draft, cancel] = [warningOf(wire()), warningOf(wire({ id: 'W2', of: 'W1', sent_at_ms: 0 })), warningOf(wire({ id: 'W3', of: 'W1', message: 'cancel' }))];
  expect(endedBy(first, [draft, first])).toBeUndefined();
  expect(endedBy(first, [draft, cancel, first])?.id).toBe('W3');
});

test('a draft says what is missing', () => {
  const draft: Draft = {
    message: 'alert', of: '', purpose: 'actual', sender: 'ioc.example.vn', senderName: 'IOC', response: 'shelter', hours: 6,
    areas: ['a'], texts: [text('vi'), text('en')],
  };
  expect(missing(draft)).toEqual([]);
  expect(missing({ ...draft, sender: 'a b', areas: [], texts: [text('vi'), text('en', ' ')] })).toEqual(['sender', 'areas', 'texts']);
});
