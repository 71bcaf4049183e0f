import { expect, test } from 'vitest';
import { gather } from './gather';

test('like items are one, in the place of the first', () => {
  expect(gather(['a1', 'b1', 'a2'], (item) => item[0]!)).toEqual([
    { first: 'a1', count: 2 },
    { first: 'b1', count: 1 },
  ]);
});
