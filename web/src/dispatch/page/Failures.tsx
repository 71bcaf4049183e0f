import { ChevronDown, ChevronUp } from 'lucide-react';
import { useMemo, useState } from 'react';
import { Link } from 'react-router';
import { Button } from '../../ui/Button';
import { formatCount } from '../../ui/format';
import { StatusMark } from '../../ui/StatusMark';
import { showName, showText } from '../../text/ansi';
import { groupFailures, type FailureGroup } from '../logic/failures';
import { oneLine } from '../logic/sentences';
import { Cause } from '../parts/Cause';
import type { DispatchStore } from '../state/dispatchStore';
import { useStore } from '../state/hooks';
import styles from './page.module.css';

const FEW = 3;
const MOST = 12;

interface Props {
  readonly store: DispatchStore;
  readonly taskLink: (dispatchId: string, node: number, view?: string) => string;
}

/** What went wrong, above everything else. */
export function Failures({ store, taskLink }: Props) {
  const { info, model } = store.loaded!;
  const failed = info.counts.FAILED ?? 0;
  const version = useStore(store, (from) => (failed === 0 ? 0 : from.version));
  const groups = useMemo(() => {
    void version;
    return groupFailures(model.tasks);
  }, [model, version]);
  const [isOpen, setOpen] = useState(true);
  const [isLong, setLong] = useState(false);
  if (groups.length === 0) return info.status === 'FAILED' && info.error ? <Whole text={info.error} /> : null;
  const own = groups.reduce((sum, group) => sum + group.nodes.length, 0);
  const shown = groups.slice(0, isLong ? MOST : FEW);
  const Chevron = isOpen ? ChevronUp : ChevronDown;
  return (
    <section className={styles.failures} aria-label="Failures">
      <div className={styles.failuresHead}>
        <StatusMark status="FAILED" />
        <h2>
          {formatCount(own)} {own === 1 ? 'task' : 'tasks'} failed
        </h2>
        {model.notRun > 0 && (
          <span className={`${styles.faint} ${styles.because}`}>
            {formatCount(model.notRun)} more did not run because of that
          </span>
        )}
        <Button look="quiet" className={styles.fold} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? 'Hide' : 'Show'} <Chevron size={14} />
        </Button>
      </div>
      {isOpen && (
        <ul className={styles.failureList}>
          {shown.map((group) => (
            <Failure key={group.nodes[0]} group={group} to={taskLink(store.id, group.nodes[0]!, 'error')} />
          ))}
        </ul>
      )}
      {isOpen && groups.length > FEW && (
        <Button look="quiet" onClick={() => setLong(!isLong)}>
          {isLong ? 'Fewer' : `${formatCount(groups.length - FEW)} other kinds of failure`}
        </Button>
      )}
    </section>
  );
}

function Failure({ group, to }: { group: FailureGroup; to: string }) {
  const { nodes, name, cause, message } = group;
  return (
    <li>
      <Link to={to} className={styles.failure}>
        <span className={styles.failureName}>
          {showName(name)} <span className={styles.faint}>#{nodes[0]}</span>
        </span>
        <Cause cause={cause} />
        <span className={styles.failureText} title={showText(message)}>
          {oneLine(message)}
        </span>
        {nodes.length > 1 && <span className={styles.more}>and {formatCount(nodes.length - 1)} like it</span>}
      </Link>
    </li>
  );
}

/** A dispatch that failed without a task that did. */
function Whole({ text }: { text: string }) {
  return (
    <section className={styles.failures} aria-label="Failures">
      <div className={styles.failuresHead}>
        <StatusMark status="FAILED" />
        <p className={styles.error}>{showText(text)}</p>
      </div>
    </section>
  );
}
