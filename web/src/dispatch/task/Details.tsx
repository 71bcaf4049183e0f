import type { AttemptView, TaskView } from '../../api/types';
import { CopyButton } from '../../ui/CopyButton';
import { formatDuration } from '../../ui/format';
import { Time } from '../../ui/Time';
import { showControls } from '../../text/ansi';
import { Facts } from '../parts/Facts';
import { Options } from '../parts/Options';
import { storeOf } from '../state/hooks';
import { Usage } from './Usage';
import styles from './task.module.css';

interface Props {
  readonly dispatchId: string;
  readonly task: TaskView;
  readonly attempt: AttemptView | undefined;
}

/** Resources, times, places, settings and what had to be there before. */
export function Details({ dispatchId, task, attempt }: Props) {
  const graph = storeOf(dispatchId).loaded?.graph;
  const node = graph?.nodes[task.node_id];
  const environment = graph?.environments[node?.environment ?? 0];
  const executor = graph?.executors[node?.executor ?? 0];
  const outcome = attempt?.outcome;
  const started = outcome?.started_at ?? null;
  return (
    <div className={styles.scroll}>
      <Usage requested={task.requested} outcome={outcome ?? null} />
      <Facts
        title={`Attempt ${attempt?.attempt ?? ''}`}
        facts={[
          ['submitted', attempt && <Time at={attempt.submitted_at} isExact />],
          ['started', started && <Time at={started} isExact />],
          ['waited', attempt && started && formatDuration(started - attempt.submitted_at)],
          ['ended', outcome?.ended_at && <Time at={outcome.ended_at} isExact />],
          ['place', outcome?.place && showControls(outcome.place)],
          ['exit code', outcome?.exit_code],
          ['job', task.job_id && <WithCopy text={task.job_id} />],
          ['group', attempt && <WithCopy text={attempt.group_id} />],
        ]}
      />
      {environment && (
        <Facts
          title="Before it runs"
          facts={[
            ['pip', environment.pip && environment.pip.length > 0 && <Commands lines={environment.pip} />],
            ['bash', environment.bash && environment.bash.length > 0 && <Commands lines={environment.bash} />],
            ['calls', environment.hooks && 'functions called before or after'],
          ]}
        />
      )}
      {executor && <Options title={`Executor ${executor.name}`} options={executor.options ?? {}} />}
    </div>
  );
}

function WithCopy({ text }: { text: string }) {
  return (
    <span className={styles.withCopy}>
      <code>{showControls(text)}</code>
      <CopyButton text={text} />
    </span>
  );
}

function Commands({ lines }: { lines: readonly string[] }) {
  return lines.map((line, i) => (
    <code key={i} className={styles.command}>
      {showControls(line)}
    </code>
  ));
}
