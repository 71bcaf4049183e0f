import { expect, test } from 'vitest';
import { isFiltered, readFilters, writeFilters } from './filters';

test('filters survive the way through the address', () => {
  const filters = { search: 'a & b=é', status: 'failed', executor: 'awsbatch' } as const;
  expect(readFilters(new URLSearchParams(writeFilters(filters).toString()))).toEqual(filters);
});

test('an address without filters is empty', () => {
  const filters = readFilters(new URLSearchParams());
  expect(isFiltered(filters)).toBe(false);
  expect(writeFilters(filters).toString()).toBe('');
});

test('a status that there is not narrows nothing', () => {
  expect(readFilters(new URLSearchParams('status=toString')).status).toBeNull();
});

test('a search that the server would refuse is cut', () => {
  expect(readFilters(new URLSearchParams({ q: 'x'.repeat(500) })).search).toHaveLength(200);
});
