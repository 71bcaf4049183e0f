import { ChevronDown, ChevronRight } from 'lucide-react';
import { useMemo } from 'react';
import { formatCount } from '../../ui/format';
import { StatusMark } from '../../ui/StatusMark';
import { showControls, showName } from '../../text/ansi';
import type { GanttRow } from '../logic/ganttRows';
import { summaryStatus } from '../logic/status';
import { concurrency, type Span } from '../logic/timeline';
import type { DispatchStore } from '../state/dispatchStore';
import { useCounts, useTask } from '../state/hooks';
import { Area } from './Area';
import { Bars } from './Bars';
import { TaskMark } from '../parts/TaskMark';
import type { Scale } from './scale';
import styles from './timeline.module.css';

interface Props {
  readonly id: string;
  readonly index: number;
  readonly row: GanttRow;
  readonly store: DispatchStore;
  readonly spans: ReadonlyMap<number, readonly Span[]>;
  readonly scale: Scale;
  readonly end: number;
  readonly top: number;
  readonly height: number;
  readonly isActive: boolean;
  readonly selected: number | null;
  readonly onOpen: (row: GanttRow) => void;
}

export function GanttLine(props: Props) {
  const { id, index, row, top, height, isActive, selected, onOpen } = props;
  const looks = [styles.row, row.kind === 'stack' && styles.stackRow, isActive && styles.active];
  if (row.kind === 'task' && row.node === selected) looks.push(styles.selected);
  return (
    // The keyboard reaches rows through the grid, which tells which one is active.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
    <div
      id={id}
      role="row"
      aria-rowindex={index + 1}
      aria-expanded={row.kind === 'stack' ? row.isOpen : undefined}
      className={looks.filter(Boolean).join(' ')}
      style={{ height, transform: `translateY(${top}px)` }}
      onClick={() => onOpen(row)}
    >
      {row.kind === 'stack' ? <StackLine {...props} row={row} /> : <TaskLine {...props} row={row} />}
    </div>
  );
}

function TaskLine({ row, store, spans, scale, end }: Props & { row: GanttRow & { kind: 'task' } }) {
  const task = useTask(store, row.node);
  const name = showControls(task?.name ?? '');
  return (
    <>
      <span role="gridcell" className={`${styles.label} ${row.isInside ? styles.inside : ''}`} title={name}>
        {task && <TaskMark task={task} size={13} />}
        <span className={styles.name}>{row.isInside ? `#${row.node}` : name}</span>
        {!row.isInside && <span className={styles.faint}>#{row.node}</span>}
      </span>
      <span role="gridcell" className={styles.track}>
        <Bars node={row.node} spans={spans.get(row.node) ?? []} scale={scale} now={end} />
      </span>
    </>
  );
}

const BINS = 160;

function StackLine({ row, store, spans, scale }: Props & { row: GanttRow & { kind: 'stack' } }) {
  const { stacks } = store.loaded!;
  const stack = stacks.stacks[row.index]!;
  const counts = useCounts(store, row.index);
  const { start, window } = scale;
  const areas = useMemo(() => {
    const own = stack.nodes.flatMap((node) => spans.get(node) ?? []);
    const [from, to] = [start + window.from, start + window.to];
    const of = (wanted: (span: Span) => boolean) => concurrency([own.filter(wanted)], from, to, BINS);
    return { running: of(() => true), failed: of((span) => span.end === 'FAILED') };
  }, [stack, spans, start, window.from, window.to]);
  const most = areas.running.reduce((a, b) => Math.max(a, b), 0);
  const Chevron = row.isOpen ? ChevronDown : ChevronRight;
  const name = showName(stack.name);
  return (
    <>
      <span role="gridcell" className={styles.label} title={name}>
        <Chevron size={14} aria-hidden="true" className={styles.faint} />
        <StatusMark status={summaryStatus(counts)} size={14} />
        <span className={styles.name}>{name}</span>
        <span className={styles.badge}>×{formatCount(stack.nodes.length)}</span>
      </span>
      <span role="gridcell" className={styles.track} aria-label={`at most ${most} at once`}>
        <Area counts={areas.running} most={most} />
        {(counts.FAILED ?? 0) > 0 && (
          <span className={styles.failedArea}>
            <Area counts={areas.failed} most={most} />
          </span>
        )}
      </span>
    </>
  );
}
