import { Duration } from '../../ui/Duration';
import { isFinal } from '../logic/status';
import type { Task } from '../logic/taskModel';

/** How long a task has run, or ran. */
export function TaskTime({ task }: { task: Task }) {
  if (!task.started_at || (isFinal(task.status) && !task.ended_at) || task.status === 'READY') return null;
  return <Duration from={task.started_at} to={isFinal(task.status) ? (task.ended_at ?? null) : null} />;
}
