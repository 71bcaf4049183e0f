import { formatDuration } from '../../ui/format';
import { ticks } from '../logic/timeline';
import type { Window } from '../logic/window';
import { percent } from './scale';
import styles from './timeline.module.css';

const MOST = 8;

/** Times since the start. */
export function Axis({ window }: { window: Window }) {
  const length = window.to - window.from;
  return (
    <div className={styles.axis} aria-hidden="true">
      <div className={styles.ticks}>
        {ticks(window.from, length, MOST).map((at) => (
          <span key={at} className={styles.tick} style={{ left: percent((at - window.from) / length) }}>
            {at === 0 ? '0' : formatDuration(at)}
          </span>
        ))}
      </div>
    </div>
  );
}
