import { AlertTriangle, Info } from 'lucide-react';
import type { ReactNode } from 'react';
import styles from './Banner.module.css';

interface Props {
  look?: 'info' | 'warning' | 'danger';
  children: ReactNode;
  /** To the right of the text. */
  actions?: ReactNode;
}

/** A sentence that concerns all that is below it. */
export function Banner({ look = 'info', children, actions }: Props) {
  const Icon = look === 'info' ? Info : AlertTriangle;
  return (
    <div className={`${styles.banner} ${styles[look]}`} role={look === 'danger' ? 'alert' : 'status'}>
      <Icon size={16} className={styles.icon} aria-hidden="true" />
      <div className={styles.text}>{children}</div>
      {actions}
    </div>
  );
}
