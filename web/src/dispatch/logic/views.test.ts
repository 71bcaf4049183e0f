import { describe, expect, it } from 'vitest';
import type { OutcomeView } from '../../api/types';
import { firstView, type Shown, type ShownAttempt } from './views';

const task = (more: Partial<Shown> = {}): Shown => ({
  status: 'COMPLETED',
  cause: null,
  inputs_preview: null,
  output_preview: '42',
  ...more,
});
const attempt = (outcome: Partial<OutcomeView> | null, missing = ''): ShownAttempt => ({
  missing,
  outcome: outcome && ({ stdout_size: 0, stderr_size: 0, failure: null, cause: null, ...outcome } as OutcomeView),
});

describe('firstView', () => {
  it('is the log of a task that has written something, or still may', () => {
    expect(firstView(task(), attempt({ stdout_size: 3 }))).toBe('log');
    expect(firstView(task(), attempt({ stderr_size: 3 }))).toBe('log');
    expect(firstView(task({ status: 'RUNNING' }), attempt(null))).toBe('log');
    expect(firstView(task({ status: 'NEW_OBJECT' }), undefined)).toBe('log');
  });

  it('is the log where it is not known what was written', () => {
    expect(firstView(task(), attempt({}, 'The bucket does not answer.'))).toBe('log');
  });

  it('is the values of a task that has ended without a word, and its source where there are none', () => {
    expect(firstView(task(), attempt({}))).toBe('values');
    expect(firstView(task(), undefined)).toBe('values');
    expect(firstView(task({ output_preview: null }), attempt({}))).toBe('source');
  });

  it('is the error of a task that failed, also if it never ran', () => {
    expect(firstView(task({ status: 'FAILED', cause: 'USER' }), attempt({ stdout_size: 3 }))).toBe('error');
    expect(firstView(task({ status: 'FAILED', cause: 'UPSTREAM' }), undefined)).toBe('error');
  });

  it('is the error of an earlier attempt that wrote nothing', () => {
    expect(firstView(task(), attempt({ cause: 'PREEMPTED' }))).toBe('error');
  });

  it('is why a task was cancelled, unless it has written something before', () => {
    expect(firstView(task({ status: 'CANCELLED', cause: 'CANCELLED' }), undefined)).toBe('error');
    expect(firstView(task({ status: 'CANCELLED', cause: 'CANCELLED' }), attempt({ stdout_size: 3 }))).toBe('log');
  });
});
