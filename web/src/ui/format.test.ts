import { expect, test } from 'vitest';
import { formatAgo, formatBytes, formatCount, formatDuration } from './format';

test.each([
  [0, '0 ms'],
  [0.0123, '12 ms'],
  [0.9996, '1.0 s'],
  [4.24, '4.2 s'],
  [9.96, '10 s'],
  [59.4, '59 s'],
  [59.6, '1 m 00 s'],
  [187, '3 m 07 s'],
  [3599.6, '1 h 00 m'],
  [8000, '2 h 13 m'],
  [187_200, '2 d 4 h'],
  [-5, '0 ms'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

test.each([
  [3, 'just now'],
  [-20, 'just now'],
  [45, '45 s ago'],
  [120, '2 min ago'],
  [7300, '2 h ago'],
  [180_000, '2 d ago'],
])('%d seconds before now are %s', (ago, text) => {
  expect(formatAgo(1_700_000_000 - ago, 1_700_000_000)).toBe(text);
});

test('long ago is a date', () => {
  expect(formatAgo(1_600_000_000, 1_700_000_000)).toMatch(/2020/);
});

test('thousands are set apart', () => {
  expect(formatCount(10_000)).toBe('10\u202f000');
});

test.each([
  [999, '999 B'],
  [1500, '1.5 kB'],
  [999_600, '1.0 MB'],
  [104_857_600, '105 MB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
