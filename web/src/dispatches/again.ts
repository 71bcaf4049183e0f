/** What running dispatches again means. */
import type { Status } from '../api/types';

/** Whether it makes sense to take what completed: where everything did, nothing would run. */
export function isWorthReusing(dispatches: readonly { readonly status: Status }[]): boolean {
  return dispatches.some(({ status }) => status !== 'COMPLETED');
}
