import { useMemo } from 'react';
import { EmptyState } from '../../ui/EmptyState';
import { GraphView } from '../graph/GraphView';
import { useDrawing, useOpened } from '../graph/useDrawing';
import type { DrawnStack } from '../logic/scene';
import type { DispatchStore } from '../state/dispatchStore';
import type { AddressBook } from './useAddress';
import styles from './page.module.css';

interface Props {
  readonly store: DispatchStore;
  readonly address: AddressBook;
}

export function GraphTab({ store, address }: Props) {
  const opened = useOpened();
  const drawing = useDrawing(store, opened.tasks);
  const { task, stack, taskLink, stackLink } = address;
  const selected = useMemo(() => {
    if (!drawing) return null;
    for (const [id, drawn] of drawing.stacks) {
      const isTask = task?.dispatchId === drawn.dispatchId && drawn.stack.nodes.includes(task.node);
      const isStack = stack?.dispatchId === drawn.dispatchId && stack.id === drawn.stack.id;
      if (isTask || isStack) return id;
    }
    return null;
  }, [drawing, task, stack]);
  const actions = useMemo(
    () => ({
      selected,
      linkTo: (_: string, { dispatchId, stack: of }: DrawnStack) =>
        of.nodes.length === 1 ? taskLink(dispatchId, of.nodes[0]!) : stackLink(dispatchId, of.id),
      open: opened.open,
      close: opened.close,
    }),
    [selected, taskLink, stackLink, opened],
  );
  const { graph, stacks } = store.loaded!;
  if (graph.nodes.length === 0) return <EmptyState title="This workflow has no tasks" />;
  return (
    <div className={styles.graph}>
      <GraphView drawing={drawing} actions={actions} label={`Graph of ${graph.name}`} />
      {stacks.coarse && (
        <p className={styles.note}>
          Tasks of the same function are drawn together: apart, there would be too many boxes.
        </p>
      )}
    </div>
  );
}
