/** The tasks of one dispatch as they stand, from a snapshot and the events since. */
import { isFinal, stage, standingOf, type Counts, type Standing, type Status } from './status';
import type { EventLike } from './timeline';

export interface Task {
  readonly node_id: number;
  readonly name: string;
  readonly status: Status;
  readonly attempt: number;
  readonly kind: string;
  readonly executor: string;
  readonly started_at?: number | null;
  readonly ended_at?: number | null;
  readonly cause?: string | null;
  readonly message: string;
  readonly child_id?: string | null;
  readonly reused: boolean;
}

/** The server answers at most this many tasks at once. */
export const PAGE = 10_000;

export class TaskModel {
  /** By number. A task that changes is replaced, never written to. */
  readonly tasks: Task[];
  /** Tasks of which the server knows more than their events say: why one failed, what a sublattice runs as. */
  readonly stale = new Set<number>();
  /** Tasks that failed only because of others. */
  notRun = 0;
  private stacks: Counts[] = [];

  constructor(
    tasks: readonly Task[],
    private readonly stackOf: Int32Array,
    stackCount: number,
  ) {
    this.tasks = [...tasks];
    const counts = Array.from({ length: stackCount }, (): Partial<Record<Standing, number>> => ({}));
    for (const task of tasks) {
      const [own, standing] = [counts[stackOf[task.node_id]!], standingOf(task)];
      if (own) own[standing] = (own[standing] ?? 0) + 1;
      if (standing === 'NOT_RUN') this.notRun++;
    }
    this.stacks = counts;
  }

  /** How many tasks of a stack stand where; the same object until that changes. */
  countsOf(stack: number): Counts {
    return this.stacks[stack] ?? {};
  }

  /** Takes what happened. Events that the snapshot already knows of change nothing. */
  apply(events: readonly EventLike[]): boolean {
    const moved = new Set<number>();
    for (const event of events) {
      const task = event.node_id === null ? undefined : this.tasks[event.node_id];
      if (!task || stage(event.attempt, event.status) <= stage(task.attempt, task.status)) continue;
      this.put(after(task, event));
      moved.add(task.node_id);
    }
    for (const node of moved) if (isStale(this.tasks[node]!)) this.stale.add(node);
    return moved.size > 0;
  }

  /** Takes tasks as the server knows them, unless events have gone beyond that. */
  refresh(tasks: readonly Task[]): void {
    for (const task of tasks) {
      const known = this.tasks[task.node_id];
      if (!known || stage(task.attempt, task.status) < stage(known.attempt, known.status)) continue;
      this.put(task);
      // A sublattice has to be asked about until it is known what it runs as.
      if (task.kind !== 'sublattice' || task.child_id || isFinal(task.status)) this.stale.delete(task.node_id);
    }
  }

  private put(task: Task): void {
    const [before, now] = [standingOf(this.tasks[task.node_id]!), standingOf(task)];
    this.tasks[task.node_id] = task;
    if (before === now) return;
    this.notRun += Number(now === 'NOT_RUN') - Number(before === 'NOT_RUN');
    const stack = this.stackOf[task.node_id]!;
    const counts = this.stacks[stack]!;
    this.stacks[stack] = {
      ...counts,
      [before]: (counts[before] ?? 0) - 1,
      [now]: (counts[now] ?? 0) + 1,
    };
  }
}

function after(task: Task, event: EventLike): Task {
  const { status, attempt, at } = event;
  const isNewAttempt = attempt !== task.attempt;
  return {
    ...task,
    status,
    attempt,
    started_at: status === 'RUNNING' ? at : isNewAttempt ? null : (task.started_at ?? null),
    ended_at: isFinal(status) ? at : null,
    cause: event.cause ?? null,
    message: '',
    reused: task.reused || (status === 'COMPLETED' && event.detail === 'reused'),
  };
}

function isStale(task: Task): boolean {
  if (task.kind === 'sublattice' && !task.child_id && task.status === 'RUNNING') return true;
  return isFinal(task.status) && (task.status !== 'COMPLETED' || !task.started_at);
}

export interface Range {
  readonly after: number;
  readonly limit: number;
}

/** Few requests that cover the given tasks, at most `most` of them. */
export function ranges(nodes: Iterable<number>, most = 4): Range[] {
  const result: Range[] = [];
  for (const node of [...nodes].sort((a, b) => a - b)) {
    const last = result.at(-1);
    if (last && node - last.after <= PAGE) result[result.length - 1] = { after: last.after, limit: node - last.after };
    else if (result.length === most) break;
    else result.push({ after: node - 1, limit: 1 });
  }
  return result;
}
