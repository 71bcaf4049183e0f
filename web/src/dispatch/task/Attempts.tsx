import type { AttemptView } from '../../api/types';
import { Duration } from '../../ui/Duration';
import { StatusMark } from '../../ui/StatusMark';
import { showControls, showText } from '../../text/ansi';
import { oneLine } from '../logic/sentences';
import { Cause } from '../parts/Cause';
import styles from './task.module.css';

interface Props {
  readonly attempts: readonly AttemptView[];
  readonly chosen: number;
  readonly onChoose: (attempt: number) => void;
}

/** Each attempt with how and where it ended. The tabs below show the one that is chosen. */
export function Attempts({ attempts, chosen, onChoose }: Props) {
  if (attempts.length === 0) return null;
  if (attempts.length === 1) return <Only attempt={attempts[0]!} />;
  return (
    <div className={styles.attempts} role="radiogroup" aria-label="Attempts">
      {attempts.map((attempt) => (
        <label key={attempt.attempt} className={styles.attempt}>
          <input
            type="radio"
            name="attempt"
            className="visually-hidden"
            checked={attempt.attempt === chosen}
            onChange={() => onChoose(attempt.attempt)}
          />
          <StatusMark status={attempt.outcome?.status ?? attempt.status} size={14} />
          <span className={styles.attemptNumber}>{attempt.attempt}</span>
          <span className={styles.attemptText} title={showText(attempt.outcome?.message ?? '')}>
            {attempt.outcome?.cause && <Cause cause={attempt.outcome.cause} />}
            {attempt.outcome?.cause ? oneLine(attempt.outcome.message) : showControls(attempt.outcome?.place ?? '')}
          </span>
          <Took attempt={attempt} />
        </label>
      ))}
    </div>
  );
}

function Only({ attempt }: { attempt: AttemptView }) {
  const place = attempt.outcome?.place;
  return place ? <p className={styles.place}>ran at {showControls(place)}</p> : null;
}

function Took({ attempt }: { attempt: AttemptView }) {
  const outcome = attempt.outcome;
  if (!outcome) return null;
  return (
    <span className={styles.took}>
      {outcome.started_at !== null && outcome.ended_at !== null && (
        <Duration from={outcome.started_at} to={outcome.ended_at} />
      )}
    </span>
  );
}
