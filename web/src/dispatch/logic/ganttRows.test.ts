import { describe, expect, it } from 'vitest';
import { ganttRows } from './ganttRows';
import { makeStacks, type NodeLike } from './stacks';
import { Timeline } from './timeline';

const task = (name: string, inputs: number[] = []): NodeLike => ({ name, function: name.length, inputs });
const fan = (size: number): NodeLike[] => [task('load'), ...Array.from({ length: size }, () => task('m', [0]))];
const rows = (nodes: NodeLike[], began: [number, number][], turned: number[] = []): string[] => {
  const timeline = new Timeline();
  timeline.apply(began.map(([node_id, at]) => ({ node_id, at, attempt: 1, status: 'RUNNING' })));
  return ganttRows(makeStacks(nodes), timeline, new Set(turned)).map((row) =>
    row.kind === 'stack'
      ? `stack ${row.index} ${row.isOpen ? 'open' : 'closed'}`
      : `${row.isInside ? '- ' : ''}${row.node}`,
  );
};

describe('ganttRows', () => {
  it('shows the tasks of a small stack in the order in which they began', () => {
    const began: [number, number][] = [
      [0, 1],
      [1, 4],
      [2, 3],
    ];
    expect(rows(fan(2), began)).toEqual(['0', 'stack 1 open', '- 2', '- 1']);
    expect(rows(fan(2), began, [1])).toEqual(['0', 'stack 1 closed']);
  });

  it('keeps a large stack closed until it is opened', () => {
    const began = Array.from({ length: 21 }, (_, i): [number, number] => [i, i]);
    expect(rows(fan(20), began)).toEqual(['0', 'stack 1 closed']);
    expect(rows(fan(20), began, [1])).toHaveLength(22);
  });

  it('leaves out what never began', () => {
    expect(rows(fan(2), [[0, 1]])).toEqual(['0']);
  });
});
