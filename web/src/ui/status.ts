/** What people read for each status. Colours are the variables `--status-…` of the theme. */
import type { Status } from '../api/types';

/** What a task counts as: its status, or that it never ran because of another, which for the server is a failure too. */
export type Standing = Status | 'NOT_RUN';

export function standingOf(task: { readonly status: Status; readonly cause?: string | null }): Standing {
  return task.status === 'FAILED' && task.cause === 'UPSTREAM' ? 'NOT_RUN' : task.status;
}

export type Counts = Readonly<Partial<Record<Standing, number>>>;

/** Where the tasks of a dispatch stand, with those apart that failed only because of others. */
export function countsOf({ counts, not_run }: { counts: Readonly<Record<string, number>>; not_run: number }): Counts {
  return not_run > 0 ? { ...counts, FAILED: (counts.FAILED ?? 0) - not_run, NOT_RUN: not_run } : counts;
}

export interface StatusLook {
  readonly label: string;
  readonly colour: string;
}

export const STATUS_LOOKS: Readonly<Record<Standing, StatusLook>> = {
  NEW_OBJECT: { label: 'Waiting', colour: 'var(--status-new)' },
  READY: { label: 'Ready', colour: 'var(--status-ready)' },
  SUBMITTED: { label: 'Submitted', colour: 'var(--status-submitted)' },
  STARTING: { label: 'Starting', colour: 'var(--status-starting)' },
  RUNNING: { label: 'Running', colour: 'var(--status-running)' },
  COMPLETED: { label: 'Completed', colour: 'var(--status-completed)' },
  FAILED: { label: 'Failed', colour: 'var(--status-failed)' },
  NOT_RUN: { label: 'Not run', colour: 'var(--status-cancelled)' },
  CANCELLED: { label: 'Cancelled', colour: 'var(--status-cancelled)' },
};

/** In the order in which bars show them: what is done first, what has not begun last. */
export const BAR_ORDER: readonly Standing[] = [
  'COMPLETED',
  'FAILED',
  'NOT_RUN',
  'CANCELLED',
  'RUNNING',
  'STARTING',
  'SUBMITTED',
  'READY',
  'NEW_OBJECT',
];

export function isFinal(status: Status): boolean {
  return status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED';
}
