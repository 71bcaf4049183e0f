import { expect, test } from 'vitest';
import { readFragment } from './fragment';

test('a fragment carries a ticket and where to go on', () => {
  expect(readFragment('#ticket=a-_b&next=%2Fdispatches%2F7%3Fa%3D1')).toEqual({
    ticket: 'a-_b',
    next: '/dispatches/7?a=1',
  });
});

test('without a place to go on it is the first page', () => {
  expect(readFragment('#ticket=t').next).toBe('/');
  expect(readFragment('')).toEqual({ ticket: '', next: '/' });
});

test.each([
  'https://elsewhere.example',
  '//elsewhere.example',
  '/\\elsewhere.example',
  'javascript:alert(1)',
  '/signin',
])('it never leads to %s', (next) => {
  expect(readFragment(`#ticket=t&next=${encodeURIComponent(next)}`).next).toBe('/');
});
