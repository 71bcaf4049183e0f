import { formatCount } from '../../ui/format';
import { StatusMark } from '../../ui/StatusMark';
import { STANDINGS, type Counts, type Standing } from '../logic/status';
import styles from './tasks.module.css';

interface Props {
  readonly counts: Counts;
  readonly chosen: ReadonlySet<Standing>;
  readonly onChange: (chosen: ReadonlySet<Standing>) => void;
}

/** The statuses that there are, each with its number, to choose by. */
export function StatusChips({ counts, chosen, onChange }: Props) {
  const toggle = (status: Standing): void => {
    const next = new Set(chosen);
    if (!next.delete(status)) next.add(status);
    onChange(next);
  };
  return (
    <div className={styles.chips} role="group" aria-label="Only tasks that are">
      {STANDINGS.filter((status) => (counts[status] ?? 0) > 0 || chosen.has(status)).map((status) => (
        <button
          key={status}
          type="button"
          className={styles.chip}
          aria-pressed={chosen.has(status)}
          onClick={() => toggle(status)}
        >
          <StatusMark status={status} size={13} withLabel />
          <span className={styles.count}>{formatCount(counts[status] ?? 0)}</span>
        </button>
      ))}
    </div>
  );
}
