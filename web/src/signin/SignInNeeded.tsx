import { useEffect, useId, useState, type FormEvent } from 'react';
import { api } from '../api/client';
import { messageOf } from '../api/problem';
import { signIn } from '../api/session';
import { Logo } from '../app/Logo';
import { Button } from '../ui/Button';
import { CopyButton } from '../ui/CopyButton';
import styles from './SignIn.module.css';

interface Props {
  /** Why the last try did not go well. */
  problem?: string;
  onSignedIn?: () => void;
}

/** Says how to sign in, and notices when that has been done in another tab. */
export function SignInNeeded({ problem, onSignedIn }: Props) {
  useEffect(() => {
    const look = async (): Promise<void> => {
      if (document.visibilityState !== 'visible') return;
      const answer = await api.GET('/api/v1/health').catch(() => null);
      if (answer?.response.ok) onSignedIn?.();
    };
    const onLook = (): void => void look();
    document.addEventListener('visibilitychange', onLook);
    window.addEventListener('focus', onLook);
    return () => {
      document.removeEventListener('visibilitychange', onLook);
      window.removeEventListener('focus', onLook);
    };
  }, [onSignedIn]);
  return (
    <div className={styles.page}>
      <title>Sign in · Covalent</title>
      <div className={styles.card}>
        <Logo />
        <h1>Sign in</h1>
        {problem && (
          <p className={styles.problem} role="alert">
            {problem}
          </p>
        )}
        <p className={styles.text}>
          On the machine that runs your workflows, run this. It opens a browser that is signed in:
        </p>
        <div className={styles.command}>
          <code>covalent ui</code>
          <CopyButton text="covalent ui" label="Copy the command" />
        </div>
        <TokenForm onSignedIn={onSignedIn} />
      </div>
    </div>
  );
}

function TokenForm({ onSignedIn }: { onSignedIn?: () => void }) {
  const id = useId();
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState('');
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    try {
      await signIn({ token: token.trim() });
      onSignedIn?.();
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  return (
    <details className={styles.other}>
      <summary>Sign in with the server’s token</summary>
      <form className={styles.form} onSubmit={(event) => void submit(event)}>
        <label htmlFor={id}>
          The content of the file <code>token</code> in the server’s data directory
        </label>
        <div className={styles.row}>
          <input
            id={id}
            type="password"
            autoComplete="off"
            required
            value={token}
            onChange={(event) => setToken(event.target.value)}
          />
          <Button type="submit" look="primary">
            Sign in
          </Button>
        </div>
        {problem && (
          <p className={styles.problem} role="alert">
            {problem}
          </p>
        )}
      </form>
    </details>
  );
}
