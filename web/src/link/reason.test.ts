import { afterEach, expect, test } from 'vitest';
import { explainBy, reasonFor, reasonHeader, screenOf } from './reason';

afterEach(() => explainBy(() => ''));

test('what a request is about explains it, else the screen, and a call in progress before all', () => {
  expect(reasonFor('/api/incidents/I4818/timeline')).toBe('incident/I4818');
  expect(reasonFor('/api/reports/RF3/link')).toBe('report/RF3');
  expect(reasonFor('/api/calls/C7/caller')).toBe('call/C7');
  expect(reasonFor('/api/reports?incident=I1&status=answered')).toBe('incident/I1');
  expect(reasonFor('/api/reports?late=true')).toBe('screen/wall');
  expect(reasonFor('/api/incidents')).toBe('screen/wall');
  explainBy(() => 'call/C9');
  expect(reasonFor('/api/incidents/I4818/timeline')).toBe('call/C9');
});

test('a screen is named by its page', () => {
  expect(['/', '/index.html', '/console.html', '/dispatch'].map(screenOf)).toEqual(['screen/wall', 'screen/wall', 'screen/console', 'screen/dispatch']);
});

test('any words fit a header, and none makes none', () => {
  expect(reasonHeader('lũ quét, 100%\n')).toEqual({ 'x-reason': 'l%C5%A9%20qu%C3%A9t%2C%20100%25%0A' });
  expect(reasonHeader('')).toEqual({});
});
