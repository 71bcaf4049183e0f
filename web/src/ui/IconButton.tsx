import type { ButtonHTMLAttributes } from 'react';
import { Button } from './Button';
import styles from './Button.module.css';
import { Tooltip } from './Tooltip';

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** What it does, as its name and as its tooltip. */
  label: string;
}

export function IconButton({ label, className, ...rest }: Props) {
  return (
    <Tooltip text={label}>
      <Button look="quiet" aria-label={label} className={`${styles.icon} ${className ?? ''}`} {...rest} />
    </Tooltip>
  );
}
