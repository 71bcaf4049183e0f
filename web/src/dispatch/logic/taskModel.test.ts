import { describe, expect, it } from 'vitest';
import type { Status } from './status';
import { ranges, TaskModel, type Task } from './taskModel';
import type { EventLike } from './timeline';

const task = (node_id: number, status: Status = 'NEW_OBJECT', more: Partial<Task> = {}): Task => ({
  node_id,
  name: 'f',
  status,
  attempt: 0,
  kind: 'task',
  executor: 'local',
  started_at: null,
  ended_at: null,
  cause: null,
  message: '',
  child_id: null,
  reused: false,
  ...more,
});
const event = (node_id: number, status: Status, attempt: number, more: Partial<EventLike> = {}): EventLike => ({
  node_id,
  status,
  attempt,
  at: 10,
  ...more,
});
const model = (...tasks: Task[]): TaskModel => new TaskModel(tasks, new Int32Array(tasks.length), 1);

describe('TaskModel', () => {
  it('counts the tasks of each stack', () => {
    const tasks = [task(0, 'RUNNING'), task(1), task(2)];
    const two = new TaskModel(tasks, Int32Array.of(0, 1, 1), 2);
    expect([two.countsOf(0), two.countsOf(1)]).toEqual([{ RUNNING: 1 }, { NEW_OBJECT: 2 }]);
  });

  it('replaces the counts of a stack only when they change', () => {
    const it = model(task(0, 'READY'), task(1));
    const before = it.countsOf(0);
    it.apply([event(0, 'READY', 0)]);
    expect(it.countsOf(0)).toBe(before);
    it.apply([event(0, 'SUBMITTED', 1)]);
    expect(it.countsOf(0)).toEqual({ NEW_OBJECT: 1, READY: 0, SUBMITTED: 1 });
  });

  it('counts what never ran apart from what failed', () => {
    const it = model(
      task(0, 'RUNNING', { attempt: 1 }),
      task(1),
      task(2, 'FAILED', { cause: 'UPSTREAM' }),
      task(3, 'FAILED', { attempt: 1, cause: 'USER' }),
    );
    expect([it.notRun, it.countsOf(0)]).toEqual([1, { RUNNING: 1, NEW_OBJECT: 1, NOT_RUN: 1, FAILED: 1 }]);
    it.apply([event(0, 'FAILED', 1, { cause: 'USER' }), event(1, 'FAILED', 0, { cause: 'UPSTREAM' })]);
    expect([it.notRun, it.countsOf(0)]).toEqual([2, { RUNNING: 0, NEW_OBJECT: 0, NOT_RUN: 2, FAILED: 2 }]);
  });

  it('ignores events that the snapshot knows of, even over several attempts', () => {
    const it = model(task(0, 'RUNNING', { attempt: 2, started_at: 9 }));
    const known = [event(0, 'SUBMITTED', 1), event(0, 'RUNNING', 1), event(0, 'READY', 1), event(0, 'SUBMITTED', 2)];
    expect(it.apply(known)).toBe(false);
    expect(it.tasks[0]).toMatchObject({ status: 'RUNNING', attempt: 2, started_at: 9 });
  });

  it('goes from an attempt that failed to the next one', () => {
    const it = model(task(0, 'RUNNING', { attempt: 1, started_at: 3 }));
    it.apply([event(0, 'READY', 1, { cause: 'PREEMPTED' })]);
    expect(it.tasks[0]).toMatchObject({ status: 'READY', cause: 'PREEMPTED' });
    it.apply([event(0, 'SUBMITTED', 2), event(0, 'RUNNING', 2, { at: 12 })]);
    expect(it.tasks[0]).toMatchObject({ status: 'RUNNING', attempt: 2, started_at: 12, cause: null });
  });

  it('knows which tasks to ask the server about, and takes what it says', () => {
    const it = model(
      task(0, 'RUNNING', { attempt: 1, started_at: 1 }),
      task(1, 'RUNNING', { attempt: 1, started_at: 1 }),
    );
    it.apply([event(0, 'FAILED', 1, { cause: 'USER' }), event(1, 'COMPLETED', 1)]);
    expect([...it.stale]).toEqual([0]);
    it.refresh([task(0, 'FAILED', { attempt: 1, message: 'ValueError: no' })]);
    expect([it.tasks[0]!.message, it.stale.size]).toEqual(['ValueError: no', 0]);
  });

  it('does not go back to what the server knew before', () => {
    const it = model(task(0, 'RUNNING', { attempt: 1 }));
    it.apply([event(0, 'COMPLETED', 1)]);
    it.refresh([task(0, 'RUNNING', { attempt: 1 })]);
    expect(it.tasks[0]!.status).toBe('COMPLETED');
  });

  it('asks what a sublattice runs as', () => {
    const it = model(task(0, 'SUBMITTED', { attempt: 1, kind: 'sublattice' }));
    it.apply([event(0, 'RUNNING', 1)]);
    expect([...it.stale]).toEqual([0]);
  });

  it('takes 40,000 events of 10,000 tasks in a moment', () => {
    const it = model(...Array.from({ length: 10_000 }, (_, i) => task(i)));
    const steps: [Status, number][] = [
      ['READY', 0],
      ['SUBMITTED', 1],
      ['RUNNING', 1],
      ['COMPLETED', 1],
    ];
    const events = steps.flatMap(([status, attempt]) => it.tasks.map((t) => event(t.node_id, status, attempt)));
    const before = performance.now();
    it.apply(events);
    expect(it.countsOf(0).COMPLETED).toBe(10_000);
    expect(performance.now() - before).toBeLessThan(500);
  });
});

describe('ranges', () => {
  it('joins what fits in one page', () => {
    expect(ranges([5, 1, 900])).toEqual([{ after: 0, limit: 900 }]);
    expect(ranges([0, 50_000])).toEqual([
      { after: -1, limit: 1 },
      { after: 49_999, limit: 1 },
    ]);
    expect(ranges([0, 20_000, 40_000], 2)).toHaveLength(2);
    expect(ranges([])).toEqual([]);
  });
});
