import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { draw, type Drawing, type OpenTask } from '../logic/scene';
import type { DispatchStore } from '../state/dispatchStore';
import { storeOf } from '../state/hooks';

export interface Opened {
  /** By the id of a box, the task of it whose sublattice is open. */
  readonly tasks: ReadonlyMap<string, OpenTask>;
  readonly open: (box: string, task: OpenTask) => void;
  readonly close: (box: string) => void;
}

export function useOpened(): Opened {
  const [tasks, setTasks] = useState<ReadonlyMap<string, OpenTask>>(new Map());
  const close = useCallback((box: string) => setTasks((before) => without(before, box)), []);
  const open = useCallback(
    (box: string, task: OpenTask) => setTasks((before) => new Map(without(before, box)).set(box, task)),
    [],
  );
  return useMemo(() => ({ tasks, open, close }), [tasks, open, close]);
}

/** What is drawn of a dispatch; it changes with its structure and with what is open, not with statuses. */
export function useDrawing(root: DispatchStore, opened: ReadonlyMap<string, OpenTask>): Drawing | null {
  const isLoaded = useSyncExternalStore(root.subscribe, () => root.loaded !== null);
  const loadedChildren = useChildren(opened);
  return useMemo(() => {
    const isThere = new Set([root.id, ...loadedChildren.split(',')]);
    const stacksOf = (id: string) => (isThere.has(id) ? storeOf(id).loaded?.stacks : undefined);
    return isLoaded ? draw(root.id, stacksOf, opened) : null;
  }, [root, isLoaded, opened, loadedChildren]);
}

/** Keeps the dispatches of what is open up to date, and says which of them are there to be drawn. */
function useChildren(opened: ReadonlyMap<string, OpenTask>): string {
  const stores = useMemo(() => [...opened.values()].map((task) => storeOf(task.childId)), [opened]);
  useEffect(() => {
    const stops = stores.map((store) => store.use());
    return () => stops.forEach((stop) => stop());
  }, [stores]);
  const subscribe = useCallback(
    (listener: () => void) => {
      const stops = stores.map((store) => store.subscribe(listener));
      return () => stops.forEach((stop) => stop());
    },
    [stores],
  );
  return useSyncExternalStore(subscribe, () =>
    stores
      .filter((store) => store.loaded)
      .map((store) => store.id)
      .join(),
  );
}

function without(tasks: ReadonlyMap<string, OpenTask>, box: string): ReadonlyMap<string, OpenTask> {
  return new Map([...tasks].filter(([id]) => id !== box && !id.startsWith(`${box}/`)));
}
