/** Short words about what an action did. */
import { messageOf } from '../api/problem';

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly look: 'info' | 'danger';
  readonly link?: { readonly to: string; readonly label: string };
}

const SHOWN_MS = 6000;
const MOST = 4;

let toasts: readonly Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

export function toast(text: string, more: Partial<Pick<Toast, 'look' | 'link'>> = {}): void {
  const id = ++lastId;
  set([...toasts, { id, text, look: 'info' as const, ...more }].slice(-MOST));
  // What went wrong stays until it has been read.
  if (more.look !== 'danger') setTimeout(() => dismiss(id), SHOWN_MS);
}

/** For actions that have no better place to say why they failed. */
export function tellProblem(problem: unknown): void {
  toast(messageOf(problem), { look: 'danger' });
}

export function dismiss(id: number): void {
  set(toasts.filter((one) => one.id !== id));
}

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function current(): readonly Toast[] {
  return toasts;
}

function set(next: readonly Toast[]): void {
  toasts = next;
  listeners.forEach((listener) => listener());
}
