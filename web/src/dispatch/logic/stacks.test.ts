import { describe, expect, it } from 'vitest';
import { makeStacks, type NodeLike } from './stacks';

const task = (name: string, inputs: number[] = [], more: Partial<NodeLike> = {}): NodeLike => ({
  name,
  function: name.charCodeAt(0),
  inputs,
  ...more,
});

const shape = (nodes: NodeLike[], most?: number) => {
  const { stacks, edges, coarse } = makeStacks(nodes, most);
  return {
    stacks: stacks.map((stack) => `${stack.name}×${stack.nodes.length}${stack.chained ? '↻' : ''}`),
    edges: edges.map((edge) => `${stacks[edge.source]!.name}${edge.data ? '→' : '⇢'}${stacks[edge.target]!.name}`),
    coarse,
  };
};

describe('makeStacks', () => {
  it('draws a fan-out as one stack between its source and its sink', () => {
    const fan = Array.from({ length: 1000 }, () => task('map', [0]));
    const nodes = [
      task('load'),
      ...fan,
      task(
        'sum',
        fan.map((_, i) => i + 1),
      ),
    ];
    expect(shape(nodes)).toEqual({
      stacks: ['load×1', 'map×1000', 'sum×1'],
      edges: ['load→map', 'map→sum'],
      coarse: false,
    });
  });

  it('keeps parallel chains as stacks behind one another', () => {
    const nodes = [0, 1, 2].flatMap((i) => [task('a'), task('b', [2 * i])]);
    expect(shape(nodes)).toEqual({ stacks: ['a×3', 'b×3'], edges: ['a→b'], coarse: false });
  });

  it('separates tasks of one function on different executors or in different environments', () => {
    const nodes = [task('a'), task('a', [], { executor: 1 }), task('a', [], { environment: 1 })];
    expect(shape(nodes).stacks).toEqual(['a×1', 'a×1', 'a×1']);
  });

  it('separates a task that something else also depends on', () => {
    const nodes = [task('a'), task('a'), task('a'), task('sum', [0, 1, 2]), task('plot', [1])];
    expect(shape(nodes).stacks).toEqual(['a×2', 'a×1', 'sum×1', 'plot×1']);
  });

  it('keeps the steps of a short chain apart', () => {
    expect(shape([task('f'), task('f', [0]), task('f', [1])]).stacks).toEqual(['f×1', 'f×1', 'f×1']);
  });

  it('marks what waits without data, unless data flows too', () => {
    expect(shape([task('a'), task('b', [], { after: [0] })]).edges).toEqual(['a⇢b']);
    expect(shape([task('a'), task('b', [0], { after: [0] })]).edges).toEqual(['a→b']);
  });

  it('follows ct.wait to a task with a higher number', () => {
    expect(shape([task('a', [], { after: [1] }), task('b')]).edges).toEqual(['b⇢a']);
  });

  it('draws a chain of 10,000 tasks as one stack, quickly', () => {
    const nodes = Array.from({ length: 10_000 }, (_, i) => task('step', i ? [i - 1] : []));
    const before = performance.now();
    expect(shape(nodes)).toEqual({ stacks: ['step×10000↻'], edges: [], coarse: true });
    expect(performance.now() - before).toBeLessThan(1000);
  });

  it('goes by depth before it gives up more, when there are too many boxes', () => {
    const nodes = [task('a'), task('a'), task('b', [0]), task('b', [1]), task('c', [2]), task('b', [4])];
    expect(shape(nodes, 4)).toEqual({
      stacks: ['a×2', 'b×2', 'c×1', 'b×1'],
      edges: ['a→b', 'b→c', 'c→b'],
      coarse: true,
    });
  });

  it('knows the stack of each node', () => {
    expect([...makeStacks([task('a'), task('a'), task('b', [0, 1])]).of]).toEqual([0, 0, 1]);
  });

  it('copes with an empty graph', () => {
    expect(shape([])).toEqual({ stacks: [], edges: [], coarse: false });
  });
});
