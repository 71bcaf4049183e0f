import { useQuery } from '@tanstack/react-query';
import { Search } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { fetchExecutors, EXECUTORS } from '../executors/api';
import { StatusMark } from '../ui/StatusMark';
import { isTypingIn } from '../ui/typing';
import styles from './FilterBar.module.css';
import { LONGEST_SEARCH, STATUS_FILTERS, type Filters, type StatusFilter } from './filters';

interface Props {
  filters: Filters;
  onChange: (change: Partial<Filters>) => void;
}

export function FilterBar({ filters, onChange }: Props) {
  return (
    <div className={styles.bar} role="search" aria-label="Narrow the list">
      <div className={styles.statuses} role="group" aria-label="Status">
        <button type="button" aria-pressed={filters.status === null} onClick={() => onChange({ status: null })}>
          All
        </button>
        {(Object.keys(STATUS_FILTERS) as StatusFilter[]).map((key) => (
          <button
            key={key}
            type="button"
            aria-pressed={filters.status === key}
            onClick={() => onChange({ status: filters.status === key ? null : key })}
          >
            <StatusMark status={STATUS_FILTERS[key].status} label={STATUS_FILTERS[key].label} size={14} withLabel />
          </button>
        ))}
      </div>
      <ExecutorFilter value={filters.executor} onChange={(executor) => onChange({ executor })} />
      <SearchField value={filters.search} onChange={(search) => onChange({ search })} />
    </div>
  );
}

function ExecutorFilter({ value, onChange }: { value: string; onChange: (name: string) => void }) {
  const { data } = useQuery({ queryKey: EXECUTORS, queryFn: fetchExecutors, staleTime: 60_000 });
  const names = new Set(data?.map((executor) => executor.name));
  if (value) names.add(value);
  return (
    <select
      className={styles.select}
      aria-label="Executor"
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      <option value="">Any executor</option>
      {[...names].sort().map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}

const PAUSE_MS = 180;

function SearchField({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const [typed, setTyped] = useState(value);
  const [known, setKnown] = useState(value);
  const field = useRef<HTMLInputElement>(null);
  if (value !== known) {
    // The address has changed by other means, such as going back.
    setKnown(value);
    setTyped(value);
  }
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => {
      setKnown(typed);
      onChange(typed);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, value, onChange]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || isTypingIn(event.target)) return;
      event.preventDefault();
      field.current?.focus();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  return (
    <div className={styles.search}>
      <Search size={15} aria-hidden="true" />
      <input
        ref={field}
        type="search"
        aria-label="Search by name or id"
        aria-keyshortcuts="/"
        placeholder="Name or id"
        maxLength={LONGEST_SEARCH}
        spellCheck={false}
        value={typed}
        onChange={(event) => setTyped(event.target.value.replaceAll('\0', ''))}
        onKeyDown={(event) => {
          if (event.key === 'Escape') field.current?.blur();
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </div>
  );
}
