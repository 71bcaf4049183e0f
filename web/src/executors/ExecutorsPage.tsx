import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef } from 'react';
import type { ExecutorView } from '../api/types';
import { messageOf } from '../api/problem';
import { useMoved } from '../live/hooks';
import { Button } from '../ui/Button';
import { EmptyState } from '../ui/EmptyState';
import { EXECUTORS, fetchExecutors } from './api';
import { ExecutorCard, isUsed } from './ExecutorCard';
import styles from './Executors.module.css';

const REFRESH_MS = 1500;

/** What tasks can run on, what runs there now, and how it has gone of late. */
export default function ExecutorsPage() {
  useRefresh();
  const { data, error, refetch } = useQuery({ queryKey: EXECUTORS, queryFn: fetchExecutors });
  return (
    <div className={styles.page}>
      <title>Executors · Covalent</title>
      <h1>Executors</h1>
      {!data && error && (
        <EmptyState title="They cannot be shown" actions={<Button onClick={() => void refetch()}>Try again</Button>}>
          {messageOf(error)}
        </EmptyState>
      )}
      <div className={styles.list}>
        {inOrder(data ?? []).map((executor) => (
          <ExecutorCard key={executor.name} executor={executor} />
        ))}
      </div>
    </div>
  );
}

/** Asks anew when something has moved, but not with every step. */
function useRefresh(): void {
  const queries = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const onMoved = useCallback(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      // An answer that is on its way is waited for: a slow one would never come.
      void queries.invalidateQueries({ queryKey: EXECUTORS }, { cancelRefetch: false });
    }, REFRESH_MS);
  }, [queries]);
  useEffect(() => () => clearTimeout(timer.current), []);
  useMoved(onMoved);
}

/** Those that are used first; each group by name, as the server sends them. */
function inOrder(executors: readonly ExecutorView[]): ExecutorView[] {
  return [...executors].sort((a, b) => Number(isUsed(b)) - Number(isUsed(a)));
}
