import { describe, expect, it } from 'vitest';
import { groupFailures } from './failures';
import type { Task } from './taskModel';

const failed = (node_id: number, message: string, more: Partial<Task> = {}): Task => ({
  node_id,
  name: 'fit',
  status: 'FAILED',
  attempt: 1,
  kind: 'task',
  executor: 'local',
  cause: 'USER',
  message,
  reused: false,
  ...more,
});

describe('groupFailures', () => {
  it('takes the same error with other values as one', () => {
    const groups = groupFailures([
      failed(1, "KeyError: 'a'"),
      failed(2, 'ValueError: 7 is too small'),
      failed(3, 'ValueError: 11.5 is too small'),
    ]);
    expect(groups.map((group) => [group.message, group.nodes])).toEqual([
      ['ValueError: 7 is too small', [2, 3]],
      ["KeyError: 'a'", [1]],
    ]);
  });

  it('keeps causes and functions apart', () => {
    const groups = groupFailures([failed(1, 'x'), failed(2, 'x', { cause: 'TIMEOUT' }), failed(3, 'x', { name: 'g' })]);
    expect(groups).toHaveLength(3);
  });

  it('leaves out what never ran because of others, and what did not fail', () => {
    expect(groupFailures([failed(1, 'x', { cause: 'UPSTREAM' }), failed(2, '', { status: 'COMPLETED' })])).toEqual([]);
  });
});
