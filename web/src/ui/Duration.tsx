import { useNow } from '../live/hooks';
import { formatDuration } from './format';
import styles from './text.module.css';

/** From one time to another, in Unix seconds; it goes on growing while there is no end. */
export function Duration({ from, to }: { from: number | null; to: number | null }) {
  const now = useNow(from !== null && to === null);
  if (from === null) return null;
  // Whole seconds while it grows: nobody reads tenths that jump.
  const seconds = to === null ? Math.max(0, Math.floor(now / 1000 - from)) : to - from;
  const text = to === null && seconds < 60 ? `${seconds} s` : formatDuration(seconds);
  return <span className={styles.numbers}>{text}</span>;
}
