import { memo } from 'react';
import type { Span } from '../logic/timeline';
import { percent, place, type Scale } from './scale';
import styles from './timeline.module.css';

interface Props {
  readonly node: number;
  readonly spans: readonly Span[];
  readonly scale: Scale;
  /** Where what has not ended yet ends on the picture. */
  readonly now: number;
}

/** The attempts of one task. What a bar is, is told by the row and on hovering. */
export const Bars = memo(function Bars({ node, spans, scale, now }: Props) {
  const hasRetries = (spans.at(-1)?.attempt ?? 0) > 1;
  return spans.map((span, i) => {
    const [from, to] = [place(scale, span.from), place(scale, span.to ?? now)];
    if (to < 0 || from > 1) return null;
    const [left, right] = [Math.max(from, -0.01), Math.min(to, 1.01)];
    const end = span.phase === 'running' ? (span.end ?? 'RUNNING') : (span.end ?? '');
    return (
      <span
        key={i}
        className={`${styles.span} ${styles[span.phase]} ${styles[end] ?? ''}`}
        style={{ left: percent(left), width: percent(right - left) }}
        data-node={node}
        data-span={i}
      >
        {hasRetries && span.phase === 'running' && right - left > 0.025 && span.attempt}
      </span>
    );
  });
});
