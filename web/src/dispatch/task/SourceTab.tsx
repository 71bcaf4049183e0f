import { CodeBlock } from '../../ui/CodeBlock';
import { showText } from '../../text/ansi';
import { storeOf } from '../state/hooks';
import styles from './task.module.css';

export function SourceTab({ dispatchId, node }: { dispatchId: string; node: number }) {
  const graph = storeOf(dispatchId).loaded?.graph;
  const source = graph?.functions[graph.nodes[node]?.function ?? -1]?.source;
  return (
    <div className={styles.scroll}>
      {source ? (
        <CodeBlock code={showText(source)} withNumbers label="Source of the function" />
      ) : (
        <p className={styles.faint}>The source of this function could not be read when it was dispatched.</p>
      )}
    </div>
  );
}
