import { formatDuration, formatTime } from '../../ui/format';
import { showControls, showName } from '../../text/ansi';
import { causeWords } from '../logic/sentences';
import type { Span } from '../logic/timeline';
import styles from './timeline.module.css';

interface Props {
  readonly name: string;
  readonly node: number;
  readonly span: Span;
  readonly start: number;
  readonly now: number;
  readonly x: number;
  readonly y: number;
}

const WORDS = {
  waiting: 'Waiting',
  starting: 'Starting',
  running: 'Running',
  retrying: 'Waiting for the next attempt',
};

/** What is under the pointer. */
export function HoverCard({ name, node, span, start, now, x, y }: Props) {
  const end = span.to ?? now;
  const style = { left: Math.min(x + 14, window.innerWidth - 300), top: Math.min(y + 16, window.innerHeight - 140) };
  return (
    <div className={styles.card} style={style} aria-hidden="true">
      <strong>
        {showName(name)} <span className={styles.faint}>#{node}</span>
      </strong>
      <span>
        {WORDS[span.phase]}
        {span.attempt > 0 && `, attempt ${span.attempt}`}: {formatDuration(end - span.from)}
        {span.to === null && ' so far'}
      </span>
      <span className={styles.faint}>
        {formatDuration(span.from - start)} after the start, {formatTime(span.from)}
      </span>
      {span.end === 'FAILED' && <span>Failed{span.cause && `: ${causeWords(span.cause)[1]}`}</span>}
      {span.detail && <span className={styles.faint}>{showControls(span.detail)}</span>}
    </div>
  );
}
