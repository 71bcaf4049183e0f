import { useNow } from '../live/hooks';
import { formatAgo, formatTime } from './format';
import styles from './text.module.css';

/** When something was, in Unix seconds: how long ago, and on hovering to the second. */
export function Time({ at, isExact = false }: { at: number | null; isExact?: boolean }) {
  const now = useNow(at !== null && !isExact);
  if (at === null) return null;
  return (
    <time className={styles.numbers} dateTime={new Date(at * 1000).toISOString()} title={formatTime(at)}>
      {isExact ? formatTime(at) : formatAgo(at, now / 1000)}
    </time>
  );
}
