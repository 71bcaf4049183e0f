import type { DispatchInfo } from '../api/types';
import { showName } from '../text/ansi';
import { shortId } from '../ui/format';
import styles from './SelectionBar.module.css';

const MOST = 50;

/** Which dispatches a question is about. */
export function Names({ dispatches }: { dispatches: readonly DispatchInfo[] }) {
  return (
    <ul className={styles.names}>
      {dispatches.slice(0, MOST).map((row) => (
        <li key={row.id}>
          <span>{showName(row.name)}</span>
          <code>{shortId(row.id)}</code>
        </li>
      ))}
      {dispatches.length > MOST && <li>and {dispatches.length - MOST} more</li>}
    </ul>
  );
}
