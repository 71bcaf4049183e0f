import type { ReactNode } from 'react';
import { STATUS_LOOKS, type Standing } from './status';
import styles from './StatusMark.module.css';

interface Props {
  status: Standing;
  size?: number;
  /** In place of the usual word for the status. */
  label?: string;
  /** Show the word beside the mark; otherwise it is only read aloud. */
  withLabel?: boolean;
}

const STRUCK = (
  <>
    <circle cx="8" cy="8" r="5.75" className={styles.line} />
    <path d="M4.200 11.800l7.600-7.600" className={styles.line} />
  </>
);

/** A status by colour, shape and word. */
export function StatusMark({ status, size = 16, label, withLabel = false }: Props) {
  const look = STATUS_LOOKS[status];
  const word = label ?? look.label;
  return (
    <span className={styles.mark} title={withLabel ? undefined : word}>
      <svg width={size} height={size} viewBox="0 0 16 16" className={styles[status]} aria-hidden="true">
        {SHAPES[status]}
      </svg>
      <span className={withLabel ? styles.word : 'visually-hidden'}>{word}</span>
    </span>
  );
}

/** The shape alone, to be put into a drawing of 16 by 16. */
export function StatusShape({ status }: { status: Standing }) {
  return <g className={styles[status]}>{SHAPES[status]}</g>;
}

const SHAPES: Readonly<Record<Standing, ReactNode>> = {
  NEW_OBJECT: <circle cx="8" cy="8" r="5.75" className={styles.line} strokeDasharray="2.2 2.3" />,
  READY: <circle cx="8" cy="8" r="5.75" className={styles.line} />,
  SUBMITTED: (
    <>
      <circle cx="8" cy="8" r="5.75" className={styles.line} />
      <path d="M8 5v3.2l2.1 1.3" className={styles.line} />
    </>
  ),
  STARTING: (
    <>
      <circle cx="8" cy="8" r="5.75" className={styles.line} />
      <path d="M8 4.500a3.500 3.500 0 0 1 0 7z" className={styles.solid} />
    </>
  ),
  RUNNING: (
    <>
      <circle cx="8" cy="8" r="5.75" className={styles.track} />
      <path d="M8 2.250a5.750 5.750 0 0 1 5.750 5.750" className={`${styles.line} ${styles.spin}`} />
      <path d="M6.600 5.600l4 2.400-4 2.400z" className={styles.solid} />
    </>
  ),
  COMPLETED: (
    <>
      <circle cx="8" cy="8" r="6.750" className={styles.solid} />
      <path d="M5 8.200l2.100 2.100L11 6.200" className={styles.cut} />
    </>
  ),
  FAILED: (
    <>
      <path d="M5.300 1.500h5.400l3.800 3.800v5.400l-3.800 3.800H5.300l-3.800-3.800V5.300z" className={styles.solid} />
      <path d="M5.800 5.800l4.400 4.400M10.200 5.800l-4.400 4.400" className={styles.cut} />
    </>
  ),
  NOT_RUN: STRUCK,
  CANCELLED: STRUCK,
};
