import { describe, expect, it } from 'vitest';
import { countsSentence } from './sentences';

describe('countsSentence', () => {
  it('says how far a stack is, and first what went wrong', () => {
    expect(countsSentence({ COMPLETED: 4, FAILED: 1, RUNNING: 2, SUBMITTED: 3 }, 10)).toBe(
      '4 of 10 done · 1 failed · 2 running',
    );
    expect(countsSentence({ COMPLETED: 60, RUNNING: 4, SUBMITTED: 336 }, 400)).toBe('60 of 400 done · 4 running');
    expect(countsSentence({ SUBMITTED: 3 }, 3)).toBe('0 of 3 done · 3 submitted');
    expect(countsSentence({ COMPLETED: 2 }, 2)).toBe('all done');
    expect(countsSentence({ NEW_OBJECT: 1500 }, 1500)).toBe('0 of 1\u202f500 done');
  });
});
