import { describe, expect, it } from 'vitest';
import { setApart, summaryStatus } from './status';

describe('setApart', () => {
  it('takes what never ran from what failed', () => {
    expect(setApart({ COMPLETED: 4, FAILED: 3 }, 2)).toEqual({ COMPLETED: 4, FAILED: 1, NOT_RUN: 2 });
  });

  it('takes no more than a summary knows of', () => {
    expect(setApart({ RUNNING: 1 }, 2)).toEqual({ RUNNING: 1, FAILED: 0, NOT_RUN: 0 });
  });
});

describe('summaryStatus', () => {
  it('is that tasks did not run only where none has failed or moves', () => {
    expect(summaryStatus({ COMPLETED: 1, NOT_RUN: 1 })).toBe('NOT_RUN');
    expect(summaryStatus({ NOT_RUN: 1, FAILED: 1 })).toBe('FAILED');
    expect(summaryStatus({ NOT_RUN: 1, RUNNING: 1 })).toBe('RUNNING');
  });
});
