import { LogOut } from 'lucide-react';
import { Suspense } from 'react';
import { NavLink, Outlet, useLocation } from 'react-router';
import { signOut } from '../api/session';
import { useConnection } from '../live/hooks';
import { SignInNeeded } from '../signin/SignInNeeded';
import { ThemeToggle } from '../theme/ThemeToggle';
import { IconButton } from '../ui/IconButton';
import { tellProblem } from '../ui/toasts';
import { Toasts } from '../ui/Toasts';
import { AwayBanner } from './AwayBanner';
import { ErrorBoundary } from './ErrorBoundary';
import { Logo } from './Logo';
import styles from './Shell.module.css';

/** What is around every page: the bar above, the banner while the server is away, the sign-in when it is needed. */
export function Shell() {
  const connection = useConnection();
  const { pathname } = useLocation();
  const isSignedOut = connection === 'signed-out';
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">
        Go to the content
      </a>
      <header className={styles.bar}>
        <NavLink to="/" className={styles.home} aria-label="Covalent, all dispatches">
          <Logo />
          <span>Covalent</span>
        </NavLink>
        {!isSignedOut && <Pages />}
        <div className={styles.right}>
          <ThemeToggle />
          {!isSignedOut && (
            <IconButton label="Sign out" onClick={() => void signOut().catch(tellProblem)}>
              <LogOut size={16} />
            </IconButton>
          )}
        </div>
      </header>
      <AwayBanner isAway={connection === 'away'} />
      <main id="main" className={styles.main} tabIndex={-1}>
        {isSignedOut ? (
          <SignInNeeded />
        ) : (
          <ErrorBoundary key={placeOf(pathname)}>
            <Suspense fallback={<div className={styles.loading} />}>
              <Outlet />
            </Suspense>
          </ErrorBoundary>
        )}
      </main>
      <Toasts />
    </div>
  );
}

function Pages() {
  const { pathname } = useLocation();
  return (
    <nav className={styles.nav} aria-label="Pages">
      <NavLink to="/" className={isDispatches(pathname) ? styles.here : styles.link} end>
        Dispatches
      </NavLink>
      <NavLink to="/executors" className={({ isActive }) => (isActive ? styles.here : styles.link)!}>
        Executors
      </NavLink>
    </nav>
  );
}

function isDispatches(pathname: string): boolean {
  return pathname === '/' || pathname.startsWith('/dispatches/');
}

/** A page is the same page while its tasks are looked at. */
function placeOf(pathname: string): string {
  return pathname.split('/').slice(0, 3).join('/');
}
