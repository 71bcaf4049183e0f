/** Whether the server is there, and whether it knows us: what the banner and the sign-in page follow. */

/** The server says something on a stream every 15 seconds, and answers sooner: so long a silence is a dead connection. */
export const SILENCE_MS = 40_000;

export type Connection = 'there' | 'away' | 'signed-out';

type Listener = () => void;

class ConnectionState {
  private state: Connection = 'there';
  private readonly listeners = new Set<Listener>();
  private readonly backListeners = new Set<Listener>();

  readonly subscribe = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly get = (): Connection => this.state;

  /** Calls when the server is there again after it was not: time to catch up. */
  onBack(listener: Listener): () => void {
    this.backListeners.add(listener);
    return () => this.backListeners.delete(listener);
  }

  /** A request had no answer. */
  lost(): void {
    if (this.state === 'there') this.set('away');
  }

  answered(status: number): void {
    // What stands before a server, such as a proxy, speaks for it while it is away.
    if (status === 502 || status === 504) this.lost();
    else this.set(status === 401 ? 'signed-out' : 'there');
  }

  private set(state: Connection): void {
    if (state === this.state) return;
    const isBack = state === 'there';
    this.state = state;
    this.listeners.forEach((listener) => listener());
    if (isBack) this.backListeners.forEach((listener) => listener());
  }
}

export const connection = new ConnectionState();
