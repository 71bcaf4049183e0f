import { ArrowDown, ArrowUp, Search } from 'lucide-react';
import { useCallback, useDeferredValue, useMemo, useState } from 'react';
import { useNow } from '../../live/hooks';
import { EmptyState } from '../../ui/EmptyState';
import { formatCount } from '../../ui/format';
import { Time } from '../../ui/Time';
import { VirtualTable, type Column } from '../../ui/VirtualTable';
import { showName } from '../../text/ansi';
import { chooseTasks, statusesOf, type Sort, type SortKey } from '../logic/rows';
import { isFinal, type Standing } from '../logic/status';
import type { Task } from '../logic/taskModel';
import { oneLine } from '../logic/sentences';
import { Cause } from '../parts/Cause';
import { TaskMark } from '../parts/TaskMark';
import { TaskTime } from '../parts/TaskTime';
import { StatusChips } from './StatusChips';
import styles from './tasks.module.css';

interface Props {
  readonly tasks: readonly Task[];
  /** Grows when a task changes. */
  readonly version: number;
  readonly onOpen: (node: number) => void;
  readonly selected: number | null;
  readonly label: string;
  /** For a narrow place: only what tells tasks apart. */
  readonly isNarrow?: boolean;
}

export function TaskTable({ tasks, version, onOpen, selected, label, isNarrow = false }: Props) {
  const [query, setQuery] = useState('');
  const [statuses, setStatuses] = useState<ReadonlySet<Standing>>(new Set());
  const [sort, setSort] = useState<Sort>({ by: 'node', descending: false });
  const wanted = useDeferredValue(query);
  const isMoving = tasks.some((task) => !isFinal(task.status));
  const now = useNow(isMoving && sort.by === 'took') / 1000;
  const counts = useMemo(() => {
    void version;
    return statusesOf(tasks);
  }, [tasks, version]);
  const rows = useMemo(() => {
    void version;
    return chooseTasks(tasks, { query: wanted, statuses }, sort, now);
  }, [tasks, version, wanted, statuses, sort, now]);
  const [cursor, setCursor] = useState<number | null>(null);
  const active = useMemo(() => rows.findIndex((row) => row.node_id === (cursor ?? selected)), [rows, cursor, selected]);
  const onSort = useCallback(
    (by: SortKey) => setSort((before) => ({ by, descending: before.by === by && !before.descending })),
    [],
  );
  const columns = useMemo(() => columnsOf(sort, onSort, isNarrow), [sort, onSort, isNarrow]);
  return (
    <div className={styles.pane}>
      <div className={styles.bar}>
        <label className={styles.search}>
          <Search size={14} aria-hidden="true" />
          <input
            type="search"
            data-search
            value={query}
            placeholder="Name, number or error"
            aria-label="Search tasks"
            onChange={(event) => setQuery(event.target.value)}
          />
        </label>
        <StatusChips counts={counts} chosen={statuses} onChange={setStatuses} />
        <span className={styles.total} role="status">
          {rows.length === tasks.length
            ? `${formatCount(tasks.length)} tasks`
            : `${formatCount(rows.length)} of ${formatCount(tasks.length)} tasks`}
        </span>
      </div>
      {rows.length === 0 ? (
        <EmptyState title="No such task">
          {tasks.length === 0 ? 'This workflow has no tasks.' : 'Search for something else, or choose other statuses.'}
        </EmptyState>
      ) : (
        <VirtualTable
          className={styles.table}
          label={label}
          columns={columns}
          count={rows.length}
          rowAt={(index) => rows[index]}
          rowKey={(index) => rows[index]?.node_id ?? index}
          rowHeight={36}
          active={active}
          onActive={(index) => setCursor(rows[index]?.node_id ?? null)}
          onOpen={(index) => rows[index] && onOpen(rows[index].node_id)}
          isSelected={(index) => rows[index]?.node_id === selected}
        />
      )}
    </div>
  );
}

function columnsOf(sort: Sort, onSort: (by: SortKey) => void, isNarrow: boolean): Column<Task>[] {
  const header = (by: SortKey, text: string) => ({
    header: <SortButton by={by} text={text} sort={sort} onSort={onSort} />,
    ...(sort.by === by ? { sort: sort.descending ? ('descending' as const) : ('ascending' as const) } : {}),
  });
  const number: Column<Task> = {
    id: 'node',
    ...header('node', '#'),
    width: '56px',
    align: 'end',
    cell: (task) => <span className={styles.number}>{task.node_id}</span>,
  };
  const status: Column<Task> = {
    id: 'status',
    ...header('status', 'Status'),
    width: isNarrow ? '112px' : '124px',
    cell: (task) => <TaskMark task={task} withLabel />,
  };
  const time: Column<Task> = {
    id: 'took',
    ...header('took', 'Took'),
    width: '84px',
    align: 'end',
    cell: (task) => <TaskTime task={task} />,
  };
  const remark: Column<Task> = { id: 'remark', header: 'Remark', width: 'minmax(160px, 3fr)', cell: remarkOf };
  if (isNarrow) return [number, status, time, remark];
  return [
    number,
    {
      id: 'name',
      ...header('name', 'Task'),
      width: 'minmax(140px, 2fr)',
      cell: (task) => <span className={styles.name}>{showName(task.name)}</span>,
    },
    status,
    {
      id: 'attempt',
      ...header('attempt', 'Attempts'),
      width: '88px',
      align: 'end',
      cell: (task) => <span className={task.attempt > 1 ? '' : styles.faint}>{task.attempt || ''}</span>,
    },
    { id: 'executor', ...header('executor', 'Executor'), width: 'minmax(80px, 1fr)', cell: (task) => task.executor },
    {
      id: 'started',
      ...header('started', 'Started'),
      width: '110px',
      cell: (task) => (task.started_at ? <Time at={task.started_at} /> : null),
    },
    time,
    remark,
  ];
}

function remarkOf(task: Task) {
  if (task.reused) return <span className={styles.faint}>taken from an earlier dispatch</span>;
  if (!task.cause) return null;
  const text = oneLine(task.message);
  return (
    <span title={text}>
      <Cause cause={task.cause} /> {text}
    </span>
  );
}

interface SortProps {
  readonly by: SortKey;
  readonly text: string;
  readonly sort: Sort;
  readonly onSort: (by: SortKey) => void;
}

function SortButton({ by, text, sort, onSort }: SortProps) {
  const Arrow = sort.descending ? ArrowDown : ArrowUp;
  // By number is how tasks come; that needs no sign.
  const isShown = sort.by === by && (by !== 'node' || sort.descending);
  return (
    <button type="button" className={styles.sort} onClick={() => onSort(by)}>
      {text}
      {isShown && <Arrow size={12} aria-hidden="true" />}
    </button>
  );
}
