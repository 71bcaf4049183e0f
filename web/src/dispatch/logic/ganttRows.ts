/** The rows of a timeline: stacks, and the tasks of those that are open. */
import type { Stacks } from './stacks';
import type { Timeline } from './timeline';

export type GanttRow =
  | { readonly kind: 'stack'; readonly index: number; readonly isOpen: boolean }
  | { readonly kind: 'task'; readonly node: number; readonly isInside: boolean };

/** Stacks up to this size are open at first. */
export const FEW = 12;

/**
 * In the order in which they began; what never began is left out.
 *
 * @param turned stacks that are not as they were at first: open or closed
 */
export function ganttRows(stacks: Stacks, timeline: Timeline, turned: ReadonlySet<number>): GanttRow[] {
  const begun = (node: number): number => timeline.spans.get(node)?.[0]?.from ?? Infinity;
  const groups = stacks.stacks
    .map(({ nodes }, index) => {
      const started = nodes.filter((node) => begun(node) < Infinity);
      const first = started.reduce((earliest, node) => Math.min(earliest, begun(node)), Infinity);
      return {
        index,
        nodes: started,
        first,
        isOne: nodes.length === 1,
        isOpen: nodes.length <= FEW !== turned.has(index),
      };
    })
    .filter(({ nodes }) => nodes.length > 0)
    .sort((a, b) => a.first - b.first || a.index - b.index);
  return groups.flatMap(({ index, nodes, isOne, isOpen }): GanttRow[] => {
    if (isOne) return [{ kind: 'task', node: nodes[0]!, isInside: false }];
    const head: GanttRow = { kind: 'stack', index, isOpen };
    if (!isOpen) return [head];
    const inside = nodes.sort((a, b) => begun(a) - begun(b) || a - b);
    return [head, ...inside.map((node): GanttRow => ({ kind: 'task', node, isInside: true }))];
  });
}
