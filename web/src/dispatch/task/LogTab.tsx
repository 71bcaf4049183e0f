import { useState } from 'react';
import type { AttemptView } from '../../api/types';
import { LogView } from '../log/LogView';
import type { LogStream } from '../state/api';
import styles from './task.module.css';

interface Props {
  readonly dispatchId: string;
  readonly node: number;
  readonly attempt: AttemptView | undefined;
}

export function LogTab({ dispatchId, node, attempt }: Props) {
  const outcome = attempt?.outcome;
  // Where only one has something, that one is wanted.
  const preferred: LogStream = outcome && outcome.stdout_size === 0 && outcome.stderr_size > 0 ? 'stderr' : 'stdout';
  const [chosen, setChosen] = useState<LogStream | null>(null);
  if (!attempt) return <p className={styles.nothing}>It has not been handed to its executor yet.</p>;
  const stream = chosen ?? preferred;
  const place = { dispatchId, node, attempt: attempt.attempt, stream };
  const size = outcome ? (stream === 'stdout' ? outcome.stdout_size : outcome.stderr_size) : null;
  return (
    <>
      {attempt.missing && <p className={styles.warning}>{attempt.missing}</p>}
      <LogView
        key={`${attempt.attempt} ${stream}`}
        place={place}
        size={size}
        aside={<Streams chosen={stream} onChoose={setChosen} />}
      />
    </>
  );
}

function Streams({ chosen, onChoose }: { chosen: LogStream; onChoose: (stream: LogStream) => void }) {
  return (
    <span className={styles.segments} role="group" aria-label="Which output">
      {(['stdout', 'stderr'] as const).map((stream) => (
        <button
          key={stream}
          type="button"
          className={styles.segment}
          aria-pressed={stream === chosen}
          onClick={() => onChoose(stream)}
        >
          {stream}
        </button>
      ))}
    </span>
  );
}
