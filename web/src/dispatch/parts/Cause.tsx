import { causeWords } from '../logic/sentences';
import styles from './parts.module.css';

/** Why something ended without a result, as a word that explains itself on hovering. */
export function Cause({ cause }: { cause: string }) {
  const [label, meaning] = causeWords(cause);
  return (
    <span className={styles.cause} title={meaning}>
      {label}
    </span>
  );
}
