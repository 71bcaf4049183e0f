/** Reads a log of any size in pieces: its end first, what comes before and after when it is asked for. */
import { plainText } from '../../text/ansi';
import { LogBuffer } from './logBuffer';

export interface Piece {
  readonly bytes: Uint8Array;
  /** Nothing more will ever follow. */
  readonly complete: boolean;
}

export type ReadLog = (offset: number, limit: number, signal: AbortSignal) => Promise<Piece>;

export interface Hit {
  readonly offset: number;
  readonly text: string;
}

export interface FeedState {
  readonly version: number;
  readonly busy: 'end' | 'earlier' | 'later' | null;
  /** The window reaches the end of what was written. */
  readonly atEnd: boolean;
  readonly complete: boolean;
  readonly error: string;
}

export interface FeedOptions {
  /** How many bytes there are, if the log has ended. */
  readonly size?: number | undefined;
  readonly piece?: number;
  readonly keep?: number;
  readonly pollMs?: number;
}

export const MOST_HITS = 1000;

export class LogFeed {
  readonly buffer: LogBuffer;
  state: FeedState = { version: 0, busy: 'end', atEnd: false, complete: false, error: '' };
  private shifted = 0;
  private readonly listeners = new Set<() => void>();
  private readonly piece: number;
  private readonly pollMs: number;
  private abort = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly read: ReadLog,
    private readonly options: FeedOptions = {},
  ) {
    this.piece = options.piece ?? 1 << 20;
    this.pollMs = options.pollMs ?? 1000;
    this.buffer = new LogBuffer(options.keep ?? 8 << 20);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getState = (): FeedState => this.state;

  start(): Promise<void> {
    return this.toEnd();
  }

  /** How many lines came (or went, if negative) at the start of the window since this was asked last. */
  takeShift(): number {
    const shifted = this.shifted;
    this.shifted = 0;
    return shifted;
  }

  stop(): void {
    clearTimeout(this.timer);
    this.abort.abort();
  }

  /** Shows the end, and what is added to it. */
  toEnd(): Promise<void> {
    return this.run('end', async (signal) => {
      const end = this.options.size ?? (await this.findEnd(signal));
      if (this.buffer.end >= end && this.buffer.start < this.buffer.end) return this.readOn(signal);
      this.buffer.reset(Math.max(0, end - this.piece));
      await this.readOn(signal);
    });
  }

  /** Shows the part of the log around a byte. */
  toOffset(offset: number): Promise<void> {
    if (offset >= this.buffer.start && offset < this.buffer.end) return Promise.resolve();
    return this.run('earlier', async (signal) => {
      const from = Math.max(0, offset - (this.piece >> 1));
      const piece = await this.read(from, this.piece, signal);
      this.buffer.reset(from);
      this.take(piece);
    });
  }

  loadEarlier(): Promise<void> {
    if (this.state.busy || this.buffer.start === 0) return Promise.resolve();
    return this.run('earlier', async (signal) => {
      const from = Math.max(0, this.buffer.start - this.piece);
      const { bytes } = await this.read(from, this.buffer.start - from, signal);
      const end = this.buffer.end;
      const added = this.buffer.prepend(bytes);
      this.change({ atEnd: this.state.atEnd && this.buffer.end === end }, added);
    });
  }

  loadLater(): Promise<void> {
    if (this.state.busy || this.state.atEnd) return Promise.resolve();
    return this.run('later', async (signal) => {
      this.take(await this.read(this.buffer.end, this.piece, signal));
    });
  }

  /** Looks through the whole log, from its beginning to where it ends now. */
  async search(
    query: string,
    signal: AbortSignal,
    onProgress: (hits: readonly Hit[], bytes: number) => void,
  ): Promise<void> {
    const wanted = query.toLowerCase();
    const scan = new LogBuffer(Infinity);
    const hits: Hit[] = [];
    for (let offset = 0; hits.length < MOST_HITS;) {
      const { bytes, complete } = await this.read(offset, 4 * this.piece, signal);
      scan.append(bytes);
      offset += bytes.length;
      const isEnd = complete || bytes.length === 0;
      for (let i = 0; i < (isEnd ? scan.count : scan.lines.length) && hits.length < MOST_HITS; i++) {
        const line = scan.at(i)!;
        const text = plainText(line.text);
        if (text.toLowerCase().includes(wanted)) hits.push({ offset: line.offset, text });
      }
      scan.lines = [];
      onProgress([...hits], offset);
      if (isEnd) return;
    }
  }

  private take({ bytes, complete }: Piece): boolean {
    const isFull = bytes.length >= this.piece;
    const dropped = this.buffer.append(bytes);
    this.change({ atEnd: !isFull, complete: complete && !isFull, error: '' }, -dropped);
    return isFull;
  }

  private async readOn(signal: AbortSignal): Promise<void> {
    while (this.take(await this.read(this.buffer.end, this.piece, signal)));
  }

  /** Where a log that is being written ends, without reading it. */
  private async findEnd(signal: AbortSignal): Promise<number> {
    const reaches = async (offset: number): Promise<boolean> => (await this.read(offset, 1, signal)).bytes.length > 0;
    let low = 0;
    let high = this.piece;
    while (await reaches(high)) [low, high] = [high, high * 4];
    while (high - low > this.piece >> 2) {
      const middle = (low + high) >>> 1;
      if (await reaches(middle)) low = middle;
      else high = middle;
    }
    return high > this.piece ? high : 0;
  }

  private async run(busy: FeedState['busy'], work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.stop();
    const { signal } = (this.abort = new AbortController());
    this.change({ busy });
    try {
      await work(signal);
      if (!signal.aborted) this.change({ busy: null, error: '' });
    } catch (error) {
      if (!signal.aborted) this.change({ busy: null, error: error instanceof Error ? error.message : String(error) });
    }
    if (!signal.aborted) this.pollLater(signal);
  }

  private pollLater(signal: AbortSignal): void {
    const { atEnd, complete, error } = this.state;
    if (complete || (!atEnd && !error)) return;
    this.timer = setTimeout(() => void this.poll(signal), error ? 3 * this.pollMs : this.pollMs);
  }

  private async poll(signal: AbortSignal): Promise<void> {
    if (this.buffer.end === this.buffer.start && this.state.error) return this.toEnd();
    try {
      await this.readOn(signal);
    } catch (error) {
      if (!signal.aborted) this.change({ error: error instanceof Error ? error.message : String(error) });
    }
    if (!signal.aborted) this.pollLater(signal);
  }

  private change(change: Partial<FeedState>, shifted = 0): void {
    const next = { ...this.state, ...change };
    this.shifted += shifted;
    this.state = { ...next, version: this.state.version + 1 };
    this.listeners.forEach((listener) => listener());
  }
}
