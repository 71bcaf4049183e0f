import { describe, expect, it } from 'vitest';
import type { Status } from './status';
import { concurrency, ticks, Timeline, type EventLike } from './timeline';

const event = (at: number, status: Status, attempt: number, cause: string | null = null): EventLike => ({
  node_id: 0,
  at,
  status,
  attempt,
  cause,
});

const timeline = (...events: EventLike[]): Timeline => {
  const result = new Timeline();
  result.apply(events);
  return result;
};

const shape = (spans: Timeline, task?: Parameters<Timeline['of']>[1]): string[] =>
  spans.of(0, task).map((s) => `${s.attempt} ${s.phase} ${s.from}–${s.to ?? ''} ${s.end ?? ''}`.trim());

describe('Timeline', () => {
  it('follows a task through waiting, starting and running', () => {
    const spans = timeline(
      event(1, 'READY', 0),
      event(2, 'SUBMITTED', 1),
      event(5, 'STARTING', 1),
      event(6, 'RUNNING', 1),
      event(9, 'COMPLETED', 1),
    );
    expect(shape(spans)).toEqual(['1 waiting 1–5', '1 starting 5–6', '1 running 6–9 COMPLETED']);
    expect([spans.from, spans.to]).toEqual([1, 9]);
  });

  it('shows each attempt, and the wait between them', () => {
    const spans = timeline(
      event(1, 'SUBMITTED', 1),
      event(2, 'RUNNING', 1),
      event(3, 'READY', 1, 'PREEMPTED'),
      event(8, 'SUBMITTED', 2),
      event(9, 'RUNNING', 2),
    );
    expect(shape(spans)).toEqual([
      '1 waiting 1–2',
      '1 running 2–3 FAILED',
      '2 retrying 3–8',
      '2 waiting 8–9',
      '2 running 9–',
    ]);
    expect(spans.of(0, undefined)[1]!.cause).toBe('PREEMPTED');
  });

  it('takes the measured times of a task that was never seen running', () => {
    const spans = timeline(event(1, 'READY', 0), event(1, 'SUBMITTED', 1), event(9, 'COMPLETED', 1));
    const task = { status: 'COMPLETED' as Status, started_at: 4, ended_at: 8 };
    expect(shape(spans, task)).toEqual(['1 waiting 1–4', '1 running 4–8 COMPLETED']);
  });

  it('does not take the wait of a task for its run until it is measured', () => {
    const spans = timeline(event(1, 'READY', 0), event(1, 'SUBMITTED', 1), event(9, 'COMPLETED', 1));
    expect(shape(spans)).toEqual(['1 waiting 1–9', '1 running 9–9 COMPLETED']);
    expect([...concurrency([spans.of(0, undefined)], 1, 9, 4)]).toEqual([0, 0, 0, 1]);
  });

  it('puts measured times into the last attempt only', () => {
    const spans = timeline(
      event(1, 'SUBMITTED', 1),
      event(3, 'READY', 1, 'USER'),
      event(4, 'SUBMITTED', 2),
      event(9, 'FAILED', 2, 'USER'),
    );
    const task = { status: 'FAILED' as Status, started_at: 6, ended_at: 8 };
    expect(shape(spans, task)).toEqual([
      '1 waiting 1–3',
      '1 running 3–3 FAILED',
      '2 retrying 3–4',
      '2 waiting 4–6',
      '2 running 6–8 FAILED',
    ]);
  });

  it('has nothing for a task that never ran', () => {
    expect(shape(timeline(event(5, 'FAILED', 0, 'UPSTREAM')))).toEqual([]);
  });

  it('leaves a cancelled wait a wait', () => {
    expect(shape(timeline(event(1, 'SUBMITTED', 1), event(2, 'CANCELLED', 1)))).toEqual(['1 waiting 1–2 CANCELLED']);
  });
});

describe('concurrency', () => {
  const running = (from: number, to: number | null) => [
    { phase: 'running' as const, attempt: 1, from, to, end: null, cause: null, detail: '' },
  ];

  it('counts how many run at once in each part of the time', () => {
    expect([...concurrency([running(0, 2), running(1, 3), running(1, null)], 0, 4, 4)]).toEqual([1, 3, 3, 2]);
  });

  it('sees what is shorter than a bin, and carries on over empty ones', () => {
    expect([...concurrency([running(0.1, 0.2), running(0.3, 3.5)], 0, 4, 4)]).toEqual([1, 1, 1, 1]);
  });

  it('is nothing where there is no time', () => {
    expect([...concurrency([running(0, 1)], 5, 5, 2)]).toEqual([0, 0]);
  });
});

describe('ticks', () => {
  it('are round, and few', () => {
    expect(ticks(0, 10, 6)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(ticks(65, 100, 5)).toEqual([90, 120, 150]);
    expect(ticks(0, 0, 5)).toEqual([]);
  });
});
