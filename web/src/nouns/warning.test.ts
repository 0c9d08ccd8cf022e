import { expect, test } from 'vitest';
import { inForce, missing, standing, warningOf, type Draft, type WarningWire } from './warning';

const text = (language: string, words = 'x') => ({ language, event: words, headline: words, description: words, instruction: words });
const wire = (more: Partial<WarningWire> = {}): WarningWire => ({
  id: 'W1', incident: 'I1', message: 'alert', status: 'published', drafted_by: 'lan', drafted_at_ms: 1, decided_by: null,
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
  expect(inForce([cancel, published], 50)?.id).toBe('W1');
  expect(inForce([cancel, published], 100)).toBeUndefined();
  expect(inForce([warningOf(wire({ status: 'ended' })), warningOf(wire({ status: 'draft' }))], 50)).toBeUndefined();
  expect(published.areas).toEqual([{ code: 'a', name: 'Xã a' }]);
});

test('a draft says what is missing', () => {
  const draft: Draft = {
    message: 'alert', purpose: 'actual', sender: 'ioc.example.vn', senderName: 'IOC', response: 'shelter', hours: 6,
    areas: ['a'], texts: [text('vi'), text('en')],
  };
  expect(missing(draft)).toEqual([]);
  expect(missing({ ...draft, sender: 'a b', areas: [], texts: [text('vi'), text('en', ' ')] })).toEqual(['sender', 'areas', 'texts']);
});
