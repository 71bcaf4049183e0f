import { useMemo, useRef, useState, type PointerEvent } from 'react';
import { concurrency, type Span } from '../logic/timeline';
import { between, type Window } from '../logic/window';
import { formatCount } from '../../ui/format';
import { Area } from './Area';
import { percent } from './scale';
import styles from './timeline.module.css';

interface Props {
  readonly spans: readonly (readonly Span[])[];
  readonly start: number;
  readonly length: number;
  readonly window: Window;
  readonly onWindow: (window: Window) => void;
}

const BINS = 240;

/** How many tasks ran at once, over the whole time; a part is looked at closer by dragging over it. */
export function Overview({ spans, start, length, window, onWindow }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const [anchor, setAnchor] = useState<number | null>(null);
  const counts = useMemo(() => concurrency(spans, start, start + length, BINS), [spans, start, length]);
  const most = counts.reduce((a, b) => Math.max(a, b), 0);
  const at = (event: PointerEvent): number => {
    const { left, width } = frame.current!.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - left) / width)) * length;
  };
  const isWhole = window.from <= 0 && window.to >= length;
  return (
    <div className={styles.overview}>
      <div className={styles.overviewLabel}>
        <span>Running at once</span>
        <span className={styles.most}>at most {formatCount(most)}</span>
      </div>
      <div
        ref={frame}
        className={styles.strip}
        title="Drag to look closer"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setAnchor(at(event));
        }}
        onPointerMove={(event) => anchor !== null && onWindow(between(anchor, at(event), length))}
        onPointerUp={() => setAnchor(null)}
        onDoubleClick={() => onWindow({ from: 0, to: length })}
      >
        <Area counts={counts} most={most} />
        {!isWhole && (
          <>
            <span className={styles.shade} style={{ left: 0, width: percent(window.from / length) }} />
            <span className={styles.shade} style={{ left: percent(window.to / length), right: 0 }} />
          </>
        )}
      </div>
    </div>
  );
}
