import { X } from 'lucide-react';
import { useMemo } from 'react';
import { EmptyState } from '../../ui/EmptyState';
import { formatCount } from '../../ui/format';
import { IconButton } from '../../ui/IconButton';
import { Progress } from '../../ui/Progress';
import { showControls } from '../../text/ansi';
import { countsSentence } from '../logic/sentences';
import type { Task } from '../logic/taskModel';
import { useCounts, useDispatchStore, useStore } from '../state/hooks';
import { TaskTable } from '../tasks/TaskTable';
import styles from './page.module.css';

interface Props {
  readonly dispatchId: string;
  readonly stackId: string;
  readonly onOpen: (dispatchId: string, node: number) => void;
  readonly onClose: () => void;
}

/** The tasks of a stack. */
export function StackPanel({ dispatchId, stackId, onOpen, onClose }: Props) {
  const store = useDispatchStore(dispatchId);
  const loaded = useStore(store, (from) => from.loaded);
  const version = useStore(store, (from) => from.version);
  const index = loaded ? loaded.stacks.stacks.findIndex((stack) => stack.id === stackId) : -1;
  const stack = loaded?.stacks.stacks[index];
  const counts = useCounts(store, index);
  const tasks = useMemo((): Task[] => {
    void version;
    return stack && loaded ? stack.nodes.map((node) => loaded.model.tasks[node]!) : [];
  }, [stack, loaded, version]);
  const total = stack?.nodes.length ?? 0;
  const name = showControls(stack?.name ?? '');
  return (
    <aside className={styles.panelContent} aria-label={`The tasks of ${name}`}>
      <header className={styles.stackHead}>
        <div className={styles.titleLine}>
          <h2 className={styles.title} title={name}>
            {name} <span className={styles.faint}>×{formatCount(total)}</span>
          </h2>
          <span className={styles.actions}>
            <IconButton label="Close (Escape)" onClick={onClose}>
              <X size={16} />
            </IconButton>
          </span>
        </div>
        {stack && (
          <>
            <Progress counts={counts} total={total} />
            <p className={styles.faint}>{countsSentence(counts, total)}</p>
          </>
        )}
      </header>
      {stack && (
        <div className={styles.fill}>
          <TaskTable
            label={`Tasks of ${name}`}
            tasks={tasks}
            version={version}
            selected={null}
            onOpen={(node) => onOpen(dispatchId, node)}
            isNarrow
          />
        </div>
      )}
      {loaded && !stack && <EmptyState title="There is no such stack">The address may have been cut short.</EmptyState>}
    </aside>
  );
}
