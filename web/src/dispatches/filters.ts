/** What the list is narrowed to, as it stands in the address. */
import type { Status } from '../api/types';

export interface Filters {
  readonly search: string;
  readonly status: StatusFilter | null;
  readonly executor: string;
}

/** Statuses that a dispatch can have, as words for the address. */
export const STATUS_FILTERS = {
  running: { status: 'RUNNING', label: 'Running' },
  completed: { status: 'COMPLETED', label: 'Completed' },
  failed: { status: 'FAILED', label: 'Failed' },
  cancelled: { status: 'CANCELLED', label: 'Cancelled' },
  new: { status: 'NEW_OBJECT', label: 'Not started' },
} as const satisfies Record<string, { status: Status; label: string }>;

export type StatusFilter = keyof typeof STATUS_FILTERS;

/** The server takes no more. */
export const LONGEST_SEARCH = 200;

export function readFilters(query: URLSearchParams): Filters {
  const status = query.get('status') ?? '';
  return {
    search: (query.get('q') ?? '').slice(0, LONGEST_SEARCH),
    status: Object.hasOwn(STATUS_FILTERS, status) ? (status as StatusFilter) : null,
    executor: (query.get('executor') ?? '').slice(0, LONGEST_SEARCH),
  };
}

export function writeFilters(filters: Filters): URLSearchParams {
  const query = new URLSearchParams();
  if (filters.search) query.set('q', filters.search);
  if (filters.status) query.set('status', filters.status);
  if (filters.executor) query.set('executor', filters.executor);
  return query;
}

export function isFiltered(filters: Filters): boolean {
  return filters.search !== '' || filters.status !== null || filters.executor !== '';
}
