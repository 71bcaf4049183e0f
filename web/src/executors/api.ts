import { api, unwrap } from '../api/client';
import type { ExecutorView } from '../api/types';

/** The key of the answer among those that are kept. */
export const EXECUTORS = ['executors'] as const;

export function fetchExecutors({ signal }: { signal: AbortSignal }): Promise<ExecutorView[]> {
  return unwrap(api.GET('/api/v1/executors', { signal }));
}
