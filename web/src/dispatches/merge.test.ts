import { expect, test } from 'vitest';
import { appendPage, mergeWindow, type Dated, type Listing } from './merge';

interface Row extends Dated {
  readonly word?: string;
}

/** Rows by their time; the id is the time as text. */
function rows(times: readonly number[], word?: string): Row[] {
  return times.map((at) => ({ id: String(at), created_at: at, word }));
}

function listing(times: readonly number[], hasMore = true): Listing<Row> {
  return { rows: rows(times), hasMore };
}

const ids = (list: Listing<Row>): number[] => list.rows.map((row) => Number(row.id));

test('rows that are known take on what is new of them', () => {
  const merged = mergeWindow(listing([9, 8, 7, 6]), 1, rows([8, 7], 'new'), false);
  expect(ids(merged)).toEqual([9, 8, 7, 6]);
  expect(merged.rows.map((row) => row.word)).toEqual([undefined, 'new', 'new', undefined]);
  expect(merged.hasMore).toBe(true);
});

test('new rows come on top, and nothing is lost below', () => {
  const merged = mergeWindow(listing([9, 8, 7], false), 0, rows([11, 10, 9]), false);
  expect(ids(merged)).toEqual([11, 10, 9, 8, 7]);
  expect(merged.hasMore).toBe(false);
});

test('rows that are gone go', () => {
  expect(ids(mergeWindow(listing([9, 8, 7, 6]), 0, rows([9, 7]), false))).toEqual([9, 7, 6]);
});

test('the last row of the part may be one that was not there before', () => {
  expect(ids(mergeWindow(listing([9, 7, 6, 4]), 0, rows([9, 8]), false))).toEqual([9, 8, 7, 6, 4]);
});

test('where more is new than was asked for, the rest is loaded anew', () => {
  const merged = mergeWindow(listing([3, 2, 1], false), 0, rows([9, 8, 7]), false);
  expect(ids(merged)).toEqual([9, 8, 7]);
  expect(merged.hasMore).toBe(true);
});

test('an end that has come nearer is the end', () => {
  const merged = mergeWindow(listing([9, 8, 7, 6]), 1, rows([8]), true);
  expect(ids(merged)).toEqual([9, 8]);
  expect(merged.hasMore).toBe(false);
});

test('the first part of an empty list is the list', () => {
  expect(mergeWindow({ rows: [], hasMore: true }, 0, rows([2, 1]), false)).toEqual({
    rows: rows([2, 1]),
    hasMore: true,
  });
});

test('a page goes below, each row once', () => {
  const merged = appendPage(listing([9, 8]), rows([8, 7]), true);
  expect(ids(merged)).toEqual([9, 8, 7]);
  expect(merged.hasMore).toBe(false);
});
