import { api, unwrap } from '../api/client';
import type { DispatchInfo } from '../api/types';
import { STATUS_FILTERS, type Filters } from './filters';

export interface Page {
  readonly items: readonly DispatchInfo[];
  readonly isEnd: boolean;
}

/** Dispatches, newest first, from after the one whose id is `before` on. */
export async function fetchPage(filters: Filters, before: string | undefined, limit: number): Promise<Page> {
  const query = {
    limit,
    before,
    search: filters.search || undefined,
    status: filters.status ? [STATUS_FILTERS[filters.status].status] : undefined,
    executor: filters.executor || undefined,
  };
  const page = await unwrap(api.GET('/api/v1/dispatches', { params: { query } }));
  return { items: page.items as DispatchInfo[], isEnd: page.next === null };
}

export async function cancelDispatch(dispatch_id: string): Promise<void> {
  const params = { path: { dispatch_id } };
  await unwrap(api.POST('/api/v1/dispatches/{dispatch_id}/cancel', { params, body: { task_ids: null } }));
}

/** Answers the id of the new dispatch; the same for the same `key`. */
export async function redispatch(dispatch_id: string, reuse: boolean, key: string): Promise<string> {
  const params = { path: { dispatch_id }, header: { 'idempotency-key': key } };
  const answer = await unwrap(api.POST('/api/v1/dispatches/{dispatch_id}/redispatch', { params, body: { reuse } }));
  return answer.dispatch_id;
}
