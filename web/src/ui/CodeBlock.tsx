import { useMemo } from 'react';
import { highlight } from '../text/python';
import styles from './CodeBlock.module.css';
import { CopyButton } from './CopyButton';

interface Props {
  code: string;
  language?: 'python' | 'text';
  withNumbers?: boolean;
  /** What it is, for those who do not see it. */
  label: string;
  className?: string;
}

/** Source to be read and copied. */
export function CodeBlock({ code, language = 'python', withNumbers = false, label, className }: Props) {
  const text = code.replace(/\n+$/, '');
  const lines = useMemo(
    () => (language === 'python' ? highlight(text) : text.split('\n').map((line) => [{ kind: 'plain', text: line }])),
    [language, text],
  );
  return (
    <div className={`${styles.block} ${className ?? ''}`}>
      {/* Long lines scroll sideways, which has to work by keyboard too. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className={styles.code} tabIndex={0} aria-label={label} role="region">
        <code>
          {lines.map((tokens, i) => (
            <span key={i} className={styles.line}>
              {withNumbers && <span className={styles.gutter}>{i + 1}</span>}
              {tokens.map((token, j) => (
                <span key={j} className={styles[token.kind]}>
                  {token.text}
                </span>
              ))}
              {'\n'}
            </span>
          ))}
        </code>
      </pre>
      <CopyButton text={text} className={styles.copy} />
    </div>
  );
}
