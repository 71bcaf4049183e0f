/** What the pages of a dispatch ask the server. */
import { api, request, unwrap } from '../../api/client';
import { problemOf } from '../../api/problem';
import type { DispatchView, Event, Graph, TaskInfo, TaskView } from '../../api/types';
import type { Piece } from '../logic/logFeed';
import type { Range } from '../logic/taskModel';

export type LogStream = 'stdout' | 'stderr';

/** The server answers at most this many at once. */
const MOST_EVENTS = 10_000;

const at = (dispatch_id: string) => ({ params: { path: { dispatch_id } } });

export async function fetchDispatch(id: string): Promise<DispatchView> {
  return (await unwrap(api.GET('/api/v1/dispatches/{dispatch_id}', at(id)))) as DispatchView;
}

export async function fetchGraph(id: string): Promise<Graph> {
  return (await unwrap(api.GET('/api/v1/dispatches/{dispatch_id}/graph', at(id)))) as Graph;
}

export async function fetchPreview(preview_id: string): Promise<Graph> {
  return (await unwrap(api.GET('/api/v1/previews/{preview_id}/graph', { params: { path: { preview_id } } }))) as Graph;
}

export async function fetchTasks(dispatch_id: string, query: Range): Promise<TaskInfo[]> {
  const page = await unwrap(
    api.GET('/api/v1/dispatches/{dispatch_id}/tasks', { params: { path: { dispatch_id }, query } }),
  );
  return page.items as TaskInfo[];
}

export async function fetchEvents(dispatch_id: string, after: number): Promise<{ events: Event[]; isLast: boolean }> {
  const query = { after, limit: MOST_EVENTS };
  const page = await unwrap(
    api.GET('/api/v1/dispatches/{dispatch_id}/events', { params: { path: { dispatch_id }, query } }),
  );
  return { events: page.items as Event[], isLast: page.next === null };
}

export async function fetchTask(dispatch_id: string, node_id: number): Promise<TaskView> {
  const path = { dispatch_id, node_id };
  return (await unwrap(api.GET('/api/v1/dispatches/{dispatch_id}/tasks/{node_id}', { params: { path } }))) as TaskView;
}

export async function fetchWhy(dispatch_id: string, node?: number): Promise<string> {
  const query = node === undefined ? {} : { node };
  const answer = await unwrap(
    api.GET('/api/v1/dispatches/{dispatch_id}/why', { params: { path: { dispatch_id }, query } }),
  );
  return answer.sentence;
}

export async function cancel(id: string, task_ids: number[] | null): Promise<string> {
  const answer = await unwrap(api.POST('/api/v1/dispatches/{dispatch_id}/cancel', { ...at(id), body: { task_ids } }));
  return answer.message;
}

export async function start(id: string): Promise<void> {
  await unwrap(api.POST('/api/v1/dispatches/{dispatch_id}/start', at(id)));
}

/** Answers the id of the new dispatch; the same for the same `key`. */
export async function redispatch(dispatch_id: string, reuse: boolean, key: string): Promise<string> {
  const params = { path: { dispatch_id }, header: { 'idempotency-key': key } };
  const answer = await unwrap(api.POST('/api/v1/dispatches/{dispatch_id}/redispatch', { params, body: { reuse } }));
  return answer.dispatch_id;
}

export async function remove(id: string): Promise<void> {
  await unwrap(api.DELETE('/api/v1/dispatches/{dispatch_id}', at(id)));
}

export interface LogPlace {
  readonly dispatchId: string;
  readonly node: number;
  readonly attempt: number;
  readonly stream: LogStream;
}

export function logAddress({ dispatchId, node, attempt, stream }: LogPlace, offset: number, limit: number): string {
  const query = new URLSearchParams({ stream, attempt: `${attempt}`, offset: `${offset}`, limit: `${limit}` });
  return `/api/v1/dispatches/${encodeURIComponent(dispatchId)}/tasks/${node}/log?${query}`;
}

/** Bytes of a log: the typed client would read them as text. */
export async function readLog(place: LogPlace, offset: number, limit: number, signal: AbortSignal): Promise<Piece> {
  const response = await request(new Request(logAddress(place, offset, limit), { signal }));
  if (!response.ok) throw problemOf(response.status, await response.json().catch(() => null));
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { bytes, complete: response.headers.get('X-Log-Complete') === 'true' };
}
