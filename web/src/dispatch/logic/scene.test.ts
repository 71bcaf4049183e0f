import { describe, expect, it } from 'vitest';
import { draw } from './scene';
import { makeStacks, type NodeLike } from './stacks';

const node = (name: string, inputs: number[] = [], kind = 'task'): NodeLike => ({ name, function: 0, inputs, kind });
const graphs: Record<string, NodeLike[]> = {
  root: [node('load'), node('sub', [0], 'sublattice'), node('sub', [0], 'sublattice'), node('end', [1, 2])],
  child: [node('inner'), node('again', [], 'sublattice')],
};
const stacksOf = (id: string) => graphs[id] && makeStacks(graphs[id]);
const child = { node: 1, childId: 'child' };

describe('draw', () => {
  it('draws each stack as a box', () => {
    const { scene, stacks } = draw('root', stacksOf, new Map());
    expect(scene.boxes.map((box) => box.id)).toEqual(['s0', 's1', 's3']);
    expect(scene.edges.map((edge) => edge.id)).toEqual(['s0-s1', 's1-s3']);
    expect(stacks.get('s1')).toMatchObject({ dispatchId: 'root', index: 1, open: null });
  });

  it('draws a sublattice that is open inside its box, and those inside of it', () => {
    const { scene, stacks } = draw(
      'root',
      stacksOf,
      new Map([
        ['s1', child],
        ['s1/s1', child],
      ]),
    );
    expect(scene.boxes[1]!.inside!.boxes.map((box) => box.id)).toEqual(['s1/s0', 's1/s1']);
    expect(stacks.get('s1')!.open).toEqual(child);
    expect(stacks.get('s1/s1/s0')).toMatchObject({ dispatchId: 'child', depth: 2 });
  });

  it('leaves a box closed whose sublattice is not loaded', () => {
    expect(draw('root', stacksOf, new Map([['s1', { node: 2, childId: 'later' }]])).stacks.get('s1')!.open).toBeNull();
  });
});
