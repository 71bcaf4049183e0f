import { useMemo, type KeyboardEvent, type MouseEvent } from 'react';
import { useNavigate } from 'react-router';
import type { DispatchInfo } from '../api/types';
import { useMedia } from '../ui/useMedia';
import { VirtualTable } from '../ui/VirtualTable';
import { columns } from './columns';
import styles from './Dispatches.module.css';
import type { ListState, ListStore } from './listStore';
import type { Selection } from './useSelection';

/** Telephones, held upright. */
const NARROW = '(max-width: 600px)';

interface Props {
  list: ListState;
  store: ListStore;
  selection: Selection;
  /** The dispatch that the keyboard is at: it stays the same one when others come above it. */
  activeId: string;
  onActive: (id: string) => void;
}

export function DispatchTable({ list, store, selection, activeId, onActive }: Props) {
  const navigate = useNavigate();
  const { rows } = list;
  const idAt = (index: number): string => rows[index]?.id ?? '';
  const isNarrow = useMedia(NARROW);
  const shown = useMemo(() => columns(rows, selection, isNarrow), [rows, selection, isNarrow]);
  const open = (index: number, event: KeyboardEvent | MouseEvent): void => {
    const address = `/dispatches/${idAt(index)}`;
    if (event.ctrlKey || event.metaKey) window.open(address, '_blank', 'noopener');
    else void navigate(address);
  };
  return (
    <VirtualTable<DispatchInfo>
      className={styles.table}
      label="Dispatches"
      isMain
      columns={shown}
      count={rows.length}
      rowAt={(index) => rows[index]}
      rowKey={idAt}
      rowHeight={44}
      minWidth={isNarrow ? 0 : 900}
      active={rows.findIndex((row) => row.id === activeId)}
      onActive={(index) => onActive(idAt(index))}
      onOpen={open}
      isSelected={(index) => selection.ids.has(idAt(index))}
      onToggle={(index) => selection.toggle(idAt(index))}
      onRange={store.look}
      onEnd={store.loadMore}
      footer={<Footer list={list} />}
    />
  );
}

function Footer({ list }: { list: ListState }) {
  if (list.isLoadingMore) return <div className={styles.footer}>Older ones are coming…</div>;
  return list.hasMore ? null : <div className={styles.footer}>That is all there are.</div>;
}
