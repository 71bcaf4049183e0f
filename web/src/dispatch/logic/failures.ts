/** Tasks that failed, those of the same kind together: a thousand times the same error is one thing to know. */
import { standingOf } from './status';
import type { Task } from './taskModel';

export interface FailureGroup {
  readonly name: string;
  readonly cause: string;
  /** As the first of them says it. */
  readonly message: string;
  readonly nodes: readonly number[];
}

/** Those that only never ran, because of others, are not among them. */
export function groupFailures(tasks: readonly Task[]): FailureGroup[] {
  const groups = new Map<string, { task: Task; nodes: number[] }>();
  for (const task of tasks) {
    if (standingOf(task) !== 'FAILED') continue;
    const key = JSON.stringify([task.name, task.cause, alike(task.message)]);
    const found = groups.get(key);
    if (found) found.nodes.push(task.node_id);
    else groups.set(key, { task, nodes: [task.node_id] });
  }
  return [...groups.values()]
    .map(({ task, nodes }) => ({ name: task.name, cause: task.cause ?? 'UNKNOWN', message: task.message, nodes }))
    .sort((a, b) => b.nodes.length - a.nodes.length || a.nodes[0]! - b.nodes[0]!);
}

/** What is left of a message without what differs from task to task: numbers, ids, quoted values. */
export function alike(message: string): string {
  return message
    .slice(0, 400)
    .replace(/'[^'\n]*'|"[^"\n]*"/g, '…')
    .replace(/\b(?=[0-9a-f]*\d)[0-9a-f]{6,}\b|\d+(?:\.\d+)?/gi, '#');
}
