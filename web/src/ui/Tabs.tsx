import { Tabs as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import styles from './Tabs.module.css';

export interface Tab {
  readonly id: string;
  readonly label: ReactNode;
  readonly content: ReactNode;
}

interface Props {
  /** What they are about, for those who do not see them. */
  label: string;
  tabs: readonly Tab[];
  value: string;
  onChange: (id: string) => void;
  /** To the right of the tabs. */
  aside?: ReactNode;
  className?: string;
}

/** Tabs, of which the content of one is there at a time; it fills what height there is. */
export function Tabs({ label, tabs, value, onChange, aside, className }: Props) {
  return (
    <Radix.Root value={value} onValueChange={onChange} className={`${styles.root} ${className ?? ''}`}>
      <div className={styles.bar}>
        <Radix.List className={styles.list} aria-label={label}>
          {tabs.map((tab) => (
            <Radix.Trigger key={tab.id} value={tab.id} className={styles.tab}>
              {tab.label}
            </Radix.Trigger>
          ))}
        </Radix.List>
        {aside}
      </div>
      {tabs.map((tab) => (
        <Radix.Content key={tab.id} value={tab.id} className={styles.content}>
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
