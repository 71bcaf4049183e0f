import { Link } from 'react-router';
import type { Graph } from '../../api/types';
import { CopyButton } from '../../ui/CopyButton';
import { Duration } from '../../ui/Duration';
import { formatCount } from '../../ui/format';
import { Panel } from '../../ui/Panel';
import { countsOf, STATUS_LOOKS } from '../../ui/status';
import { Time } from '../../ui/Time';
import { showControls } from '../../text/ansi';
import { isFinal, STANDINGS } from '../logic/status';
import { Facts } from '../parts/Facts';
import { Options } from '../parts/Options';
import { Preview } from '../parts/Preview';
import type { Loaded } from '../state/dispatchStore';
import styles from './overview.module.css';

/** What went in, what came out, and where it ran. */
export function OverviewTab({ loaded }: { loaded: Loaded }) {
  const { info, graph } = loaded;
  const counts = countsOf(info);
  return (
    <div className={styles.page}>
      <Panel title="Values" className={styles.values}>
        <div className={styles.body}>
          <Preview title="Arguments" text={info.arguments_preview} missing={missingArguments(graph)} />
          <Preview
            title="Result"
            text={info.status === 'COMPLETED' ? info.result_preview : null}
            missing={missingResult(info.status)}
          />
        </div>
      </Panel>
      <Panel title="Dispatch">
        <div className={styles.body}>
          <Facts
            facts={[
              ['id', <Id key="id" id={info.id} />],
              ['created', <Time key="created" at={info.created_at} isExact />],
              ['started', info.started_at && <Time at={info.started_at} isExact />],
              ['ended', info.ended_at && <Time at={info.ended_at} isExact />],
              [
                'took',
                info.started_at && (info.ended_at || !isFinal(info.status)) ? (
                  <Duration from={info.started_at} to={info.ended_at} />
                ) : null,
              ],
              ['made from', info.redispatch_of && <DispatchLink id={info.redispatch_of} />],
              ['part of', info.parent_id && <DispatchLink id={info.parent_id} />],
              ['Python', graph.python],
              ['directory', showControls(graph.cwd)],
            ]}
          />
          <Facts
            title={`${formatCount(info.tasks)} tasks`}
            facts={STANDINGS.map((standing) => [
              STATUS_LOOKS[standing].label.toLowerCase(),
              counts[standing] && formatCount(counts[standing]),
            ])}
          />
        </div>
      </Panel>
      <Panel title="Executors">
        <div className={styles.body}>
          {graph.executors.map((executor, index) => (
            <Options
              key={index}
              title={`${executor.name}, ${tasksOn(graph, index)}`}
              options={executor.options ?? {}}
              isShownEmpty
            />
          ))}
        </div>
      </Panel>
    </div>
  );
}

function tasksOn(graph: Graph, executor: number): string {
  const count = graph.nodes.filter((node) => node.executor === executor).length;
  return count === 1 ? '1 task' : `${formatCount(count)} tasks`;
}

/** Whoever stores arguments makes a preview of them, which is empty only where there are none. */
function missingArguments(graph: Graph): string {
  return graph.arguments ? 'It was called without arguments.' : 'No preview of its arguments was made.';
}

function missingResult(status: string): string {
  if (status === 'COMPLETED') return 'No preview of its result was made.';
  return status === 'FAILED' || status === 'CANCELLED' ? 'It has no result.' : 'It has not returned yet.';
}

function Id({ id }: { id: string }) {
  return (
    <span className={styles.id}>
      <code>{id}</code>
      <CopyButton text={id} label="Copy the id" />
    </span>
  );
}

function DispatchLink({ id }: { id: string }) {
  return (
    <Link to={`/dispatches/${id}`}>
      <code>{id}</code>
    </Link>
  );
}
