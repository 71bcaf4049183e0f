/** Like tasks of one fan-out as one stack, so that a graph of 10,000 tasks is a picture of a few boxes. */

export interface NodeLike {
  readonly name: string;
  readonly function: number;
  readonly executor?: number;
  readonly environment?: number;
  readonly kind?: string;
  readonly inputs?: readonly number[];
  readonly after?: readonly number[];
}

export interface Stack {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  /** Indices of the graph's other lists, the same for all its tasks. */
  readonly function: number;
  readonly executor: number;
  readonly nodes: readonly number[];
  /** Its tasks depend on one another, as in a chain. */
  readonly chained: boolean;
}

export interface StackEdge {
  readonly source: number;
  readonly target: number;
  /** False if the one only waits for the other, without data. */
  readonly data: boolean;
}

export interface Stacks {
  readonly stacks: readonly Stack[];
  readonly edges: readonly StackEdge[];
  /** The stack of each node. */
  readonly of: Int32Array;
  /** More was drawn together than is alike, because there would be too many boxes. */
  readonly coarse: boolean;
}

/** More boxes than this are a picture of nothing. */
export const MOST_STACKS = 400;

const MOST_ROUNDS = 10;

type Adjacency = readonly (readonly number[])[];

export function makeStacks(nodes: readonly NodeLike[], most = MOST_STACKS): Stacks {
  const parents = nodes.map((node) => [...new Set([...(node.inputs ?? []), ...(node.after ?? [])])]);
  const children = invert(parents);
  const order = topological(parents, children);
  const alike = intern(nodes.map(likeness));
  let classes = refine(alike, order, parents, children);
  let coarse = false;
  if (count(classes) > most) {
    coarse = true;
    const depth = depths(order, parents);
    classes = intern(nodes.map((_, n) => `${alike[n]}|${depth[n]}`));
    if (count(classes) > most) classes = alike;
  }
  return assemble(nodes, classes, coarse);
}

function likeness(node: NodeLike): string {
  return JSON.stringify([node.name, node.function, node.executor ?? 0, node.environment ?? 0, node.kind ?? 'task']);
}

/** The coarsest classes whose members have parents, and children, of the same classes. */
function refine(alike: Int32Array, order: readonly number[], parents: Adjacency, children: Adjacency): Int32Array {
  const reverse = [...order].reverse();
  let classes = alike;
  let before = 0;
  for (let round = 0; round < MOST_ROUNDS && count(classes) !== before; round++) {
    before = count(classes);
    classes = pass(pass(classes, order, parents), reverse, children);
  }
  return classes;
}

/** Splits classes by those of the neighbours, which come earlier in `order`. */
function pass(classes: Int32Array, order: readonly number[], neighbours: Adjacency): Int32Array {
  const result = new Int32Array(classes.length);
  const known = new Map<string, number>();
  for (const n of order) {
    const around = [...new Set(neighbours[n]!.map((m) => result[m]!))].sort((a, b) => a - b);
    const key = `${classes[n]}|${around.join()}`;
    let found = known.get(key);
    if (found === undefined) known.set(key, (found = known.size));
    result[n] = found;
  }
  return result;
}

function assemble(nodes: readonly NodeLike[], classes: Int32Array, coarse: boolean): Stacks {
  const members: number[][] = [];
  const byClass = new Map<number, number>();
  const of = new Int32Array(nodes.length);
  nodes.forEach((_, n) => {
    let index = byClass.get(classes[n]!);
    if (index === undefined) {
      byClass.set(classes[n]!, (index = members.length));
      members.push([]);
    }
    members[index]!.push(n);
    of[n] = index;
  });
  const edges = new Map<number, StackEdge>();
  const chained = new Set<number>();
  const connect = (from: number, to: number, data: boolean): void => {
    const [source, target] = [of[from]!, of[to]!];
    if (source === target) {
      chained.add(source);
      return;
    }
    const key = source * members.length + target;
    if (data || !edges.has(key)) edges.set(key, { source, target, data });
  };
  nodes.forEach((node, n) => {
    node.inputs?.forEach((from) => connect(from, n, true));
    node.after?.forEach((from) => connect(from, n, false));
  });
  const stacks = members.map((ids, index): Stack => {
    const first = nodes[ids[0]!]!;
    return {
      id: `s${ids[0]}`,
      name: first.name,
      kind: first.kind ?? 'task',
      function: first.function,
      executor: first.executor ?? 0,
      nodes: ids,
      chained: chained.has(index),
    };
  });
  return { stacks, edges: [...edges.values()], of, coarse };
}

function invert(parents: Adjacency): number[][] {
  const children: number[][] = parents.map(() => []);
  parents.forEach((from, n) => from.forEach((parent) => children[parent]?.push(n)));
  return children;
}

function topological(parents: Adjacency, children: Adjacency): number[] {
  const missing = parents.map((from) => from.length);
  const order: number[] = [];
  missing.forEach((left, n) => {
    if (left === 0) order.push(n);
  });
  for (let at = 0; at < order.length; at++) {
    for (const child of children[order[at]!]!) if (--missing[child]! === 0) order.push(child);
  }
  return order;
}

function depths(order: readonly number[], parents: Adjacency): Int32Array {
  const depth = new Int32Array(parents.length);
  for (const n of order) for (const parent of parents[n]!) depth[n] = Math.max(depth[n]!, depth[parent]! + 1);
  return depth;
}

function intern(keys: readonly string[]): Int32Array {
  const known = new Map<string, number>();
  return Int32Array.from(keys, (key) => {
    let found = known.get(key);
    if (found === undefined) known.set(key, (found = known.size));
    return found;
  });
}

function count(classes: Int32Array): number {
  return new Set(classes).size;
}
