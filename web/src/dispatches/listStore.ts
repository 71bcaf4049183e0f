/** The list as far as it has been looked at. What is in sight is kept as it stands; the rest when it comes into sight. */
import { ApiProblem, AwayProblem } from '../api/problem';
import type { DispatchInfo } from '../api/types';
import { fetchPage } from './api';
import type { Filters } from './filters';
import { appendPage, mergeWindow, type Listing } from './merge';

const PAGE = 200;
/** Rows above and below those in sight that are kept up to date with them. */
const MARGIN = 20;
const REFRESH_MS = 500;

export interface ListState extends Listing<DispatchInfo> {
  readonly isLoaded: boolean;
  readonly isLoadingMore: boolean;
  readonly error: unknown;
}

const NOTHING: ListState = { rows: [], hasMore: true, isLoaded: false, isLoadingMore: false, error: null };

export class ListStore {
  private state = NOTHING;
  private readonly listeners = new Set<() => void>();
  private inSight: readonly [number, number] = [0, PAGE];
  private isBusy = false;
  private isStale = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private refreshedAt = -Infinity;

  constructor(private readonly filters: Filters) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly get = (): ListState => this.state;

  /** Something has moved: what is in sight is asked for anew, soon. */
  readonly refresh = (): void => {
    this.isStale = true;
    if (this.timer !== undefined || this.isBusy) return;
    const wait = Math.max(0, this.refreshedAt + REFRESH_MS - performance.now());
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.ask(() => this.loadInSight());
    }, wait);
  };

  readonly loadMore = (): void => {
    if (!this.state.hasMore || !this.state.isLoaded || this.isBusy) return;
    this.set({ isLoadingMore: true });
    void this.ask(() => this.loadNext());
  };

  /** Rows that were not in sight before may be old. */
  readonly look = (first: number, last: number): void => {
    const [before, after] = this.inSight;
    this.inSight = [first, last];
    if (this.state.isLoaded && (first < before - MARGIN || last > after + MARGIN)) this.refresh();
  };

  private async ask(load: () => Promise<Partial<ListState>>): Promise<void> {
    this.isBusy = true;
    try {
      this.set({ ...(await load()), isLoaded: true, error: null });
    } catch (error) {
      // A server that is away has a banner of its own, and what is known stays.
      if (!(error instanceof AwayProblem) || !this.state.isLoaded) this.set({ error });
      if (error instanceof ApiProblem && error.status === 404) this.startOver();
    } finally {
      this.isBusy = false;
      this.set({ isLoadingMore: false });
      if (this.isStale) this.refresh();
    }
  }

  private async loadInSight(): Promise<Partial<ListState>> {
    this.isStale = false;
    this.refreshedAt = performance.now();
    const from = Math.min(Math.max(0, this.inSight[0] - MARGIN), this.state.rows.length);
    const limit = Math.max(this.state.isLoaded ? 0 : PAGE, this.inSight[1] - from + MARGIN);
    const before = from > 0 ? this.state.rows[from - 1]!.id : undefined;
    const { items, isEnd } = await fetchPage(this.filters, before, Math.min(1000, limit));
    return mergeWindow(this.state, from, items, isEnd);
  }

  private async loadNext(): Promise<Partial<ListState>> {
    const { items, isEnd } = await fetchPage(this.filters, this.state.rows.at(-1)?.id, PAGE);
    return appendPage(this.state, items, isEnd);
  }

  /** The dispatch after which to go on has been deleted. */
  private startOver(): void {
    this.inSight = [0, PAGE];
    this.isStale = true;
    this.set(NOTHING);
  }

  private set(change: Partial<ListState>): void {
    this.state = { ...this.state, ...change };
    this.listeners.forEach((listener) => listener());
  }
}
