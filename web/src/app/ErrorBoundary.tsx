import { Component, type ReactNode } from 'react';
import { messageOf } from '../api/problem';
import { Button } from '../ui/Button';
import { EmptyState } from '../ui/EmptyState';

interface State {
  error: unknown;
}

/** In place of a page that could not be shown. */
export class ErrorBoundary extends Component<{ children: ReactNode }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return (
      <EmptyState
        title="This page cannot be shown"
        actions={
          <Button look="primary" onClick={() => window.location.reload()}>
            Load it again
          </Button>
        }
      >
        {/* The usual reason: a part of the page that was not loaded yet is gone, since the server was updated. */}
        <p>If Covalent was updated on the server, loading the page again is all it needs.</p>
        <p>
          <code>{messageOf(this.state.error)}</code>
        </p>
      </EmptyState>
    );
  }
}
