import { useCallback } from 'react';
import { useSearchParams } from 'react-router';
import { readFilters, writeFilters, type Filters } from './filters';

/** The filters of the address, and what changes them there. */
export function useFilters(): [Filters, (change: Partial<Filters>) => void] {
  const [query, setQuery] = useSearchParams();
  const change = useCallback(
    (wanted: Partial<Filters>) => {
      // Letters that are typed make no history; another view of the list does.
      const isTyping = Object.keys(wanted).join() === 'search';
      setQuery((before) => writeFilters({ ...readFilters(before), ...wanted }), { replace: isTyping });
    },
    [setQuery],
  );
  return [readFilters(query), change];
}
