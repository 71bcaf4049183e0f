import { useEffect, useSyncExternalStore } from 'react';
import { connection, type Connection } from './connection';
import { followAll } from './follow';
import { clock } from './clock';

export function useConnection(): Connection {
  return useSyncExternalStore(connection.subscribe, connection.get);
}

/** Milliseconds since 1970, as of the last tick: once a second, the same for everything that counts time on the page. */
export function useNow(isTicking = true): number {
  return useSyncExternalStore(isTicking ? clock.subscribe : never, clock.get);
}

/** Calls whenever some dispatch has moved, and when the server is back. `onMoved` must keep its identity. */
export function useMoved(onMoved: () => void): void {
  useEffect(() => {
    const stops = [followAll(onMoved), connection.onBack(onMoved)];
    return () => stops.forEach((stop) => stop());
  }, [onMoved]);
}

function never(): () => void {
  return () => undefined;
}
