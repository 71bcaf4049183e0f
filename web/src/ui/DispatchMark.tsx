import type { Status } from '../api/types';
import { StatusMark } from './StatusMark';

/** The status of a dispatch. A new one waits for nothing but to be started. */
export function DispatchMark({ status, withLabel = false }: { status: Status; withLabel?: boolean }) {
  return (
    <StatusMark status={status} withLabel={withLabel} label={status === 'NEW_OBJECT' ? 'Not started' : undefined} />
  );
}
