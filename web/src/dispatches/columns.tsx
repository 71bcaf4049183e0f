import { Link } from 'react-router';
import type { DispatchInfo } from '../api/types';
import { showControls, showName, showText } from '../text/ansi';
import { DispatchMark } from '../ui/DispatchMark';
import { Duration } from '../ui/Duration';
import { formatCount, shortId } from '../ui/format';
import { Progress } from '../ui/Progress';
import { countsOf, isFinal } from '../ui/status';
import { Time } from '../ui/Time';
import type { Column } from '../ui/VirtualTable';
import styles from './Dispatches.module.css';
import type { Selection } from './useSelection';

/** What the list shows of each dispatch; on a telephone that by which one knows it, and how far it is. */
export function columns(
  rows: readonly DispatchInfo[],
  selection: Selection,
  isNarrow: boolean,
): Column<DispatchInfo>[] {
  const all = wideColumns(rows, selection);
  if (!isNarrow) return all;
  const widths: Readonly<Record<string, string>> = {
    choose: '18px',
    status: '16px',
    name: 'minmax(0, 1fr)',
    progress: '104px',
  };
  return all.flatMap((column) => {
    const width = widths[column.id];
    if (!width) return [];
    if (column.id !== 'status') return [{ ...column, width }];
    const header = <span className="visually-hidden">Status</span>;
    return [{ ...column, width, header, cell: (row: DispatchInfo) => <DispatchMark status={row.status} /> }];
  });
}

function wideColumns(rows: readonly DispatchInfo[], selection: Selection): Column<DispatchInfo>[] {
  return [
    {
      id: 'choose',
      header: <ChooseAll rows={rows} selection={selection} />,
      width: '18px',
      cell: (row) => <Choose row={row} rows={rows} selection={selection} />,
    },
    {
      id: 'status',
      header: 'Status',
      width: '104px',
      cell: (row) => <DispatchMark status={row.status} withLabel />,
    },
    { id: 'name', header: 'Name', width: 'minmax(180px, 3fr)', cell: (row) => <Name row={row} /> },
    { id: 'progress', header: 'Tasks', width: 'minmax(150px, 1.4fr)', cell: (row) => <Tasks row={row} /> },
    { id: 'executors', header: 'Executors', width: 'minmax(80px, 0.8fr)', cell: (row) => <Executors row={row} /> },
    { id: 'started', header: 'Started', width: '96px', cell: (row) => <Started row={row} /> },
    {
      id: 'duration',
      header: 'Duration',
      width: '84px',
      align: 'end',
      cell: (row) => (
        <Duration from={row.started_at} to={row.ended_at ?? (isFinal(row.status) ? row.started_at : null)} />
      ),
    },
  ];
}

function ChooseAll({ rows, selection }: { rows: readonly DispatchInfo[]; selection: Selection }) {
  const count = rows.filter((row) => selection.ids.has(row.id)).length;
  return (
    <input
      type="checkbox"
      className={styles.choose}
      aria-label="Choose all that are loaded"
      checked={count > 0 && count === rows.length}
      ref={(box) => {
        if (box) box.indeterminate = count > 0 && count < rows.length;
      }}
      onChange={() => selection.replace(count === rows.length ? [] : rows.map((row) => row.id))}
    />
  );
}

interface ChooseProps {
  row: DispatchInfo;
  rows: readonly DispatchInfo[];
  selection: Selection;
}

function Choose({ row, rows, selection }: ChooseProps) {
  return (
    <input
      type="checkbox"
      className={styles.choose}
      aria-label={`Choose ${showName(row.name)} ${shortId(row.id)}`}
      tabIndex={-1}
      checked={selection.ids.has(row.id)}
      onChange={(event) => {
        const isRange = (event.nativeEvent as globalThis.MouseEvent).shiftKey;
        if (isRange) selection.toggleTo(row.id, rows);
        else selection.toggle(row.id);
      }}
    />
  );
}

function Name({ row }: { row: DispatchInfo }) {
  const name = showName(row.name);
  return (
    <span className={styles.name}>
      {/* The keyboard opens rows with Enter; as a link it can be opened in a new tab. */}
      <Link to={`/dispatches/${row.id}`} tabIndex={-1} title={name} className={styles.link}>
        {name}
      </Link>
      <code className={styles.id}>{shortId(row.id)}</code>
      {row.redispatch_of && (
        <span className={styles.again} title={`Redispatched from ${row.redispatch_of}`}>
          again
        </span>
      )}
      {row.error && (
        <span className={styles.error} title={showText(row.error)}>
          {errorLine(row.error)}
        </span>
      )}
    </span>
  );
}

function Tasks({ row }: { row: DispatchInfo }) {
  const done = row.counts.COMPLETED ?? 0;
  return (
    <span className={styles.tasks}>
      <Progress counts={countsOf(row)} total={row.tasks} />
      <span className={styles.done}>
        {formatCount(done)}
        <span className={styles.of}> / {formatCount(row.tasks)}</span>
      </span>
    </span>
  );
}

function Started({ row }: { row: DispatchInfo }) {
  if (row.started_at === null) return <span className={styles.id}>–</span>;
  return <Time at={row.started_at} />;
}

function Executors({ row }: { row: DispatchInfo }) {
  return (
    <span className={styles.executors} title={row.executors.join(', ')}>
      {row.executors.join(', ')}
    </span>
  );
}

/** The first line counts; the next one says why the first task failed. */
function errorLine(error: string): string {
  const [first = '', second] = error.split('\n', 2);
  return showControls(second ?? first);
}
