import { useCallback, useEffect, useMemo, useSyncExternalStore } from 'react';
import type { Counts } from '../logic/status';
import type { Task } from '../logic/taskModel';
import { DispatchStore } from './dispatchStore';

/** Stores that were used last: going back to a page shows it at once. */
const KEPT = 12;
const stores = new Map<string, DispatchStore>();

export function storeOf(id: string): DispatchStore {
  const store = stores.get(id) ?? new DispatchStore(id);
  stores.delete(id);
  stores.set(id, store);
  for (const [oldest, candidate] of stores) {
    if (stores.size <= KEPT) break;
    if (!candidate.isUsed) stores.delete(oldest);
  }
  return store;
}

export function forgetStore(id: string): void {
  stores.delete(id);
}

export function useDispatchStore(id: string): DispatchStore {
  const store = useMemo(() => storeOf(id), [id]);
  useEffect(() => store.use(), [store]);
  return store;
}

/** A part of what a store knows, which must be the same object until it changes. */
export function useStore<T>(store: DispatchStore, select: (store: DispatchStore) => T): T {
  return useSyncExternalStore(store.subscribe, () => select(store));
}

export function useCounts(store: DispatchStore, stack: number): Counts {
  return useStore(
    store,
    useCallback((from: DispatchStore) => from.loaded?.model.countsOf(stack) ?? NONE, [stack]),
  );
}

export function useTask(store: DispatchStore, node: number): Task | undefined {
  return useStore(
    store,
    useCallback((from: DispatchStore) => from.loaded?.model.tasks[node], [node]),
  );
}

const NONE: Counts = {};
