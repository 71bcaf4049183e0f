import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { moveBy } from '../../ui/listKeys';
import type { GanttRow } from '../logic/ganttRows';
import { ticks, type Span } from '../logic/timeline';
import { pan, zoom, type Window } from '../logic/window';
import type { DispatchStore } from '../state/dispatchStore';
import { GanttLine } from './GanttLine';
import { HoverCard } from './HoverCard';
import { percent, type Scale } from './scale';
import styles from './timeline.module.css';

interface Props {
  readonly store: DispatchStore;
  readonly rows: readonly GanttRow[];
  readonly spans: ReadonlyMap<number, readonly Span[]>;
  readonly scale: Scale;
  readonly length: number;
  readonly end: number;
  readonly selected: number | null;
  readonly onOpen: (node: number) => void;
  readonly onTurn: (stack: number) => void;
  readonly onWindow: (window: Window) => void;
}

const ROW = 26;
const STACK_ROW = 38;
const LABEL = 240;

interface Hovered {
  readonly node: number;
  readonly span: number;
  readonly x: number;
  readonly y: number;
}

/** The rows, of which only those in view are in the page; one element for the keyboard, like the tables. */
export function Gantt(props: Props) {
  const { store, rows, spans, scale, end, selected, onOpen, onTurn } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  const [active, setActive] = useState(-1);
  const [hovered, setHovered] = useState<Hovered | null>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (rows[index]?.kind === 'stack' ? STACK_ROW : ROW),
    getItemKey: (index) => keyOf(rows[index]!),
    overscan: 10,
  });
  useEffect(() => virtual.measure(), [virtual, rows]);
  useWheel(scroller, props);
  const openRow = (row: GanttRow | undefined): void => {
    if (row?.kind === 'task') onOpen(row.node);
    else if (row) onTurn(row.index);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const row = rows[active];
    const next = moveBy(event.key, active, rows.length, 12);
    if (next !== null) {
      setActive(next);
      virtual.scrollToIndex(next);
    } else if (event.key === 'Enter') openRow(row);
    else if (event.key === 'ArrowRight' && row?.kind === 'stack' && !row.isOpen) onTurn(row.index);
    else if (event.key === 'ArrowLeft' && row?.kind === 'stack' && row.isOpen) onTurn(row.index);
    else return;
    event.preventDefault();
  };
  const hover = hovered && spans.get(hovered.node)?.[hovered.span];
  const items = virtual.getVirtualItems();
  return (
    <div
      ref={scroller}
      className={styles.rows}
      role="treegrid"
      aria-label="Timeline of the tasks"
      aria-rowcount={rows.length}
      aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onPointerMove={(event) => setHovered(spanAt(event))}
      onPointerLeave={() => setHovered(null)}
    >
      <div className={styles.inner} role="rowgroup" style={{ height: virtual.getTotalSize() }}>
        <Lines window={scale.window} />
        {items.map((item) => (
          <GanttLine
            key={item.key}
            id={`${id}-${item.index}`}
            index={item.index}
            row={rows[item.index]!}
            store={store}
            spans={spans}
            scale={scale}
            end={end}
            top={item.start}
            height={item.size}
            isActive={item.index === active}
            selected={selected}
            onOpen={openRow}
          />
        ))}
      </div>
      {hovered && hover && (
        <HoverCard
          {...hovered}
          span={hover}
          name={store.loaded!.graph.nodes[hovered.node]!.name}
          start={scale.start}
          now={end}
        />
      )}
    </div>
  );
}

/** Thin lines at the ticks of the axis. */
function Lines({ window }: { window: Window }) {
  const length = window.to - window.from;
  const places = useMemo(
    () => ticks(window.from, length, 8).map((at) => (at - window.from) / length),
    [window, length],
  );
  return (
    <div className={styles.lines} aria-hidden="true">
      {places.map((share) => (
        <span key={share} className={styles.lineMark} style={{ left: percent(share) }} />
      ))}
    </div>
  );
}

/** With Ctrl the wheel zooms to where the pointer is; sideways it moves. */
function useWheel(scroller: React.RefObject<HTMLDivElement | null>, props: Props): void {
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    const element = scroller.current!;
    const onWheel = (event: WheelEvent): void => {
      const { scale, length, onWindow } = latest.current;
      const { left, width } = element.getBoundingClientRect();
      const span = scale.window.to - scale.window.from;
      const perPixel = span / Math.max(1, width - LABEL);
      const sideways = event.shiftKey ? event.deltaY : event.deltaX;
      if (event.ctrlKey || event.metaKey) {
        const at = scale.window.from + Math.max(0, event.clientX - left - LABEL) * perPixel;
        onWindow(zoom(scale.window, length, at, Math.exp(event.deltaY / 300)));
      } else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY) && span < length) {
        onWindow(pan(scale.window, length, sideways * perPixel));
      } else return;
      event.preventDefault();
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [scroller]);
}

function spanAt(event: PointerEvent): Hovered | null {
  const { node, span } = (event.target as HTMLElement).dataset;
  if (node === undefined || span === undefined) return null;
  return { node: Number(node), span: Number(span), x: event.clientX, y: event.clientY };
}

function keyOf(row: GanttRow): string {
  return row.kind === 'stack' ? `s${row.index}` : `t${row.node}`;
}
