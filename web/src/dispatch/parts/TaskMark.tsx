import { StatusMark } from '../../ui/StatusMark';
import type { Task } from '../logic/taskModel';

interface Props {
  readonly task: Pick<Task, 'status' | 'cause'>;
  readonly size?: number;
  readonly withLabel?: boolean;
}

/** The status of a task. One that never ran, because of another, is told apart from those that failed. */
export function TaskMark({ task, size = 16, withLabel = false }: Props) {
  if (task.status === 'FAILED' && task.cause === 'UPSTREAM') {
    return <StatusMark status="CANCELLED" label="Not run" size={size} withLabel={withLabel} />;
  }
  return <StatusMark status={task.status} size={size} withLabel={withLabel} />;
}
