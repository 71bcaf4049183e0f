/** A stream of the server that is taken up again wherever it broke off, while the page is looked at. */
import { request } from '../api/client';
import { ApiProblem, AwayProblem, problemOf } from '../api/problem';
import { backoffMs } from './backoff';
import { connection, SILENCE_MS } from './connection';
import { SseParser, type Message } from './sse';

/** Browsers allow six connections to a server for all pages together: those that nobody sees give theirs back. */
const HIDDEN_MS = 20_000;

export interface StreamHandlers {
  /** Where to ask, with what was seen last. */
  readonly address: () => string;
  readonly onMessages: (messages: readonly Message[]) => void;
  /** The server closed the stream by itself. Says whether that was the end of it. */
  readonly onClosed: () => boolean;
  /** The server refuses for good. */
  readonly onRefused?: (problem: ApiProblem) => void;
  /** Whether what is shown follows what happens. */
  readonly onAway?: (isAway: boolean) => void;
}

export class LiveStream {
  private abort: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private hiddenTimer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private isStopped = false;

  constructor(private readonly handlers: StreamHandlers) {
    document.addEventListener('visibilitychange', this.look);
    window.addEventListener('online', this.hurry);
    // A page that was opened in the background begins when it is looked at.
    this.hurry();
  }

  readonly stop = (): void => {
    this.isStopped = true;
    document.removeEventListener('visibilitychange', this.look);
    window.removeEventListener('online', this.hurry);
    clearTimeout(this.timer);
    clearTimeout(this.hiddenTimer);
    this.abort?.abort();
  };

  private readonly look = (): void => {
    clearTimeout(this.hiddenTimer);
    if (document.visibilityState === 'hidden') this.hiddenTimer = setTimeout(() => this.pause(), HIDDEN_MS);
    else this.hurry();
  };

  private readonly hurry = (): void => {
    if (this.abort !== null || this.isStopped || document.visibilityState === 'hidden') return;
    clearTimeout(this.timer);
    void this.run();
  };

  private pause(): void {
    clearTimeout(this.timer);
    this.abort?.abort();
  }

  private async run(): Promise<void> {
    const abort = (this.abort = new AbortController());
    let isOver = false;
    try {
      await this.read(abort);
      isOver = this.handlers.onClosed();
    } catch (error) {
      isOver = this.failed(error, abort);
    }
    this.abort = null;
    if (isOver) this.stop();
    else if (!this.isStopped && document.visibilityState === 'visible') this.again();
  }

  private async read(abort: AbortController): Promise<void> {
    // Before the request: a server that has stopped in its tracks still takes connections, and never answers.
    let silence = this.expectWithin(abort);
    try {
      const response = await request(new Request(this.handlers.address(), { signal: abort.signal }));
      if (!response.ok) throw problemOf(response.status, await response.json().catch(() => null));
      const parser = new SseParser();
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        clearTimeout(silence);
        silence = this.expectWithin(abort);
        const { done, value } = await reader.read();
        if (done) return;
        this.isThere();
        const messages = parser.push(value);
        if (messages.length > 0) this.handlers.onMessages(messages);
      }
    } finally {
      clearTimeout(silence);
    }
  }

  private expectWithin(abort: AbortController): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      connection.lost();
      abort.abort(new AwayProblem());
    }, SILENCE_MS);
  }

  private isThere(): void {
    this.failures = 0;
    this.handlers.onAway?.(false);
  }

  /** Says whether to give up. */
  private failed(error: unknown, abort: AbortController): boolean {
    const isSilent = abort.signal.reason instanceof AwayProblem;
    if (abort.signal.aborted && !isSilent) return false;
    if (error instanceof ApiProblem && !error.isPassing && error.status !== 401) {
      this.handlers.onRefused?.(error);
      return true;
    }
    this.failures++;
    this.handlers.onAway?.(true);
    return false;
  }

  private again(): void {
    this.timer = setTimeout(() => void this.run(), backoffMs(this.failures));
  }
}
