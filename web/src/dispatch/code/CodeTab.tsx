import type { Graph } from '../../api/types';
import { CodeBlock } from '../../ui/CodeBlock';
import { formatCount } from '../../ui/format';
import { Panel } from '../../ui/Panel';
import { showName, showText } from '../../text/ansi';
import styles from './code.module.css';

/** The source of the lattice, and of the functions that its tasks run. */
export function CodeTab({ graph }: { graph: Graph }) {
  const used = new Map<number, number>();
  for (const node of graph.nodes) used.set(node.function, (used.get(node.function) ?? 0) + 1);
  const hasAny = graph.source || graph.functions.some((one) => one.source);
  return (
    <div className={styles.page}>
      {graph.source && (
        <Panel title="Lattice">
          <CodeBlock code={showText(graph.source)} withNumbers label="Source of the lattice" className={styles.code} />
        </Panel>
      )}
      {graph.functions.map((one, index) => {
        if (!one.source || !used.has(index)) return null;
        const count = used.get(index)!;
        return (
          <Panel
            key={index}
            title={showName(one.name)}
            actions={
              <span className={styles.count}>
                {formatCount(count)} {count === 1 ? 'task' : 'tasks'}
              </span>
            }
          >
            <CodeBlock
              code={showText(one.source)}
              withNumbers
              label={`Source of ${showName(one.name)}`}
              className={styles.code}
            />
          </Panel>
        );
      })}
      {!hasAny && <p className={styles.count}>The source could not be read when it was dispatched.</p>}
    </div>
  );
}
