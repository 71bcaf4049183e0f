import { expect, test } from 'vitest';
import { forEach } from './bulk';

test('every row is worked on, a few at a time', async () => {
  let running = 0;
  let most = 0;
  const done = await forEach([...Array(20).keys()], async (row) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running--;
    return row;
  });
  expect(done.sort((a, b) => a - b)).toEqual([...Array(20).keys()]);
  expect(most).toBe(4);
});

test('one that fails does not keep the others from being done, and is told of', async () => {
  const done: number[] = [];
  const all = forEach([1, 2, 3], async (row) => {
    if (row === 2) throw new Error('no.');
    done.push(row);
  });
  await expect(all).rejects.toThrow('1 of 3 failed; the first: no.');
  expect(done).toEqual([1, 3]);
});
