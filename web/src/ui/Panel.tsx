import type { ReactNode } from 'react';
import styles from './Panel.module.css';

interface Props {
  title?: ReactNode;
  /** To the right of the title. */
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
}

/** A surface with a border, and a title if it has one. */
export function Panel({ title, actions, children, className }: Props) {
  return (
    <section className={`${styles.panel} ${className ?? ''}`}>
      {title !== undefined && (
        <header className={styles.head}>
          <h2 className={styles.title}>{title}</h2>
          {actions}
        </header>
      )}
      {children}
    </section>
  );
}
