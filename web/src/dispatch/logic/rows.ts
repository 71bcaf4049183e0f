/** The tasks of a table: which of them, and in which order. */
import { isFinal, STANDINGS, standingOf, type Counts, type Standing } from './status';
import type { Task } from './taskModel';

export type SortKey = 'node' | 'name' | 'status' | 'attempt' | 'executor' | 'started' | 'took';

export interface Sort {
  readonly by: SortKey;
  readonly descending: boolean;
}

export interface Filter {
  readonly query: string;
  readonly statuses: ReadonlySet<Standing>;
}

/** What went wrong comes first, then what moves, then what is done. */
const URGENCY: readonly Standing[] = [
  'FAILED',
  'RUNNING',
  'STARTING',
  'SUBMITTED',
  'READY',
  'NEW_OBJECT',
  'NOT_RUN',
  'CANCELLED',
  'COMPLETED',
];

export function chooseTasks(tasks: readonly Task[], filter: Filter, sort: Sort, now: number): Task[] {
  const query = filter.query.trim().toLowerCase();
  const number = /^#?\d+$/.test(query) ? Number(query.replace('#', '')) : null;
  const chosen = tasks.filter(
    (task) =>
      (filter.statuses.size === 0 || filter.statuses.has(standingOf(task))) &&
      (query === '' || task.node_id === number || matches(task, query)),
  );
  if (sort.by === 'node' && !sort.descending) return chosen;
  const value = VALUES[sort.by];
  const sign = sort.descending ? -1 : 1;
  return chosen
    .map((task) => ({ task, value: value(task, now) }))
    .sort((a, b) => sign * compare(a.value, b.value) || a.task.node_id - b.task.node_id)
    .map(({ task }) => task);
}

/** Seconds that a task ran, or has run so far. */
export function took(task: Task, now: number): number | null {
  if (!task.started_at) return null;
  const until = isFinal(task.status) ? task.ended_at : now;
  return until ? Math.max(0, until - task.started_at) : null;
}

export function statusesOf(tasks: readonly Task[]): Counts {
  const counts: Partial<Record<Standing, number>> = {};
  for (const standing of tasks.map(standingOf)) counts[standing] = (counts[standing] ?? 0) + 1;
  return Object.fromEntries(STANDINGS.flatMap((one) => (counts[one] ? [[one, counts[one]]] : [])));
}

const VALUES: Readonly<Record<SortKey, (task: Task, now: number) => number | string>> = {
  node: (task) => task.node_id,
  name: (task) => task.name,
  status: (task) => URGENCY.indexOf(standingOf(task)),
  attempt: (task) => task.attempt,
  executor: (task) => task.executor,
  started: (task) => task.started_at ?? Infinity,
  took: (task, now) => took(task, now) ?? -1,
};

function compare(a: number | string, b: number | string): number {
  if (typeof a === 'string' || typeof b === 'string') return String(a).localeCompare(String(b));
  return a === b ? 0 : a - b;
}

function matches(task: Task, query: string): boolean {
  return (
    task.name.toLowerCase().includes(query) ||
    task.message.toLowerCase().includes(query) ||
    (task.cause ?? '').toLowerCase().includes(query)
  );
}
