import { Handle, type NodeProps } from '@xyflow/react';
import { ChevronLeft, ChevronRight, ChevronUp, ExternalLink, Layers } from 'lucide-react';
import { memo } from 'react';
import { Link } from 'react-router';
import { showName } from '../../text/ansi';
import type { DrawnStack } from '../logic/scene';
import { TaskMark } from '../parts/TaskMark';
import { storeOf, useTask } from '../state/hooks';
import { useGraphActions } from './context';
import type { BoxNode } from './elements';
import styles from './graph.module.css';

/** A sublattice that is open in place: a header, and room for the boxes of its own graph, which lie above it. */
export const OpenNode = memo(function OpenNode({ id, data, sourcePosition, targetPosition }: NodeProps<BoxNode>) {
  const { drawn } = data;
  return (
    <div className={styles.opened}>
      <Handle type="target" position={targetPosition!} isConnectable={false} className={styles.handle} />
      <Header id={id} drawn={drawn} />
      <Handle type="source" position={sourcePosition!} isConnectable={false} className={styles.handle} />
    </div>
  );
});

function Header({ id, drawn }: { id: string; drawn: DrawnStack }) {
  const actions = useGraphActions();
  const { node, childId } = drawn.open!;
  const task = useTask(storeOf(drawn.dispatchId), node);
  const name = showName(drawn.stack.name);
  return (
    <div className={styles.head}>
      {task && <TaskMark task={task} />}
      <Link to={actions.linkTo(id, drawn)} className={styles.headName} data-box={id} title={name}>
        {name}
      </Link>
      <Layers size={14} className={styles.kind} aria-label="sublattice" />
      {drawn.stack.nodes.length > 1 && <Picker id={id} drawn={drawn} />}
      <span className={styles.push}>
        <Link to={`/dispatches/${childId}`} className={styles.tool} title="Open as a page of its own">
          <ExternalLink size={14} aria-label={`Open ${name} as a page of its own`} />
        </Link>
        <button
          type="button"
          className={styles.tool}
          aria-label={`Close ${name}`}
          title="Close"
          onClick={() => actions.close?.(id)}
        >
          <ChevronUp size={14} />
        </button>
      </span>
    </div>
  );
}

/** Which of the stack's tasks is shown. */
function Picker({ id, drawn }: { id: string; drawn: DrawnStack }) {
  const { open } = useGraphActions();
  const { nodes } = drawn.stack;
  const at = nodes.indexOf(drawn.open!.node);
  const tasks = storeOf(drawn.dispatchId).loaded?.model.tasks;
  const step = (by: 1 | -1) => {
    for (let i = at + by; i >= 0 && i < nodes.length; i += by) {
      const childId = tasks?.[nodes[i]!]?.child_id;
      if (childId) return () => open?.(id, { node: nodes[i]!, childId });
    }
    return undefined;
  };
  const [before, after] = [step(-1), step(1)];
  return (
    <span className={styles.picker}>
      <button type="button" className={styles.tool} aria-label="The one before" disabled={!before} onClick={before}>
        <ChevronLeft size={14} />
      </button>
      <span>
        {at + 1} of {nodes.length}
      </span>
      <button type="button" className={styles.tool} aria-label="The next one" disabled={!after} onClick={after}>
        <ChevronRight size={14} />
      </button>
    </span>
  );
}
