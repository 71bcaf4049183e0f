import { formatCount } from './format';
import styles from './Progress.module.css';
import { BAR_ORDER, STATUS_LOOKS, type Counts } from './status';

/** How far the tasks of a dispatch are, as a bar with a part for each status. */
export function Progress({ counts, total }: { counts: Counts; total: number }) {
  const parts = BAR_ORDER.map((status) => ({ status, count: counts[status] ?? 0 })).filter((part) => part.count > 0);
  const words = parts.map((part) => `${formatCount(part.count)} ${STATUS_LOOKS[part.status].label.toLowerCase()}`);
  const text = `${formatCount(total)} tasks: ${words.join(', ')}`;
  const isCalm = total > 0 && counts.COMPLETED === total;
  return (
    <div className={`${styles.bar} ${isCalm ? styles.calm : ''}`} role="img" aria-label={text} title={text}>
      {parts.map(({ status, count }) => (
        <div key={status} className={styles.part} data-status={status} style={{ flexGrow: count }} />
      ))}
    </div>
  );
}
