/** One dispatch, or all of them, as it happens. */
import type { ApiProblem } from '../api/problem';
import type { DispatchInfo, Event } from '../api/types';
import { LiveStream } from './stream';

const FINAL: readonly string[] = ['COMPLETED', 'FAILED', 'CANCELLED'];

export interface DispatchHandlers {
  /** The `seq` of the last event seen; 0 for all events since the beginning. Asked before every connection. */
  readonly after: () => number;
  /** Leave out for summaries only. In order, and none twice as long as `after` is true. */
  readonly onEvents?: (events: readonly Event[]) => void;
  /** Comes after the events that led to it. */
  readonly onSummary: (info: DispatchInfo) => void;
  readonly onAway?: (isAway: boolean) => void;
  /** The dispatch has ended and all of its events have come. */
  readonly onEnd?: () => void;
  /** There is no such dispatch, or no more. */
  readonly onGone?: (problem: ApiProblem) => void;
}

/** Follows a dispatch until it has ended; returns what stops it. */
export function followDispatch(id: string, handlers: DispatchHandlers): () => void {
  let hasEnded = false;
  const stream = new LiveStream({
    address: () => {
      const query = new URLSearchParams({ after: String(handlers.after()), tasks: String(!!handlers.onEvents) });
      return `/api/v1/dispatches/${encodeURIComponent(id)}/stream?${query}`;
    },
    onMessages: (messages) => {
      let events: Event[] = [];
      const deliver = (): void => {
        if (events.length > 0) handlers.onEvents?.(events);
        events = [];
      };
      for (const { event, data } of messages) {
        if (event === 'task') events.push(JSON.parse(data) as Event);
        if (event !== 'dispatch') continue;
        deliver();
        const info = JSON.parse(data) as DispatchInfo;
        hasEnded = FINAL.includes(info.status);
        handlers.onSummary(info);
      }
      deliver();
    },
    onClosed: () => {
      if (hasEnded) handlers.onEnd?.();
      return hasEnded;
    },
    onAway: handlers.onAway,
    onRefused: handlers.onGone,
  });
  return stream.stop;
}

/** Calls whenever some dispatch has moved; returns what stops it. */
export function followAll(onMoved: () => void): () => void {
  const stream = new LiveStream({
    address: () => '/api/v1/stream',
    onMessages: onMoved,
    onClosed: () => false,
  });
  return stream.stop;
}
