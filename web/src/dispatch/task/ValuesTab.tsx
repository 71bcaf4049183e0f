import type { TaskView } from '../../api/types';
import { isFinal, type Status } from '../logic/status';
import { Preview } from '../parts/Preview';
import styles from './task.module.css';

/** What the task was given and what it returned, as the runner wrote it down. */
export function ValuesTab({ task }: { task: TaskView }) {
  return (
    <div className={styles.scroll}>
      <Preview title="Inputs" text={task.inputs_preview} missing="No preview of its inputs was made." />
      <Preview title="Output" text={task.output_preview} missing={missingOutput(task.status)} />
    </div>
  );
}

function missingOutput(status: Status): string {
  if (status === 'COMPLETED') return 'No preview of its output was made.';
  return isFinal(status) ? 'It has no output.' : 'It has returned nothing yet.';
}
