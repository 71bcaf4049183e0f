import { describe, expect, it } from 'vitest';
import { summaryStatus } from './status';

describe('summaryStatus', () => {
  it('is that tasks did not run only where none has failed or moves', () => {
    expect(summaryStatus({ COMPLETED: 1, NOT_RUN: 1 })).toBe('NOT_RUN');
    expect(summaryStatus({ NOT_RUN: 1, FAILED: 1 })).toBe('FAILED');
    expect(summaryStatus({ NOT_RUN: 1, RUNNING: 1 })).toBe('RUNNING');
  });
});
