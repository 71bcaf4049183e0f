import type { Status } from '../../api/types';
import { isFinal, standingOf, type Counts, type Standing } from '../../ui/status';

export { isFinal, standingOf, type Counts, type Standing, type Status };

/** Statuses in the order in which a task passes through them; final ones last. */
export const STATUSES = [
  'NEW_OBJECT',
  'READY',
  'SUBMITTED',
  'STARTING',
  'RUNNING',
  'COMPLETED',
  'FAILED',
  'CANCELLED',
] as const satisfies readonly Status[];

const INDEX = Object.fromEntries(STATUSES.map((status, index) => [status, index])) as Record<Status, number>;

/** How far a task is: grows with every step that it takes, over all its attempts. */
export function stage(attempt: number, status: Status): number {
  if (isFinal(status)) return Number.MAX_SAFE_INTEGER;
  // READY of an attempt that exists means that it ended and that the next one is waited for.
  const within = status === 'READY' && attempt > 0 ? STATUSES.length : INDEX[status];
  return attempt * (STATUSES.length + 1) + within;
}

/** What tasks are told apart by, in that order. */
export const STANDINGS: readonly Standing[] = STATUSES.flatMap((status): Standing[] =>
  status === 'FAILED' ? [status, 'NOT_RUN'] : [status],
);

/** The one status that speaks for many tasks: what goes wrong first, then what moves. */
export function summaryStatus(counts: Counts): Standing {
  const has = (status: Standing): boolean => (counts[status] ?? 0) > 0;
  if (has('FAILED')) return 'FAILED';
  if (has('RUNNING')) return 'RUNNING';
  if (has('STARTING')) return 'STARTING';
  if (has('SUBMITTED')) return 'SUBMITTED';
  if (has('READY')) return 'READY';
  if (has('NEW_OBJECT')) return has('COMPLETED') ? 'READY' : 'NEW_OBJECT';
  if (has('NOT_RUN')) return 'NOT_RUN';
  return has('CANCELLED') ? 'CANCELLED' : 'COMPLETED';
}
