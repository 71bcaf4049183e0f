import { useCallback, useMemo } from 'react';
import { useNavigate, useParams, useSearchParams } from 'react-router';

/** What the address says is shown of a dispatch. */
export interface Address {
  readonly id: string;
  readonly tab: string;
  /** The task in the panel, and the dispatch that it is of: a sublattice that is open in the graph, or this one. */
  readonly task: { readonly dispatchId: string; readonly node: number } | null;
  /** The stack in the panel: its dispatch and its index there. */
  readonly stack: { readonly dispatchId: string; readonly id: string } | null;
  readonly view: string | null;
}

export interface AddressBook extends Address {
  readonly setTab: (tab: string) => void;
  readonly setView: (view: string) => void;
  /** Without a wanted view it is the one that was chosen before, so that tasks can be compared. */
  readonly taskLink: (dispatchId: string, node: number, view?: string) => string;
  readonly stackLink: (dispatchId: string, stack: string) => string;
  readonly openTask: (dispatchId: string, node: number) => void;
  readonly closePanel: () => void;
}

export function useAddress(): AddressBook {
  const { id = '', n } = useParams();
  const [search, setSearch] = useSearchParams();
  const navigate = useNavigate();
  const tab = search.get('tab') ?? 'graph';
  const inside = search.get('in') ?? id;
  const stackId = search.get('stack');
  const view = search.get('view');

  const link = useCallback(
    (path: string, entries: Readonly<Record<string, string | null>>): string => {
      const query = new URLSearchParams(tab === 'graph' ? {} : { tab });
      for (const [name, value] of Object.entries(entries)) if (value) query.set(name, value);
      return `/dispatches/${encodeURIComponent(id)}${path}${query.size > 0 ? `?${query}` : ''}`;
    },
    [id, tab],
  );
  const taskLink = useCallback(
    (dispatchId: string, node: number, wanted?: string) =>
      link(`/tasks/${node}`, { in: dispatchId === id ? null : dispatchId, view: wanted ?? view }),
    [id, link, view],
  );
  const stackLink = useCallback(
    (dispatchId: string, stack: string) => link('', { in: dispatchId === id ? null : dispatchId, stack, view }),
    [id, link, view],
  );
  const openTask = useCallback(
    (dispatchId: string, node: number) => void navigate(taskLink(dispatchId, node)),
    [navigate, taskLink],
  );
  const closePanel = useCallback(() => void navigate(link('', {})), [navigate, link]);
  const setParameter = useCallback(
    (name: string, value: string | null) =>
      setSearch(
        (before) => {
          const next = new URLSearchParams(before);
          if (value === null) next.delete(name);
          else next.set(name, value);
          return next;
        },
        { replace: true },
      ),
    [setSearch],
  );
  const setTab = useCallback((next: string) => setParameter('tab', next === 'graph' ? null : next), [setParameter]);
  const setView = useCallback((next: string) => setParameter('view', next), [setParameter]);

  return useMemo(() => {
    const node = n !== undefined && /^\d{1,10}$/.test(n) ? Number(n) : null;
    return {
      id,
      tab,
      task: node === null ? null : { dispatchId: inside, node },
      stack: node === null && stackId ? { dispatchId: inside, id: stackId } : null,
      view,
      setTab,
      setView,
      taskLink,
      stackLink,
      openTask,
      closePanel,
    };
  }, [id, tab, n, inside, stackId, view, setTab, setView, taskLink, stackLink, openTask, closePanel]);
}
