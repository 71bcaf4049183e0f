import { useEffect, useState } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { ApiProblem, messageOf } from '../api/problem';
import { signIn } from '../api/session';
import { readFragment } from './fragment';
import { SignInNeeded } from './SignInNeeded';

/** A ticket works once, so it is used once, however often React runs an effect. */
const used = new Map<string, Promise<void>>();

function redeem(ticket: string): Promise<void> {
  let signing = used.get(ticket);
  if (!signing) used.set(ticket, (signing = signIn({ ticket })));
  return signing;
}

/** Where `covalent ui` and printed addresses lead: signs in with what is in the fragment and goes on. */
export function SignInPage() {
  const { hash } = useLocation();
  const navigate = useNavigate();
  const [failed, setFailed] = useState<{ hash: string; problem: string } | null>(null);
  const { ticket, next } = readFragment(hash);
  useEffect(() => {
    let isCurrent = true;
    if (!ticket) return;
    redeem(ticket).then(
      () => isCurrent && navigate(next, { replace: true }),
      (error: unknown) => {
        // Nobody answered: the ticket may still be good.
        if (!(error instanceof ApiProblem)) used.delete(ticket);
        if (isCurrent) setFailed({ hash, problem: messageOf(error) });
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [ticket, next, hash, navigate]);
  const problem = failed?.hash === hash ? failed.problem : '';
  if (ticket && !problem) return <title>Covalent</title>;
  return <SignInNeeded problem={problem} onSignedIn={() => void navigate(next, { replace: true })} />;
}
