import { expect, test } from 'vitest';
import { moveBy } from './listKeys';

test.each([
  ['j', 3, 4],
  ['ArrowUp', 3, 2],
  ['PageDown', 3, 9],
  ['PageUp', 3, 0],
  ['End', 3, 9],
  ['g', 3, 0],
])('%s leads from %d to %d', (key, from, to) => {
  expect(moveBy(key, from, 10, 8)).toBe(to);
});

test('both ends hold', () => {
  expect(moveBy('j', 9, 10, 8)).toBe(9);
  expect(moveBy('k', 0, 10, 8)).toBe(0);
});

test('the first step goes to the first row', () => {
  expect(moveBy('j', -1, 10, 8)).toBe(0);
  expect(moveBy('k', -1, 10, 8)).toBe(0);
});

test('in an empty list, and for other keys, there is nowhere to go', () => {
  expect(moveBy('j', -1, 0, 8)).toBeNull();
  expect(moveBy('q', 2, 10, 8)).toBeNull();
});
