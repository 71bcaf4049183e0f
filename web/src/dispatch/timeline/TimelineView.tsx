import { Maximize, Minus, Plus } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { messageOf } from '../../api/problem';
import { useNow } from '../../live/hooks';
import { Button } from '../../ui/Button';
import { EmptyState } from '../../ui/EmptyState';
import { formatCount } from '../../ui/format';
import { IconButton } from '../../ui/IconButton';
import { ganttRows } from '../logic/ganttRows';
import { isFinal } from '../logic/status';
import type { Span } from '../logic/timeline';
import { zoom, type Window } from '../logic/window';
import type { DispatchStore } from '../state/dispatchStore';
import { useStore } from '../state/hooks';
import { Axis } from './Axis';
import { Gantt } from './Gantt';
import { Overview } from './Overview';
import { useThrottled } from './useThrottled';
import styles from './timeline.module.css';

const REDRAW_MS = 500;

interface Props {
  readonly store: DispatchStore;
  readonly selected: number | null;
  readonly onOpen: (node: number) => void;
}

/** When each attempt waited, started and ran. */
export function TimelineView({ store, selected, onOpen }: Props) {
  useEffect(() => store.wantHistory(), [store]);
  const version = useThrottled(
    useStore(store, (from) => from.version),
    REDRAW_MS,
  );
  const { info, graph, model } = store.loaded!;
  const isLive = !isFinal(info.status);
  const now = useNow(isLive) / 1000;
  const spans = useMemo(() => {
    void version;
    return new Map([...store.timeline.spans.keys()].map((node) => [node, store.timeline.of(node, model.tasks[node])]));
  }, [store, model, version]);
  if (spans.size === 0 || !store.hasHistory) return <Nothing store={store} />;
  const start = store.timeline.from;
  const end = isLive ? Math.max(now, store.timeline.to) : Math.max(store.timeline.to, info.ended_at ?? 0);
  return (
    <Chart
      store={store}
      version={version}
      spans={spans}
      start={start}
      end={end}
      never={graph.nodes.length - spans.size}
      isLive={isLive}
      selected={selected}
      onOpen={onOpen}
    />
  );
}

function Nothing({ store }: { store: DispatchStore }) {
  if (store.historyError && !store.hasHistory) {
    return (
      <EmptyState title="The history cannot be shown" actions={<Button onClick={store.wantHistory}>Try again</Button>}>
        {messageOf(store.historyError)}
      </EmptyState>
    );
  }
  if (!store.hasHistory) return <p className={styles.loading}>Reading the history…</p>;
  return (
    <EmptyState title="Nothing has run">
      Attempts appear here with the time that they waited, started and ran.
    </EmptyState>
  );
}

interface ChartProps extends Props {
  readonly version: number;
  readonly spans: ReadonlyMap<number, readonly Span[]>;
  readonly start: number;
  readonly end: number;
  /** Tasks that have not begun. */
  readonly never: number;
  readonly isLive: boolean;
}

function Chart({ store, version, spans, start, end, never, isLive, selected, onOpen }: ChartProps) {
  const length = Math.max(end - start, 0.001);
  const [chosen, setChosen] = useState<Window | null>(null);
  const [turned, setTurned] = useState<ReadonlySet<number>>(new Set());
  const window = chosen ?? { from: 0, to: length };
  const scale = { start, window };
  const { stacks } = store.loaded!;
  const rows = useMemo(() => {
    void version;
    return ganttRows(stacks, store.timeline, turned);
  }, [stacks, store, turned, version]);
  const all = useMemo(() => [...spans.values()], [spans]);
  const setWindow = (next: Window): void => setChosen(next.from <= 0 && next.to >= length ? null : next);
  const closer = (factor: number): void => setWindow(zoom(window, length, (window.from + window.to) / 2, factor));
  const turn = (index: number): void =>
    setTurned((before) => {
      const next = new Set(before);
      if (!next.delete(index)) next.add(index);
      return next;
    });
  return (
    <div className={styles.pane}>
      <div className={styles.bar}>
        <Legend />
        {never > 0 && (
          <span className={styles.faint}>
            {formatCount(never)} {isLive ? 'not ready yet' : 'never ran'}
          </span>
        )}
        <span className={styles.buttons}>
          <IconButton label="Look closer" onClick={() => closer(0.5)}>
            <Plus size={16} />
          </IconButton>
          <IconButton label="Look from farther away" disabled={!chosen} onClick={() => closer(2)}>
            <Minus size={16} />
          </IconButton>
          <IconButton label="Show all" disabled={!chosen} onClick={() => setChosen(null)}>
            <Maximize size={15} />
          </IconButton>
        </span>
      </div>
      <Overview spans={all} start={start} length={length} window={window} onWindow={setWindow} />
      <Axis window={window} />
      <Gantt
        store={store}
        rows={rows}
        spans={spans}
        scale={scale}
        length={length}
        end={end}
        selected={selected}
        onOpen={onOpen}
        onTurn={turn}
        onWindow={setWindow}
      />
    </div>
  );
}

function Legend() {
  return (
    <span className={styles.legend}>
      <span className={`${styles.key} ${styles.waiting}`} /> waiting
      <span className={`${styles.key} ${styles.starting}`} /> starting
      <span className={`${styles.key} ${styles.running}`} /> running
      <span className={`${styles.key} ${styles.running} ${styles.COMPLETED}`} /> completed
      <span className={`${styles.key} ${styles.running} ${styles.FAILED}`} /> failed
      <span className={`${styles.key} ${styles.retrying}`} /> waiting to retry
    </span>
  );
}
