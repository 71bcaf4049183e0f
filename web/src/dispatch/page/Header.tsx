import { CornerLeftUp, RotateCcw } from 'lucide-react';
import { Link } from 'react-router';
import type { DispatchView } from '../../api/types';
import { CopyButton } from '../../ui/CopyButton';
import { DispatchMark } from '../../ui/DispatchMark';
import { Duration } from '../../ui/Duration';
import { formatCount, shortId } from '../../ui/format';
import { Progress } from '../../ui/Progress';
import { countsOf, isFinal, type Counts } from '../../ui/status';
import { Time } from '../../ui/Time';
import { showName } from '../../text/ansi';
import { Actions } from './Actions';
import styles from './page.module.css';

/** What a dispatch is, how far it is, and what can be done with it. */
export function Header({ info }: { info: DispatchView }) {
  const counts = countsOf(info);
  const name = showName(info.name);
  return (
    <header className={styles.header}>
      <title>{`${name} · Covalent`}</title>
      <div className={styles.titleLine}>
        <h1 className={styles.title} title={name}>
          {name}
        </h1>
        <DispatchMark status={info.status} withLabel />
        <span className={styles.id}>
          <code title={info.id}>{shortId(info.id)}</code>
          <CopyButton text={info.id} label="Copy the id" />
        </span>
        <Actions info={info} />
      </div>
      <div className={styles.facts}>
        <span className={styles.progress}>
          <Progress counts={counts} total={info.tasks} />
        </span>
        <span>{tasksOf(counts, info.tasks)}</span>
        {info.started_at !== null && (
          <span>
            <Duration from={info.started_at} to={info.ended_at ?? (isFinal(info.status) ? info.started_at : null)} />
          </span>
        )}
        <span>
          {info.started_at === null ? 'created ' : 'started '}
          <Time at={info.started_at ?? info.created_at} />
        </span>
        {info.executors.length > 0 && <span>on {info.executors.join(', ')}</span>}
        <Origin info={info} />
      </div>
    </header>
  );
}

function tasksOf({ COMPLETED = 0, FAILED = 0, NOT_RUN = 0 }: Counts, total: number): string {
  const words = [`${formatCount(COMPLETED)} of ${formatCount(total)} ${total === 1 ? 'task' : 'tasks'} done`];
  if (FAILED > 0) words.push(`${formatCount(FAILED)} failed`);
  if (NOT_RUN > 0) words.push(`${formatCount(NOT_RUN)} did not run`);
  return words.join(', ');
}

/** The dispatch that this one is a part of, or was made from. */
function Origin({ info }: { info: DispatchView }) {
  if (info.parent_id) {
    return (
      <Link to={`/dispatches/${info.parent_id}/tasks/${info.parent_node ?? 0}`} className={styles.origin}>
        <CornerLeftUp size={13} aria-hidden="true" /> sublattice of {shortId(info.parent_id)}
      </Link>
    );
  }
  if (!info.redispatch_of) return null;
  return (
    <Link to={`/dispatches/${info.redispatch_of}`} className={styles.origin}>
      <RotateCcw size={13} aria-hidden="true" /> again from {shortId(info.redispatch_of)}
      {info.reuse && ', with its values'}
    </Link>
  );
}
