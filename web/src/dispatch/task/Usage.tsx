import type { OutcomeView, TaskView } from '../../api/types';
import { formatBytes, formatDuration } from '../../ui/format';
import styles from './task.module.css';

const MIB = 2 ** 20;

interface Props {
  readonly requested: TaskView['requested'];
  readonly outcome: OutcomeView | null;
}

/** What was asked for, against what was used. */
export function Usage({ requested, outcome }: Props) {
  const wall = outcome?.started_at && outcome.ended_at ? outcome.ended_at - outcome.started_at : null;
  const meters = [
    memory(requested?.memory_mib ?? null, outcome?.peak_memory_mib ?? null),
    cpu(requested?.cpus ?? null, outcome?.cpu_s ?? null, wall),
    time(requested?.time_limit_s ?? null, wall),
  ].filter((meter) => meter !== null);
  if (meters.length === 0) return <p className={styles.faint}>What it used is known when an attempt has ended.</p>;
  return (
    <section className={styles.usage} aria-label="Resources">
      {meters.map((meter) => (
        <Meter key={meter.name} {...meter} />
      ))}
      {requested?.gpus ? <p className={styles.faint}>{requested.gpus} GPUs requested</p> : null}
    </section>
  );
}

interface MeterProps {
  readonly name: string;
  readonly used: string;
  readonly of: string;
  /** Of what was asked for; null if that is not known. */
  readonly share: number | null;
}

function Meter({ name, used, of, share }: MeterProps) {
  const level = share === null ? '' : share > 0.9 ? styles.high : '';
  return (
    <div className={styles.meter}>
      <div className={styles.meterLine}>
        <span>{name}</span>
        <span className={styles.faint}>
          <strong>{used}</strong> {of}
        </span>
      </div>
      {share !== null && (
        <div className={styles.gauge} aria-hidden="true">
          <span className={`${styles.gaugeFill} ${level}`} style={{ width: `${Math.min(1, share) * 100}%` }} />
        </div>
      )}
    </div>
  );
}

function memory(asked: number | null, peak: number | null): MeterProps | null {
  if (asked === null && peak === null) return null;
  return {
    name: 'Memory',
    used: peak === null ? '–' : formatBytes(peak * MIB),
    of: asked === null ? 'at most' : `at most, of ${formatBytes(asked * MIB)}`,
    share: asked && peak !== null ? peak / asked : null,
  };
}

function cpu(cpus: number | null, seconds: number | null, wall: number | null): MeterProps | null {
  if (cpus === null && seconds === null) return null;
  const busy = seconds !== null && wall ? seconds / wall : null;
  return {
    name: 'CPU',
    used: seconds === null ? '–' : formatDuration(seconds),
    of: [busy === null ? '' : `· ${busy.toFixed(busy < 10 ? 2 : 0)} busy`, cpus === null ? '' : `of ${cpus}`].join(' '),
    share: busy !== null && cpus ? busy / cpus : null,
  };
}

function time(limit: number | null, wall: number | null): MeterProps | null {
  if (wall === null && limit === null) return null;
  return {
    name: 'Time',
    used: wall === null ? '–' : formatDuration(wall),
    of: limit === null ? '' : `of ${formatDuration(limit)}`,
    share: limit && wall !== null ? wall / limit : null,
  };
}
