import { Link } from 'react-router';
import type { ExecutorFailureView, ExecutorTaskView, ExecutorView, Status } from '../api/types';
import { showControls, showName } from '../text/ansi';
import { alike } from '../dispatch/logic/failures';
import { Cause } from '../dispatch/parts/Cause';
import { Duration } from '../ui/Duration';
import { formatCount, formatDuration } from '../ui/format';
import { Panel } from '../ui/Panel';
import { StatusMark } from '../ui/StatusMark';
import { Time } from '../ui/Time';
import styles from './Executors.module.css';
import { gather } from './gather';
import { flatten } from './settings';

export function ExecutorCard({ executor }: { executor: ExecutorView }) {
  const { name, class_name, about, problem, tasks, failures, settings } = executor;
  return (
    <Panel
      title={
        <span className={styles.title}>
          {name} <code>{class_name}</code>
        </span>
      }
      actions={
        <Link to={`/?executor=${encodeURIComponent(name)}`} className={styles.all}>
          Its dispatches
        </Link>
      }
    >
      {problem ? <p className={styles.problem}>{problem}</p> : <p className={styles.about}>{about}</p>}
      {isUsed(executor) ? <Numbers executor={executor} /> : <p className={styles.idle}>Not used of late.</p>}
      {tasks.length > 0 && (
        <section className={styles.part}>
          <h3>Tasks there now{tasks.length < total(executor) ? `, the first ${tasks.length}` : ''}</h3>
          <ul className={styles.rows}>
            {gather(tasks, likeTask).map(({ first, count }) => (
              <TaskRow key={`${first.dispatch_id}.${first.node_id}`} task={first} count={count} />
            ))}
          </ul>
        </section>
      )}
      {failures.length > 0 && (
        <section className={styles.part}>
          <h3>Last failures</h3>
          <ul className={styles.rows}>
            {gather(failures, likeFailure).map(({ first, count }) => (
              <FailureRow key={`${first.dispatch_id}.${first.node_id}`} failure={first} count={count} />
            ))}
          </ul>
        </section>
      )}
      <Settings settings={settings} />
    </Panel>
  );
}

const SHOWN: readonly Status[] = ['RUNNING', 'STARTING', 'SUBMITTED', 'READY'];
const WITH_EXECUTOR: readonly Status[] = ['RUNNING', 'STARTING', 'SUBMITTED'];

function total({ counts }: ExecutorView): number {
  return WITH_EXECUTOR.reduce((sum, status) => sum + (counts[status] ?? 0), 0);
}

const likeTask = (task: ExecutorTaskView): string => JSON.stringify([task.dispatch_id, task.name, task.status]);

const likeFailure = ({ dispatch_name, name, cause, message }: ExecutorFailureView): string =>
  JSON.stringify([dispatch_name, name, cause, alike(message)]);

/** Whether there is anything to tell of it. */
export function isUsed(executor: ExecutorView): boolean {
  const { counts, groups, median_wait_s, failures } = executor;
  return groups > 0 || median_wait_s !== null || failures.length > 0 || SHOWN.some((status) => counts[status]);
}

function Numbers({ executor }: { executor: ExecutorView }) {
  const { counts, groups, median_wait_s } = executor;
  return (
    <dl className={styles.numbers}>
      {SHOWN.map((status) => (
        <div key={status} data-none={counts[status] ? undefined : ''}>
          <dt>
            <StatusMark status={status} size={14} withLabel />
          </dt>
          <dd>{formatCount(counts[status] ?? 0)}</dd>
        </div>
      ))}
      <div data-none={groups ? undefined : ''}>
        <dt title="Like tasks are handed over together: on a batch service a group is one array job.">Task groups</dt>
        <dd>{formatCount(groups)}</dd>
      </div>
      <div data-none={median_wait_s === null ? '' : undefined}>
        <dt title="From being handed over to the start, of tasks of late; half of them waited no longer.">
          Median wait
        </dt>
        <dd>{median_wait_s === null ? '–' : formatDuration(median_wait_s)}</dd>
      </div>
    </dl>
  );
}

function TaskRow({ task, count }: { task: ExecutorTaskView; count: number }) {
  return (
    <li>
      <StatusMark status={task.status} />
      <TaskLink task={task} />
      <Times count={count} />
      {task.attempt > 1 && <span className={styles.quiet}>attempt {task.attempt}</span>}
      <span className={styles.end}>
        <Duration from={task.started_at ?? task.submitted_at} to={null} />
      </span>
    </li>
  );
}

function FailureRow({ failure, count }: { failure: ExecutorFailureView; count: number }) {
  return (
    <li className={styles.failure}>
      <StatusMark status="FAILED" />
      <TaskLink task={failure} />
      <Times count={count} />
      {failure.cause && <Cause cause={failure.cause} />}
      <span className={styles.end}>
        <Time at={failure.at} />
      </span>
      <p className={styles.message}>{firstLine(failure.message)}</p>
    </li>
  );
}

function Times({ count }: { count: number }) {
  return count > 1 ? <span className={styles.quiet}>and {formatCount(count - 1)} more like it</span> : null;
}

function TaskLink({ task }: { task: ExecutorTaskView | ExecutorFailureView }) {
  const [name, workflow] = [showName(task.name), showName(task.dispatch_name)];
  return (
    <span className={styles.task} title={`Task ${task.node_id}, ${name}, of ${workflow}`}>
      <Link to={`/dispatches/${task.dispatch_id}/tasks/${task.node_id}`}>{name}</Link>
      <span className={styles.quiet}> of {workflow}</span>
    </span>
  );
}

function Settings({ settings }: { settings: ExecutorView['settings'] }) {
  const pairs = flatten(settings);
  if (pairs.length === 0) return null;
  return (
    <details className={styles.settings}>
      <summary>What the configuration sets ({pairs.length})</summary>
      <dl>
        {pairs.map(({ name, value }) => (
          <div key={name}>
            <dt>
              <code>{name}</code>
            </dt>
            <dd>
              <code>{showControls(value)}</code>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function firstLine(text: string): string {
  const [first = '', ...more] = text.trim().split('\n');
  return showControls(first) + (more.length > 0 ? ' …' : '');
}
