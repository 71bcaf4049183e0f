import { X } from 'lucide-react';
import type { Graph } from '../api/types';
import { showName, showText } from '../text/ansi';
import type { Stack } from '../dispatch/logic/stacks';
import { Facts } from '../dispatch/parts/Facts';
import { Options } from '../dispatch/parts/Options';
import { CodeBlock } from '../ui/CodeBlock';
import { formatCount } from '../ui/format';
import { IconButton } from '../ui/IconButton';
import styles from './preview.module.css';

interface Props {
  readonly graph: Graph;
  readonly stack: Stack;
  readonly onClose: () => void;
}

/** What a box of the preview would run. */
export function FunctionPanel({ graph, stack, onClose }: Props) {
  const node = graph.nodes[stack.nodes[0]!]!;
  const environment = graph.environments[node.environment];
  const executor = graph.executors[node.executor];
  const source = graph.functions[stack.function]?.source;
  const name = showName(stack.name);
  return (
    <aside className={styles.panel} aria-label={name}>
      <header className={styles.panelHead}>
        <h2>
          {name}{' '}
          <span className={styles.faint}>
            {stack.nodes.length === 1 ? `#${stack.nodes[0]}` : `×${formatCount(stack.nodes.length)}`}
          </span>
        </h2>
        <IconButton label="Close" onClick={onClose}>
          <X size={16} />
        </IconButton>
      </header>
      <div className={styles.panelBody}>
        {source && <CodeBlock code={showText(source)} withNumbers label={`Source of ${name}`} />}
        {environment && (
          <Facts
            title="Before it runs"
            facts={[
              ['pip', showText((environment.pip ?? []).join('\n'))],
              ['bash', showText((environment.bash ?? []).join('\n'))],
            ]}
          />
        )}
        {executor && <Options title={`Executor ${executor.name}`} options={executor.options ?? {}} />}
      </div>
    </aside>
  );
}
