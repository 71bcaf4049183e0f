import { Handle, type NodeProps } from '@xyflow/react';
import { ChevronDown, Layers, Repeat } from 'lucide-react';
import { memo } from 'react';
import { Link } from 'react-router';
import { formatCount } from '../../ui/format';
import { StatusMark } from '../../ui/StatusMark';
import { showName } from '../../text/ansi';
import type { DrawnStack } from '../logic/scene';
import { summaryStatus } from '../logic/status';
import { storeOf, useCounts, useTask } from '../state/hooks';
import { useGraphActions } from './context';
import { Progress } from '../../ui/Progress';
import type { BoxNode } from './elements';
import { countsSentence } from '../logic/sentences';
import { TaskMark } from '../parts/TaskMark';
import { TaskTime } from '../parts/TaskTime';
import styles from './graph.module.css';

/** A task, or a stack of like tasks with their counts. */
export const StackNode = memo(function StackNode({ id, data, sourcePosition, targetPosition }: NodeProps<BoxNode>) {
  const { drawn } = data;
  const actions = useGraphActions();
  const isMany = drawn.stack.nodes.length > 1;
  const looks = [styles.card, isMany && styles.many, actions.selected === id && styles.selected];
  if (actions.found) looks.push(actions.found.has(id) ? styles.found : styles.faded);
  return (
    <div className={looks.filter(Boolean).join(' ')}>
      <Handle type="target" position={targetPosition!} isConnectable={false} className={styles.handle} />
      {isMany ? <Many id={id} drawn={drawn} /> : <One id={id} drawn={drawn} />}
      <OpenButton id={id} drawn={drawn} />
      <Handle type="source" position={sourcePosition!} isConnectable={false} className={styles.handle} />
    </div>
  );
});

interface Props {
  readonly id: string;
  readonly drawn: DrawnStack;
}

function One({ id, drawn }: Props) {
  const actions = useGraphActions();
  const store = storeOf(drawn.dispatchId);
  const node = drawn.stack.nodes[0]!;
  const task = useTask(store, node);
  const name = showName(drawn.stack.name);
  return (
    <Link to={actions.linkTo(id, drawn)} className={styles.link} data-box={id} draggable={false}>
      <span className={styles.top}>
        {task && <TaskMark task={task} />}
        <span className={styles.name} title={name}>
          {name}
        </span>
        <Kind drawn={drawn} />
      </span>
      <span className={styles.below}>
        <span>#{node}</span>
        {task && task.attempt > 1 && <span>attempt {task.attempt}</span>}
        {task?.reused && <span>reused</span>}
        {task?.cause === 'UPSTREAM' && <span>not run</span>}
        <Executor drawn={drawn} />
        <span className={styles.push}>{task && <TaskTime task={task} />}</span>
      </span>
    </Link>
  );
}

function Many({ id, drawn }: Props) {
  const actions = useGraphActions();
  const counts = useCounts(storeOf(drawn.dispatchId), drawn.index);
  const total = drawn.stack.nodes.length;
  const name = showName(drawn.stack.name);
  const hasRun = Object.keys(counts).length > 0;
  const words = hasRun ? countsSentence(counts, total) : `${formatCount(total)} tasks`;
  return (
    <Link to={actions.linkTo(id, drawn)} className={styles.link} data-box={id} draggable={false}>
      <span className={styles.top}>
        {hasRun && <StatusMark status={summaryStatus(counts)} />}
        <span className={styles.name} title={name}>
          {name}
        </span>
        <Kind drawn={drawn} />
        <span className={styles.badge}>×{formatCount(total)}</span>
      </span>
      <span className={styles.below}>
        <span className={styles.words} title={words}>
          {words}
        </span>
        <span className={styles.push}>
          <Executor drawn={drawn} />
        </span>
      </span>
      {hasRun && <Progress counts={counts} total={total} />}
    </Link>
  );
}

/** Where it runs, in a dispatch whose tasks do not all run in the same place. A sublattice runs nowhere itself. */
function Executor({ drawn }: { drawn: DrawnStack }) {
  const { loaded } = storeOf(drawn.dispatchId);
  if (!loaded || loaded.info.executors.length < 2 || drawn.stack.kind === 'sublattice') return null;
  return <span className={styles.executor}>{showName(loaded.graph.executors[drawn.stack.executor]?.name ?? '')}</span>;
}

function Kind({ drawn }: { drawn: DrawnStack }) {
  if (drawn.stack.kind === 'sublattice') return <Layers size={14} className={styles.kind} aria-label="sublattice" />;
  if (drawn.stack.chained) return <Repeat size={14} className={styles.kind} aria-label="one after another" />;
  return null;
}

/** Opens the sublattice in place. */
function OpenButton({ id, drawn }: Props) {
  const { open } = useGraphActions();
  const store = storeOf(drawn.dispatchId);
  const first = drawn.stack.nodes[0]!;
  const task = useTask(store, first);
  if (!open || drawn.stack.kind !== 'sublattice' || !task?.child_id) return null;
  const childId = task.child_id;
  return (
    <button
      type="button"
      className={styles.open}
      aria-label={`Open the sublattice ${showName(drawn.stack.name)} here`}
      title="Open here"
      onClick={() => open(id, { node: first, childId })}
    >
      <ChevronDown size={14} />
    </button>
  );
}
