import { Workflow } from 'lucide-react';
import { CodeBlock } from '../ui/CodeBlock';
import styles from './GettingStarted.module.css';

const PROGRAM = `import covalent as ct

@ct.electron
def greet(name):
    return f"Hello, {name}!"

@ct.lattice
def hello(names):
    return [greet(name) for name in names]

dispatch_id = ct.dispatch(hello)(["Ada", "Grace"])
print(ct.get_result(dispatch_id, wait=True).result)
`;

/** What to do first: an installation that has not run anything yet. */
export function GettingStarted() {
  return (
    <div className={styles.page}>
      <div className={styles.icon}>
        <Workflow size={20} />
      </div>
      <h2>Nothing has been dispatched yet</h2>
      <p>This is all that a workflow takes. It will be here as soon as it is dispatched.</p>
      <ol className={styles.steps}>
        <li>
          Save this as <code>hello.py</code>:
          <CodeBlock code={PROGRAM} label="The smallest workflow" className={styles.code} />
        </li>
        <li>
          Run it on the machine on which you installed Covalent:
          <CodeBlock code="python hello.py" language="text" label="The command that runs it" className={styles.code} />
        </li>
      </ol>
    </div>
  );
}
