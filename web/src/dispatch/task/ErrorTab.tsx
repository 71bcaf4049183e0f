import type { AttemptView, TaskView } from '../../api/types';
import { CodeBlock } from '../../ui/CodeBlock';
import { showText } from '../../text/ansi';
import { causeWords } from '../logic/sentences';
import styles from './task.module.css';

/** Why an attempt failed: cause, message, traceback. */
export function ErrorTab({ task, attempt }: { task: TaskView; attempt: AttemptView | undefined }) {
  const outcome = attempt?.outcome;
  const cause = outcome?.cause ?? task.cause;
  const message = outcome?.message ?? task.message;
  const traceback = outcome?.failure?.traceback;
  return (
    <div className={styles.scroll}>
      {cause && (
        <p>
          <strong>{causeWords(cause)[0]}</strong> <span className={styles.faint}>{causeWords(cause)[1]}</span>
        </p>
      )}
      {message && <p className={styles.message}>{showText(message)}</p>}
      {typeof outcome?.exit_code === 'number' && <p className={styles.faint}>Exit code {outcome.exit_code}</p>}
      {traceback && <CodeBlock code={showText(traceback)} label="Traceback" />}
    </div>
  );
}
