import { expect, test } from 'vitest';
import { backoffMs } from './backoff';

test('each failure waits longer than the one before, up to a limit', () => {
  const waits = [0, 1, 2, 3, 10, 60].map((failures) => backoffMs(failures, () => 0.5));
  expect(waits).toEqual([500, 1000, 2000, 4000, 10_000, 10_000]);
});

test('pages that lost the server together do not come back together', () => {
  expect(backoffMs(0, () => 0)).toBe(375);
  expect(backoffMs(0, () => 1)).toBe(625);
});
