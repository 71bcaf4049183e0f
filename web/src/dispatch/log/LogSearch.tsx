import { ChevronDown, ChevronUp, Search } from 'lucide-react';
import type { KeyboardEvent } from 'react';
import { Button } from '../../ui/Button';
import { formatBytes, formatCount } from '../../ui/format';
import { IconButton } from '../../ui/IconButton';
import type { LogSearchState } from './useLogSearch';
import styles from './log.module.css';

/** Searches what is loaded at once, and the whole log when asked to. */
export function LogSearch({ search, isWhole }: { search: LogSearchState; isWhole: boolean }) {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') search.step(event.shiftKey ? -1 : 1);
    else if (event.key === 'Escape' && search.query) {
      event.stopPropagation();
      search.setQuery('');
    } else return;
    event.preventDefault();
  };
  const isAsked = search.query !== '';
  return (
    <>
      <label className={styles.search}>
        <Search size={14} aria-hidden="true" />
        <input
          type="search"
          data-search
          value={search.query}
          placeholder="Search"
          aria-label="Search the log"
          onChange={(event) => search.setQuery(event.target.value)}
          onKeyDown={onKeyDown}
        />
        {isAsked && (
          <span className={styles.hits} role="status">
            {search.at >= 0 ? `${formatCount(search.at + 1)}/` : ''}
            {formatCount(search.hits.length)}
            {search.isCut && '+'}
          </span>
        )}
      </label>
      {isAsked && search.hits.length > 0 && (
        <span className={styles.steps}>
          <IconButton label="The hit before" onClick={() => search.step(-1)}>
            <ChevronUp size={15} />
          </IconButton>
          <IconButton label="The next hit" onClick={() => search.step(1)}>
            <ChevronDown size={15} />
          </IconButton>
        </span>
      )}
      {isAsked && !isWhole && search.read === null && (
        <Button look="plain" onClick={search.searchWhole}>
          Search all of it
        </Button>
      )}
      {search.isReading && <span className={styles.reading}>{formatBytes(search.read ?? 0)} searched…</span>}
      {search.error && <span className={styles.reading}>{search.error}</span>}
    </>
  );
}
