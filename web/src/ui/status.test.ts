import { describe, expect, it } from 'vitest';
import { countsOf } from './status';

describe('countsOf', () => {
  it('takes what never ran from what failed', () => {
    const counts = countsOf({ counts: { COMPLETED: 4, FAILED: 3 }, not_run: 2 });
    expect(counts).toEqual({ COMPLETED: 4, FAILED: 1, NOT_RUN: 2 });
  });

  it('is what the server says where all that failed have run', () => {
    expect(countsOf({ counts: { FAILED: 3 }, not_run: 0 })).toEqual({ FAILED: 3 });
  });
});
