import { CodeBlock } from '../../ui/CodeBlock';
import { showText } from '../../text/ansi';
import styles from './parts.module.css';

interface Props {
  readonly title: string;
  readonly text: string | null | undefined;
  /** What is said if there is none. */
  readonly missing: string;
}

/** A value as bounded text. */
export function Preview({ title, text, missing }: Props) {
  return (
    <section className={styles.preview}>
      <h3>{title}</h3>
      {text ? (
        <CodeBlock code={showText(text)} label={title} className={styles.value} />
      ) : (
        <p className={styles.missing}>{missing}</p>
      )}
    </section>
  );
}
