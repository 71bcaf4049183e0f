import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { messageOf } from '../../api/problem';
import { plainText } from '../../text/ansi';
import { MOST_HITS, type Hit, type LogFeed } from '../logic/logFeed';

export interface LogSearchState {
  readonly query: string;
  /** The one for which hits are shown. */
  readonly shownQuery: string;
  readonly setQuery: (query: string) => void;
  readonly hits: readonly Hit[];
  /** There are more hits than are kept. */
  readonly isCut: boolean;
  /** The hit that is gone to; a new object each time that it is. */
  readonly target: Hit | null;
  readonly at: number;
  readonly step: (by: 1 | -1) => void;
  /** Bytes that the search through the whole log has read; null if there is none. */
  readonly read: number | null;
  readonly isReading: boolean;
  readonly error: string;
  readonly searchWhole: () => void;
}

interface Whole {
  readonly query: string;
  readonly hits: readonly Hit[];
  readonly read: number;
  readonly isReading: boolean;
  readonly error: string;
}

export function useLogSearch(
  feed: LogFeed,
  version: number,
  onFollowing: (isFollowing: boolean) => void,
): LogSearchState {
  const [query, setQuery] = useState('');
  const shownQuery = useDeferredValue(query);
  const [whole, setWhole] = useState<Whole | null>(null);
  const [gone, setGone] = useState<{ query: string; at: number; target: Hit } | null>(null);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), [feed, query]);

  const loaded = useMemo(() => {
    void version;
    return searchLoaded(feed, shownQuery);
  }, [feed, version, shownQuery]);
  const isWhole = whole !== null && whole.query === query;
  const hits = isWhole ? whole.hits : loaded;
  const current = gone?.query === query ? gone : null;

  const step = useCallback(
    async (by: 1 | -1) => {
      if (hits.length === 0) return;
      const at = current ? (current.at + by + hits.length) % hits.length : by > 0 ? 0 : hits.length - 1;
      onFollowing(false);
      await feed.toOffset(hits[at]!.offset);
      setGone({ query, at, target: { ...hits[at]! } });
    },
    [feed, hits, current, query, onFollowing],
  );

  const searchWhole = useCallback(async () => {
    abort.current?.abort();
    const { signal } = (abort.current = new AbortController());
    setWhole({ query, hits: [], read: 0, isReading: true, error: '' });
    try {
      await feed.search(query, signal, (found, read) =>
        setWhole({ query, hits: found, read, isReading: true, error: '' }),
      );
      setWhole((before) => before && { ...before, isReading: false });
    } catch (error) {
      if (!signal.aborted) setWhole((before) => before && { ...before, isReading: false, error: messageOf(error) });
    }
  }, [feed, query]);

  return {
    query,
    shownQuery,
    setQuery,
    hits,
    isCut: hits.length >= MOST_HITS,
    target: current?.target ?? null,
    at: current?.at ?? -1,
    step: (by) => void step(by),
    read: isWhole ? whole.read : null,
    isReading: isWhole && whole.isReading,
    error: isWhole ? whole.error : '',
    searchWhole: () => void searchWhole(),
  };
}

function searchLoaded(feed: LogFeed, query: string): Hit[] {
  const wanted = query.toLowerCase();
  const hits: Hit[] = [];
  if (wanted === '') return hits;
  for (let i = 0; i < feed.buffer.count && hits.length < MOST_HITS; i++) {
    const { offset, text } = feed.buffer.at(i)!;
    if (plainText(text).toLowerCase().includes(wanted)) hits.push({ offset, text });
  }
  return hits;
}
