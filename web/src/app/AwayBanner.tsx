import { useEffect, useState } from 'react';
import { api } from '../api/client';
import { backoffMs } from '../live/backoff';
import { Banner } from '../ui/Banner';
import { Button } from '../ui/Button';

/** A restart takes less than this; nobody needs to hear of it. */
const QUIET_MS = 1500;

/** While the server is away: says so, and looks whether it is back. */
export function AwayBanner({ isAway }: { isAway: boolean }) {
  return isAway ? <Away /> : null;
}

function Away() {
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), QUIET_MS);
    return () => clearTimeout(timer);
  }, []);
  useEffect(probe, []);
  if (!isShown) return null;
  return (
    <Banner look="warning" actions={<Button onClick={() => void look()}>Try now</Button>}>
      The server does not answer, so what you see may be old. It is asked again every few seconds; if it was stopped,{' '}
      <code>covalent start</code> starts it.
    </Banner>
  );
}

function probe(): () => void {
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const next = (): void => {
    timer = setTimeout(() => void look().then(next), backoffMs(failures++));
  };
  next();
  return () => clearTimeout(timer);
}

/** The client itself notes whether there was an answer. */
async function look(): Promise<void> {
  await api.GET('/api/v1/health').catch(() => undefined);
}
