import { StatusMark } from '../../ui/StatusMark';
import { standingOf } from '../logic/status';
import type { Task } from '../logic/taskModel';

interface Props {
  readonly task: Pick<Task, 'status' | 'cause'>;
  readonly size?: number;
  readonly withLabel?: boolean;
}

/** The status of a task. One that never ran, because of another, is told apart from those that failed. */
export function TaskMark({ task, size = 16, withLabel = false }: Props) {
  return <StatusMark status={standingOf(task)} size={size} withLabel={withLabel} />;
}
