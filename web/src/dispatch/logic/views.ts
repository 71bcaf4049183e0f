/** Which of the tabs about a task is seen first. */
import type { AttemptView, TaskView } from '../../api/types';

export type View = 'error' | 'log' | 'values' | 'source' | 'details';

export type Shown = Pick<TaskView, 'status' | 'cause' | 'inputs_preview' | 'output_preview'>;
export type ShownAttempt = Pick<AttemptView, 'outcome' | 'missing'>;

export function hasError(task: Shown, attempt: ShownAttempt | undefined): boolean {
  return Boolean(attempt?.outcome?.failure ?? attempt?.outcome?.cause) || task.cause !== null;
}

/** Why it failed, else what it writes; where nothing was written, what there is instead. */
export function firstView(task: Shown, attempt: ShownAttempt | undefined): View {
  if (task.status === 'FAILED' && hasError(task, attempt)) return 'error';
  const isOver = task.status === 'COMPLETED' || task.status === 'CANCELLED';
  if (!isOver || mayHaveWritten(attempt)) return 'log';
  if (hasError(task, attempt)) return 'error';
  return task.output_preview || task.inputs_preview ? 'values' : 'source';
}

function mayHaveWritten(attempt: ShownAttempt | undefined): boolean {
  if (!attempt) return false;
  const { outcome, missing } = attempt;
  return !outcome || missing !== '' || outcome.stdout_size > 0 || outcome.stderr_size > 0;
}
