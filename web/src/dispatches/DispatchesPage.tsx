import { useState } from 'react';
import { messageOf } from '../api/problem';
import { Button } from '../ui/Button';
import { EmptyState } from '../ui/EmptyState';
import { isFiltered, type Filters } from './filters';
import { FilterBar } from './FilterBar';
import { GettingStarted } from './GettingStarted';
import styles from './Dispatches.module.css';
import { DispatchTable } from './DispatchTable';
import type { ListState, ListStore } from './listStore';
import { SelectionBar } from './SelectionBar';
import { useFilters } from './useFilters';
import { useList } from './useList';
import { useSelection } from './useSelection';

/** All dispatches, newest first, as they move. */
export function DispatchesPage() {
  const [filters, change] = useFilters();
  const [list, store] = useList(filters);
  const selection = useSelection();
  const [activeId, setActiveId] = useState('');
  const chosen = list.rows.filter((row) => selection.ids.has(row.id));
  const isEmpty = list.isLoaded && list.rows.length === 0 && !isFiltered(filters);
  return (
    <div className={styles.page}>
      <title>Dispatches · Covalent</title>
      <div className={styles.head}>
        <h1>Dispatches</h1>
        {chosen.length > 0 ? (
          <SelectionBar chosen={chosen} onClear={() => selection.replace([])} onDone={store.refresh} />
        ) : isEmpty ? null : (
          <FilterBar filters={filters} onChange={change} />
        )}
      </div>
      {list.rows.length > 0 ? (
        <DispatchTable list={list} store={store} selection={selection} activeId={activeId} onActive={setActiveId} />
      ) : (
        <div className={styles.nothing}>
          <Nothing list={list} store={store} filters={filters} onChange={change} />
        </div>
      )}
    </div>
  );
}

interface NothingProps {
  list: ListState;
  store: ListStore;
  filters: Filters;
  onChange: (change: Partial<Filters>) => void;
}

function Nothing({ list, store, filters, onChange }: NothingProps) {
  if (list.error) {
    return (
      <EmptyState title="The list cannot be shown" actions={<Button onClick={store.refresh}>Try again</Button>}>
        {messageOf(list.error)}
      </EmptyState>
    );
  }
  if (!list.isLoaded) return null;
  if (!isFiltered(filters)) return <GettingStarted />;
  return (
    <EmptyState
      title="No dispatch is like that"
      actions={
        <Button onClick={() => onChange({ search: '', status: null, executor: '' })}>Show all dispatches</Button>
      }
    >
      Searches look for a part of the name or of the id. Sublattices are not listed: they are in the dispatch that runs
      them.
    </EmptyState>
  );
}
