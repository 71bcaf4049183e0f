import { SearchX } from 'lucide-react';
import { Link } from 'react-router';
import { ApiProblem, messageOf } from '../api/problem';
import { Button } from '../ui/Button';
import { EmptyState } from '../ui/EmptyState';
import { Tabs, type Tab } from '../ui/Tabs';
import { CodeTab } from './code/CodeTab';
import { OverviewTab } from './overview/OverviewTab';
import { Failures } from './page/Failures';
import { GraphTab } from './page/GraphTab';
import { Header } from './page/Header';
import { StackPanel } from './page/StackPanel';
import { useAddress, type AddressBook } from './page/useAddress';
import { useShortcuts } from './page/useShortcuts';
import type { DispatchStore } from './state/dispatchStore';
import { useDispatchStore, useStore } from './state/hooks';
import { TaskPanel } from './task/TaskPanel';
import { TaskTable } from './tasks/TaskTable';
import { TimelineView } from './timeline/TimelineView';
import styles from './page/page.module.css';

/** A dispatch, and beside it the task or stack that the address names. */
export default function DispatchPage() {
  const address = useAddress();
  const store = useDispatchStore(address.id);
  const loaded = useStore(store, (from) => from.loaded);
  const error = useStore(store, (from) => from.error);
  const hasPanel = address.task !== null || address.stack !== null;
  useShortcuts(hasPanel ? address.closePanel : null);
  if (!loaded || (error instanceof ApiProblem && error.status === 404)) {
    return error ? <Missing error={error} onRetry={store.reload} /> : <div aria-busy="true" className={styles.page} />;
  }
  return (
    <div className={styles.page}>
      <div className={styles.main}>
        <Header info={loaded.info} />
        <Failures store={store} taskLink={address.taskLink} />
        <Contents key={store.id} store={store} address={address} />
      </div>
      {address.task && (
        <div className={styles.panel}>
          <TaskPanel {...address.task} view={address.view} onView={address.setView} onClose={address.closePanel} />
        </div>
      )}
      {address.stack && (
        <div className={styles.panel}>
          <StackPanel
            key={address.stack.id}
            dispatchId={address.stack.dispatchId}
            stackId={address.stack.id}
            onOpen={address.openTask}
            onClose={address.closePanel}
          />
        </div>
      )}
    </div>
  );
}

function Contents({ store, address }: { store: DispatchStore; address: AddressBook }) {
  const loaded = store.loaded!;
  const { id, task, openTask } = address;
  const selected = task?.dispatchId === id ? task.node : null;
  const open = (node: number): void => openTask(id, node);
  const tabs: Tab[] = [
    { id: 'graph', label: 'Graph', content: <GraphTab store={store} address={address} /> },
    {
      id: 'timeline',
      label: 'Timeline',
      content: <TimelineView store={store} selected={selected} onOpen={open} />,
    },
    { id: 'tasks', label: 'Tasks', content: <AllTasks store={store} selected={selected} onOpen={open} /> },
    { id: 'code', label: 'Code', content: <CodeTab graph={loaded.graph} /> },
    { id: 'overview', label: 'Overview', content: <OverviewTab loaded={loaded} /> },
  ];
  const tab = tabs.some((one) => one.id === address.tab) ? address.tab : 'graph';
  return <Tabs label="Views" tabs={tabs} value={tab} onChange={address.setTab} className={styles.tabs} />;
}

interface AllTasksProps {
  readonly store: DispatchStore;
  readonly selected: number | null;
  readonly onOpen: (node: number) => void;
}

function AllTasks({ store, selected, onOpen }: AllTasksProps) {
  const version = useStore(store, (from) => from.version);
  const { tasks } = store.loaded!.model;
  return <TaskTable label="Tasks" tasks={tasks} version={version} selected={selected} onOpen={onOpen} />;
}

function Missing({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  if (error instanceof ApiProblem && (error.status === 404 || error.status === 422)) {
    return (
      <>
        <title>Not found · Covalent</title>
        <EmptyState
          icon={<SearchX size={20} />}
          title="There is no such dispatch"
          actions={<Link to="/">All dispatches</Link>}
        >
          {messageOf(error)} It may have been deleted, or belong to another server.
        </EmptyState>
      </>
    );
  }
  return (
    <EmptyState title="The dispatch cannot be shown" actions={<Button onClick={onRetry}>Try again</Button>}>
      {messageOf(error)}
    </EmptyState>
  );
}
