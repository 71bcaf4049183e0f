import { useCallback, useState } from 'react';

export interface Selection {
  readonly ids: ReadonlySet<string>;
  readonly toggle: (id: string) => void;
  /** From the one that was toggled last to this one, as they stand in the list. */
  readonly toggleTo: (id: string, list: readonly { id: string }[]) => void;
  readonly replace: (ids: Iterable<string>) => void;
}

/** Which dispatches of the list have been chosen. */
export function useSelection(): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const [last, setLast] = useState('');
  const toggle = useCallback((id: string) => {
    setLast(id);
    setIds((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });
  }, []);
  const toggleTo = useCallback(
    (id: string, list: readonly { id: string }[]) => {
      const [from, to] = [last, id].map((one) => list.findIndex((row) => row.id === one)).sort((a, b) => a - b);
      if (from === undefined || to === undefined || from < 0) return toggle(id);
      setLast(id);
      setIds((before) => new Set([...before, ...list.slice(from, to + 1).map((row) => row.id)]));
    },
    [last, toggle],
  );
  const replace = useCallback((wanted: Iterable<string>) => setIds(new Set(wanted)), []);
  return { ids, toggle, toggleTo, replace };
}
