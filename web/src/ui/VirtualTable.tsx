import { useVirtualizer } from '@tanstack/react-virtual';
import {
  useEffect,
  useId,
  useRef,
  type CSSProperties,
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
} from 'react';
import { moveBy } from './listKeys';
import styles from './VirtualTable.module.css';

export interface Column<Row> {
  readonly id: string;
  readonly header: ReactNode;
  /** A track of a CSS grid, such as `120px` or `minmax(160px, 2fr)`. */
  readonly width: string;
  readonly cell: (row: Row, index: number) => ReactNode;
  readonly align?: 'start' | 'end';
  /** For `aria-sort`. */
  readonly sort?: 'ascending' | 'descending';
}

interface Props<Row> {
  label: string;
  columns: readonly Column<Row>[];
  count: number;
  /** Undefined for a row that is not known yet. */
  rowAt: (index: number) => Row | undefined;
  rowKey: (index: number) => string | number;
  rowHeight?: number;
  /** Whether it is what its page is about: `j` and `k` go to it from wherever nothing else wants them. */
  isMain?: boolean;
  /** In pixels; where there is less room, the table scrolls sideways. */
  minWidth?: number;
  /** The row that the keyboard is at; -1 for none. */
  active: number;
  onActive: (index: number) => void;
  /** Enter on a row, or a click anywhere on it. */
  onOpen?: (index: number, event: KeyboardEvent | MouseEvent) => void;
  /** For tables in which rows can be chosen: with x or space. */
  isSelected?: (index: number) => boolean;
  onToggle?: (index: number) => void;
  /** Which rows are in view, from the first to after the last. */
  onRange?: (first: number, last: number) => void;
  /** The last rows have come near. */
  onEnd?: () => void;
  /** Below the rows. */
  footer?: ReactNode;
  className?: string;
}

const OVERSCAN = 12;

/** Rows before the end at which more are asked for, so that they are there when they are seen. */
const NEAR_END = 60;

/** A table of any length, of which only what is seen is in the page; reachable by keyboard as one element. */
export function VirtualTable<Row>(props: Props<Row>) {
  const {
    label,
    columns,
    count,
    rowKey,
    rowHeight = 40,
    isMain = false,
    minWidth = 0,
    active,
    isSelected,
    onRange,
    onEnd,
    footer,
    className,
  } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: rowKey,
    overscan: OVERSCAN,
    scrollPaddingStart: rowHeight,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (last >= 0 && last >= count - NEAR_END) onEnd?.();
  }, [last, count, onEnd]);
  const [firstSeen, lastSeen] = [virtual.range?.startIndex ?? 0, (virtual.range?.endIndex ?? 0) + 1];
  useEffect(() => onRange?.(firstSeen, lastSeen), [firstSeen, lastSeen, onRange]);
  useEffect(() => {
    if (active >= 0) virtual.scrollToIndex(active, { align: 'auto' });
    // Only when the row changes: the table must not jump back while somebody scrolls.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [active]);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target === scroller.current) handleKey(event, props, pageSize(scroller.current, rowHeight));
  };
  useEffect(() => {
    if (!isMain) return;
    const onKey = (event: globalThis.KeyboardEvent): void => {
      if (event.target !== document.body || (event.key !== 'j' && event.key !== 'k')) return;
      scroller.current?.focus();
      handleKey(event, latest.current, 1);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [isMain]);
  const columnWidths = columns.map((column) => column.width).join(' ');
  const tracks = { '--columns': columnWidths, '--min-width': `${minWidth}px` } as CSSProperties;
  return (
    <div
      ref={scroller}
      className={`${styles.table} ${className ?? ''}`}
      style={tracks}
      role="grid"
      aria-label={label}
      aria-rowcount={count + 1}
      aria-multiselectable={isSelected ? true : undefined}
      aria-activedescendant={active >= 0 && items.some((item) => item.index === active) ? `${id}-${active}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <Header columns={columns} />
      <div role="rowgroup" className={styles.body} style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => (
          <TableRow key={item.key} {...props} id={`${id}-${item.index}`} index={item.index} start={item.start} />
        ))}
      </div>
      {footer}
    </div>
  );
}

function Header<Row>({ columns }: { columns: readonly Column<Row>[] }) {
  return (
    <div role="rowgroup" className={styles.head}>
      <div role="row" className={styles.row} aria-rowindex={1}>
        {columns.map((column) => (
          <div key={column.id} role="columnheader" aria-sort={column.sort} className={cellClass(column)}>
            {column.header}
          </div>
        ))}
      </div>
    </div>
  );
}

interface RowProps<Row> extends Props<Row> {
  id: string;
  index: number;
  start: number;
}

function TableRow<Row>(props: RowProps<Row>) {
  const { columns, rowAt, rowHeight = 40, active, isSelected, onActive, onOpen, id, index, start } = props;
  const row = rowAt(index);
  const selected = isSelected?.(index);
  const onClick = (event: MouseEvent): void => {
    if ((event.target as Element).closest('a, button, input, label')) return;
    onActive(index);
    // Text that was marked with the mouse is to be copied, not to be left.
    if (window.getSelection()?.isCollapsed !== false) onOpen?.(index, event);
  };
  return (
    // The keyboard reaches rows through the table, which tells which one is active.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
    <div
      id={id}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      className={`${styles.row} ${styles.line} ${index === active ? styles.active : ''} ${selected ? styles.selected : ''}`}
      style={{ height: rowHeight, transform: `translateY(${start}px)` }}
      data-clickable={onOpen ? '' : undefined}
      onClick={onClick}
    >
      {columns.map((column) => (
        <div key={column.id} role="gridcell" className={cellClass(column)}>
          {row === undefined ? null : column.cell(row, index)}
        </div>
      ))}
    </div>
  );
}

function cellClass<Row>(column: Column<Row>): string {
  return `${styles.cell} ${column.align === 'end' ? styles.end : ''}`;
}

function handleKey<Row>(event: KeyboardEvent | globalThis.KeyboardEvent, props: Props<Row>, page: number): void {
  const { active, count, onActive, onOpen, onToggle } = props;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = moveBy(event.key, active, count, page);
  if (target !== null) onActive(target);
  else if (event.key === 'Enter' && active >= 0 && onOpen) onOpen(active, event as KeyboardEvent);
  else if ((event.key === ' ' || event.key === 'x') && active >= 0 && onToggle) onToggle(active);
  else return;
  event.preventDefault();
}

function pageSize(scroller: HTMLElement | null, rowHeight: number): number {
  // The header hides one row, and one is kept to find one's place again.
  return Math.max(1, Math.floor((scroller?.clientHeight ?? 0) / rowHeight) - 2);
}
