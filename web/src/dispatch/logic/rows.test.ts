import { describe, expect, it } from 'vitest';
import { chooseTasks, statusesOf, took, type Filter, type Sort } from './rows';
import type { Standing, Status } from './status';
import type { Task } from './taskModel';

const task = (node_id: number, name: string, status: Status, more: Partial<Task> = {}): Task => ({
  node_id,
  name,
  status,
  attempt: 1,
  kind: 'task',
  executor: 'local',
  message: '',
  reused: false,
  ...more,
});
const tasks = [
  task(0, 'load', 'COMPLETED', { started_at: 1, ended_at: 3 }),
  task(1, 'fit', 'RUNNING', { started_at: 5 }),
  task(2, 'fit', 'FAILED', { started_at: 5, ended_at: 6, cause: 'USER', message: 'ValueError: no' }),
  task(3, 'plot', 'NEW_OBJECT'),
];
const ids = (filter: Partial<Filter>, sort: Partial<Sort> = {}): number[] =>
  chooseTasks(tasks, { query: '', statuses: new Set(), ...filter }, { by: 'node', descending: false, ...sort }, 10).map(
    (one) => one.node_id,
  );

describe('chooseTasks', () => {
  it('finds by name, number, cause and message', () => {
    expect(ids({ query: 'FIT' })).toEqual([1, 2]);
    expect(ids({ query: '#3' })).toEqual([3]);
    expect(ids({ query: 'valueerror' })).toEqual([2]);
    expect(ids({ query: 'user' })).toEqual([2]);
  });

  it('shows those in some statuses', () => {
    expect(ids({ statuses: new Set<Status>(['FAILED', 'RUNNING']) })).toEqual([1, 2]);
  });

  it('tells what never ran from what failed', () => {
    const broken = [...tasks, task(4, 'end', 'FAILED', { attempt: 0, cause: 'UPSTREAM' })];
    const only = (...statuses: Standing[]): number[] =>
      chooseTasks(broken, { query: '', statuses: new Set(statuses) }, { by: 'node', descending: false }, 10).map(
        (one) => one.node_id,
      );
    expect([only('FAILED'), only('NOT_RUN')]).toEqual([[2], [4]]);
    expect(statusesOf(broken)).toMatchObject({ FAILED: 1, NOT_RUN: 1 });
  });

  it('sorts by urgency, and by how long they took', () => {
    expect(ids({}, { by: 'status' })).toEqual([2, 1, 3, 0]);
    expect(ids({}, { by: 'took', descending: true })).toEqual([1, 0, 2, 3]);
  });
});

describe('took', () => {
  it('grows while a task runs, and is unknown before', () => {
    expect(tasks.map((one) => took(one, 10))).toEqual([2, 5, 1, null]);
  });
});

describe('statusesOf', () => {
  it('counts in the order of a life', () => {
    expect(Object.entries(statusesOf(tasks))).toEqual([
      ['NEW_OBJECT', 1],
      ['RUNNING', 1],
      ['COMPLETED', 1],
      ['FAILED', 1],
    ]);
  });
});
