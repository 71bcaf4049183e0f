import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { useMoved } from '../live/hooks';
import type { Filters } from './filters';
import { ListStore, type ListState } from './listStore';

/** The list under these filters, kept up to date. */
export function useList({ search, status, executor }: Filters): [ListState, ListStore] {
  const store = useMemo(() => new ListStore({ search, status, executor }), [search, status, executor]);
  useEffect(() => store.refresh(), [store]);
  useMoved(store.refresh);
  return [useSyncExternalStore(store.subscribe, store.get), store];
}
