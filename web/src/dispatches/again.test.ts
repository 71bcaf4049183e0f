import { expect, test } from 'vitest';
import { isWorthReusing } from './again';

test('values are not taken by default where nothing would be left to run', () => {
  expect(isWorthReusing([{ status: 'COMPLETED' }, { status: 'COMPLETED' }])).toBe(false);
  expect(isWorthReusing([{ status: 'COMPLETED' }, { status: 'FAILED' }])).toBe(true);
});
