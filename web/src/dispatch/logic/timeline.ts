/** When each attempt of each task waited, started and ran, from the dispatch's events. */
import { isFinal, type Status } from './status';

export interface EventLike {
  readonly node_id: number | null;
  readonly attempt: number;
  readonly status: Status;
  readonly at: number;
  readonly cause?: string | null;
  readonly detail?: string;
}

export type Phase = 'waiting' | 'starting' | 'running' | 'retrying';

export interface Span {
  phase: Phase;
  attempt: number;
  from: number;
  /** Null while it lasts. */
  to: number | null;
  /** How the attempt ended, on the last span of each. */
  end: Status | null;
  cause: string | null;
  /** Where it ran, or why it waits. */
  detail: string;
}

export interface Measured {
  readonly status: Status;
  readonly started_at?: number | null;
  readonly ended_at?: number | null;
}

const PHASES: Readonly<Partial<Record<Status, Phase>>> = {
  READY: 'waiting',
  SUBMITTED: 'waiting',
  STARTING: 'starting',
  RUNNING: 'running',
};

export class Timeline {
  /** Spans of each task that was ever ready, in order of time. */
  readonly spans = new Map<number, Span[]>();
  private readonly measured = new WeakMap<Measured, readonly Span[]>();
  from = Infinity;
  to = -Infinity;

  /** Takes events that follow those before. */
  apply(events: readonly EventLike[]): void {
    for (const event of events) {
      this.from = Math.min(this.from, event.at);
      this.to = Math.max(this.to, event.at);
      if (event.node_id !== null) this.step(event.node_id, event);
    }
  }

  /** The spans of a task, with its last attempt as the runner itself measured it. */
  of(node: number, task: Measured | undefined): readonly Span[] {
    // What has ended is asked for again and again while other tasks run.
    const known = task && isFinal(task.status) ? this.measured.get(task) : undefined;
    if (known) return known;
    const spans = this.withMeasured(node, task);
    if (task && isFinal(task.status) && spans.at(-1)?.end) this.measured.set(task, spans);
    return spans;
  }

  private withMeasured(node: number, task: Measured | undefined): readonly Span[] {
    const spans = this.spans.get(node) ?? [];
    const last = spans.at(-1);
    if (!last || !task?.started_at || last.end === null || !isFinal(task.status)) return spans;
    const attempt = spans.filter((span) => span.attempt === last.attempt && span.phase !== 'retrying');
    const begun = attempt[0]!.from;
    const started = Math.max(task.started_at, begun);
    const ended = Math.max(task.ended_at ?? last.to ?? started, started);
    const before = attempt
      .filter((span) => span.phase !== 'running' && span.from < started)
      .map((span) => ({ ...span, to: Math.min(span.to ?? started, started), end: null, cause: null }));
    if (before.length > 0) before[before.length - 1]!.to = started;
    else if (begun < started) before.push({ ...attempt[0]!, phase: 'waiting', to: started, end: null, cause: null });
    const running: Span = { ...last, phase: 'running', from: started, to: ended };
    return [...spans.slice(0, spans.length - attempt.length), ...before, running];
  }

  private step(node: number, event: EventLike): void {
    let spans = this.spans.get(node);
    const open = spans?.at(-1);
    if (isFinal(event.status)) {
      if (spans && open) close(spans, open, event);
      return;
    }
    const phase = PHASES[event.status];
    if (!phase) return;
    if (!spans) this.spans.set(node, (spans = []));
    const isRetry = event.status === 'READY' && event.attempt > 0;
    if (open && isRetry) close(spans, open, event);
    // Being handed over does not end the wait.
    if (event.status === 'SUBMITTED' && open?.phase === 'waiting' && open.to === null) {
      open.attempt = event.attempt;
      open.detail = event.detail ?? '';
      return;
    }
    if (open && open.to === null) open.to = event.at;
    spans.push({
      phase: isRetry ? 'retrying' : phase,
      attempt: isRetry ? event.attempt + 1 : event.attempt,
      from: event.at,
      to: null,
      end: null,
      cause: null,
      detail: event.detail ?? '',
    });
  }
}

function close(spans: Span[], span: Span, event: EventLike): void {
  span.to = event.at;
  const end = event.status === 'READY' ? 'FAILED' : event.status;
  const cause = event.cause ?? null;
  // Short attempts are not reported as running; one that came to an end did run, but until it is measured nobody knows for how long.
  const ran = span.attempt > 0 && end !== 'CANCELLED' && span.phase === 'waiting' && cause !== 'LOST';
  if (ran) spans.push({ ...span, phase: 'running', from: event.at, end, cause });
  else Object.assign(span, { end, cause });
}

/** The most spans in `phase` at once, in each of `bins` equal parts of the time. */
export function concurrency(
  spans: Iterable<readonly Span[]>,
  from: number,
  to: number,
  bins: number,
  phase: Phase = 'running',
): Float64Array {
  const counts = new Float64Array(bins);
  const width = (to - from) / bins;
  if (!(width > 0)) return counts;
  const edges: { at: number; by: number }[] = [];
  for (const list of spans) {
    for (const span of list) {
      if (span.phase !== phase || span.from > to || (span.to ?? to) < from) continue;
      edges.push({ at: Math.max(span.from, from), by: 1 }, { at: Math.min(span.to ?? to, to), by: -1 });
    }
  }
  edges.sort((a, b) => a.at - b.at || b.by - a.by);
  const bin = (at: number): number => Math.min(bins - 1, Math.floor((at - from) / width));
  let [running, last] = [0, 0];
  for (const edge of edges) {
    const here = bin(edge.at);
    for (let i = last + 1; i <= here; i++) counts[i] = Math.max(counts[i]!, running);
    running += edge.by;
    counts[here] = Math.max(counts[here]!, running);
    last = here;
  }
  for (let i = last + 1; i < bins; i++) counts[i] = Math.max(counts[i]!, running);
  return counts;
}

const STEPS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
  14400, 21600, 43200, 86400, 172800, 604800,
];

/** Round times since the start, at most `most` of them within `length` seconds. */
export function ticks(start: number, length: number, most: number): number[] {
  if (!(length > 0)) return [];
  const step = STEPS.find((candidate) => length / candidate <= most) ?? length / most;
  const first = Math.ceil(start / step - 1e-9);
  const last = Math.floor((start + length) / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * step);
}
