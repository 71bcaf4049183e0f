/** One dispatch as it stands, kept up to date by its stream; read by components through `useSyncExternalStore`. */
import { makeStacks, type Stacks } from '../logic/stacks';
import { isFinal } from '../logic/status';
import { PAGE, ranges, TaskModel, type Task } from '../logic/taskModel';
import { Timeline } from '../logic/timeline';
import type { DispatchInfo, DispatchView, Event, Graph } from '../../api/types';
import { followDispatch } from '../../live/follow';
import { fetchDispatch, fetchEvents, fetchGraph, fetchTasks } from './api';
import { FrameQueue } from './frames';

/** Between two questions about tasks that have moved. */
const REFRESH_MS = 700;

export interface Loaded {
  readonly info: DispatchView;
  readonly graph: Graph;
  readonly stacks: Stacks;
  readonly model: TaskModel;
}

export class DispatchStore {
  loaded: Loaded | null = null;
  error: unknown = null;
  /** Grows with every change of a task. */
  version = 0;
  /** The server does not answer; what is shown may be old. */
  isAway = false;
  /** All events since the beginning have come. */
  hasHistory = false;
  readonly timeline = new Timeline();
  private readonly listeners = new Set<() => void>();
  private readonly events = new FrameQueue<Event>((events) => this.take(events));
  private stopFollowing: (() => void) | null = null;
  private refreshTimer: ReturnType<typeof setTimeout> | undefined;
  /** Why the history could not be read. */
  historyError: unknown = null;
  private readingHistory: Promise<void> | null = null;
  private loading: Promise<void> | null = null;
  private lastSeq = 0;
  private users = 0;

  constructor(readonly id: string) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  get isUsed(): boolean {
    return this.users > 0;
  }

  /** Keeps it up to date for as long as somebody uses it. */
  use(): () => void {
    this.users++;
    if (this.users === 1) void this.open();
    return () => {
      this.users--;
      if (this.users === 0) this.close();
    };
  }

  /** Also asks for the history of a dispatch that has ended. */
  readonly wantHistory = (): void => {
    if (this.loaded && isFinal(this.loaded.info.status)) void this.loadHistory();
  };

  readonly reload = (): void => {
    this.close();
    if (this.users > 0) void this.open();
  };

  private async open(): Promise<void> {
    this.error = null;
    try {
      if (!this.loaded) await (this.loading ??= this.load());
    } catch (error) {
      this.error = error;
    } finally {
      this.loading = null;
    }
    this.notify();
    if (!this.loaded || isFinal(this.loaded.info.status)) return;
    await this.loadHistory();
    if (this.users > 0) this.follow();
  }

  /** What has happened so far, in large pieces: a stream would send each event by itself. */
  private loadHistory(): Promise<void> {
    return (this.readingHistory ??= this.readHistory().finally(() => {
      this.readingHistory = null;
    }));
  }

  private async readHistory(): Promise<void> {
    if (this.hasHistory) return;
    try {
      for (let isLast = false; !isLast;) {
        const page = await fetchEvents(this.id, this.lastSeq);
        this.take(page.events);
        isLast = page.isLast;
      }
      this.hasHistory = true;
      this.notify();
    } catch (error) {
      // The stream of a dispatch that runs tells the rest; otherwise the page says that it could not be read.
      this.historyError = error;
      this.notify();
    }
  }

  private async load(): Promise<void> {
    const [info, graph] = await Promise.all([fetchDispatch(this.id), fetchGraph(this.id)]);
    const pages = Array.from({ length: Math.max(1, Math.ceil(graph.nodes.length / PAGE)) }, (_, i) =>
      fetchTasks(this.id, { after: i * PAGE - 1, limit: PAGE }),
    );
    const tasks = (await Promise.all(pages)).flat();
    const stacks = makeStacks(graph.nodes);
    this.loaded = { info, graph, stacks, model: new TaskModel(tasks, stacks.of, stacks.stacks.length) };
  }

  private follow(): void {
    if (this.stopFollowing) return;
    this.stopFollowing = followDispatch(this.id, {
      after: () => {
        this.events.flush();
        return this.lastSeq;
      },
      onEvents: (events) => this.events.push(events),
      onSummary: (info) => this.learn(info),
      onAway: (isAway) => this.setAway(isAway),
      onEnd: () => {
        this.stopFollowing = null;
      },
      onGone: (problem) => {
        this.stopFollowing = null;
        this.error = problem;
        this.notify();
      },
    });
  }

  private close(): void {
    this.stopFollowing?.();
    this.stopFollowing = null;
    clearTimeout(this.refreshTimer);
    this.refreshTimer = undefined;
    this.events.flush();
  }

  private take(events: readonly Event[]): void {
    const fresh = events.filter((event) => event.seq > this.lastSeq);
    if (fresh.length === 0) return;
    this.lastSeq = fresh.at(-1)!.seq;
    this.timeline.apply(fresh);
    this.loaded!.model.apply(fresh);
    this.refreshSoon();
    this.notify();
  }

  /** A summary comes after the events that led to it. */
  private learn(info: DispatchInfo): void {
    this.events.flush();
    this.hasHistory = true;
    const loaded = this.loaded!;
    const ended = isFinal(info.status) && !isFinal(loaded.info.status);
    this.loaded = { ...loaded, info: { ...loaded.info, ...info } };
    if (ended) void this.learnResult();
    this.notify();
  }

  /** What summaries do not tell: the preview of the result. */
  private async learnResult(): Promise<void> {
    const info = await fetchDispatch(this.id).catch(() => null);
    if (!info) return;
    this.loaded = { ...this.loaded!, info };
    this.notify();
  }

  private setAway(isAway: boolean): void {
    if (isAway === this.isAway) return;
    this.isAway = isAway;
    this.notify();
  }

  private refreshSoon(): void {
    if (this.loaded!.model.stale.size === 0 || this.refreshTimer !== undefined) return;
    this.refreshTimer = setTimeout(() => void this.refresh(), REFRESH_MS);
  }

  private async refresh(): Promise<void> {
    const { model } = this.loaded!;
    const pages = ranges(model.stale).map((range) => fetchTasks(this.id, range));
    // What is not told now is told with the next change, or when the page is opened anew.
    const answers = await Promise.allSettled(pages);
    this.refreshTimer = undefined;
    const tasks: Task[] = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    model.refresh(tasks);
    if (tasks.length > 0) this.notify();
    this.refreshSoon();
  }

  private notify(): void {
    this.version++;
    this.listeners.forEach((listener) => listener());
  }
}
