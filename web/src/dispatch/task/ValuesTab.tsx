import type { TaskView } from '../../api/types';
import { isFinal, type Status } from '../logic/status';
import { Preview } from '../parts/Preview';
import styles from './task.module.css';

/** What the task was given and what it returned, as the runner wrote it down. */
export function ValuesTab({ task }: { task: TaskView }) {
  return (
    <div className={styles.scroll}>
      <Preview title="Inputs" text={task.inputs_preview} missing={missingInputs(task)} />
      <Preview title="Output" text={task.output_preview} missing={missingOutput(task.status)} />
    </div>
  );
}

/** Whoever runs a task makes a preview of its inputs and its output; that of its inputs is empty only where there are none. */
function missingInputs({ output_preview, reused }: TaskView): string {
  return output_preview && !reused ? 'It was called without arguments.' : 'No preview of its inputs was made.';
}

function missingOutput(status: Status): string {
  if (status === 'COMPLETED') return 'No preview of its output was made.';
  return isFinal(status) ? 'It has no output.' : 'It has returned nothing yet.';
}
