import { expect, test } from 'vitest';
import { flatten } from './settings';

test('settings inside of settings get their path as their name', () => {
  expect(flatten({ workers: 4, retries: { preempted: 3, host: null } })).toEqual([
    { name: 'workers', value: '4' },
    { name: 'retries.preempted', value: '3' },
    { name: 'retries.host', value: 'none' },
  ]);
});

test('lists and empty values can be read', () => {
  expect(flatten({ a: ['x', 'y'], b: [], c: '', d: {}, e: [{ f: 1 }], g: false })).toEqual([
    { name: 'a', value: 'x, y' },
    { name: 'b', value: 'none' },
    { name: 'c', value: '“”' },
    { name: 'd', value: '{}' },
    { name: 'e', value: '[{"f":1}]' },
    { name: 'g', value: 'false' },
  ]);
});
