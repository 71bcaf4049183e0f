import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ExternalLink, Layers, X } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { ApiProblem, messageOf } from '../../api/problem';
import type { AttemptView, TaskView } from '../../api/types';
import { EmptyState } from '../../ui/EmptyState';
import { IconButton } from '../../ui/IconButton';
import { Tabs, type Tab } from '../../ui/Tabs';
import { showName, showText } from '../../text/ansi';
import { isFinal } from '../logic/status';
import { firstView, hasError } from '../logic/views';
import { TaskMark } from '../parts/TaskMark';
import { TaskTime } from '../parts/TaskTime';
import { fetchTask, fetchWhy } from '../state/api';
import { useDispatchStore, useStore, useTask } from '../state/hooks';
import { Attempts } from './Attempts';
import { CancelTask } from './CancelTask';
import { Details } from './Details';
import { ErrorTab } from './ErrorTab';
import { LogTab } from './LogTab';
import { SourceTab } from './SourceTab';
import { ValuesTab } from './ValuesTab';
import styles from './task.module.css';

const REFRESH_MS = 4000;

interface Props {
  readonly dispatchId: string;
  readonly node: number;
  readonly view: string | null;
  readonly onView: (view: string) => void;
  readonly onClose: () => void;
}

/** All that is known of a task. */
export function TaskPanel(props: Props) {
  const { dispatchId, node, onClose } = props;
  const store = useDispatchStore(dispatchId);
  const task = useTask(store, node);
  const isLoaded = useStore(store, (from) => from.loaded !== null);
  // Asked anew with each step that the task takes.
  const stage = `${task?.status} ${task?.attempt}`;
  const isMoving = task !== undefined && !isFinal(task.status);
  const { data, error } = useQuery({
    queryKey: ['task', dispatchId, node, stage],
    queryFn: () => fetchTask(dispatchId, node),
    placeholderData: keepPreviousData,
    refetchInterval: isMoving ? REFRESH_MS : false,
  });
  const why = useQuery({
    queryKey: ['why', dispatchId, node, stage],
    queryFn: () => fetchWhy(dispatchId, node),
    placeholderData: keepPreviousData,
    refetchInterval: isMoving ? REFRESH_MS : false,
  });
  if (!data || data.node_id !== node) {
    const isMissing = error instanceof ApiProblem && error.status === 404;
    return (
      <aside className={styles.panel} aria-label={`Task ${node}`}>
        <div className={styles.closeOnly}>
          <Close onClose={onClose} />
        </div>
        {error && (
          <EmptyState title={isMissing ? `There is no task ${node}` : 'The task cannot be shown'}>
            {messageOf(error)}
          </EmptyState>
        )}
      </aside>
    );
  }
  return <Known key={`${dispatchId} ${node}`} {...props} data={data} why={isLoaded ? (why.data ?? '') : ''} />;
}

function Close({ onClose }: { onClose: () => void }) {
  return (
    <IconButton label="Close (Escape)" onClick={onClose}>
      <X size={16} />
    </IconButton>
  );
}

function Known({ dispatchId, node, view, onView, onClose, data, why }: Props & { data: TaskView; why: string }) {
  const [chosen, setChosen] = useState<number | null>(null);
  const attempt = data.attempts.find((one) => one.attempt === chosen) ?? data.attempts.at(-1);
  const name = showName(data.name);
  const told = why && sentence(showText(why));
  // The error is told below, with its traceback.
  const said = told === showText(data.message) ? '' : told;
  const tabs = tabsOf(dispatchId, data, attempt);
  return (
    <aside className={styles.panel} aria-label={`Task ${node}, ${name}`}>
      <header className={styles.header}>
        <div className={styles.titleLine}>
          <h2 className={styles.title} title={name}>
            {name} <span className={styles.faint}>#{node}</span>
          </h2>
          <span className={styles.right}>
            {!isFinal(data.status) && <CancelTask dispatchId={dispatchId} node={node} name={name} />}
            <Close onClose={onClose} />
          </span>
        </div>
        <div className={styles.facts}>
          <TaskMark task={data} withLabel />
          <TaskTime task={data} />
          <span>{data.executor}</span>
          {data.reused && <span>value taken from an earlier dispatch</span>}
          {data.child_id && (
            <Link to={`/dispatches/${data.child_id}`} className={styles.link}>
              <Layers size={13} aria-hidden="true" /> its sublattice
            </Link>
          )}
          {data.console_url && <Console url={data.console_url} />}
        </div>
        {said && <p className={styles.why}>{said}</p>}
        <Attempts attempts={data.attempts} chosen={attempt?.attempt ?? 0} onChoose={setChosen} />
      </header>
      <Tabs
        label="About the task"
        tabs={tabs}
        value={tabs.some((tab) => tab.id === view) ? view! : firstView(data, attempt)}
        onChange={onView}
        className={styles.tabs}
      />
    </aside>
  );
}

/** The head of the answer repeats what stands above it. */
function sentence(why: string): string {
  const text = why.replace(/^Task \d+ \(.*?\) is [A-Z_]+( after \d+ attempts)?( \[[A-Z_]+\])?: /s, '');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function Console({ url }: { url: string }) {
  // A link of an executor's; nothing but the web is gone to.
  if (!/^https?:\/\//.test(url)) return null;
  return (
    <a href={url} target="_blank" rel="noreferrer noopener" className={styles.link}>
      <ExternalLink size={13} aria-hidden="true" /> console
    </a>
  );
}

function tabsOf(dispatchId: string, data: TaskView, attempt: AttemptView | undefined): Tab[] {
  const tabs: Tab[] = [
    { id: 'log', label: 'Log', content: <LogTab dispatchId={dispatchId} node={data.node_id} attempt={attempt} /> },
    { id: 'values', label: 'Values', content: <ValuesTab task={data} /> },
    { id: 'source', label: 'Source', content: <SourceTab dispatchId={dispatchId} node={data.node_id} /> },
    { id: 'details', label: 'Details', content: <Details dispatchId={dispatchId} task={data} attempt={attempt} /> },
  ];
  if (!hasError(data, attempt)) return tabs;
  return [{ id: 'error', label: 'Error', content: <ErrorTab task={data} attempt={attempt} /> }, ...tabs];
}
