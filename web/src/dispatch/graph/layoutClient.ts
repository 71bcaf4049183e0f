/** Layouts from the worker, kept by what they depend on: the structure, never a status. */
import type { Direction, Layout, Scene } from '../logic/layout';

export interface LayoutRequest {
  readonly id: number;
  readonly scene: Scene;
  readonly direction: Direction;
}

export interface LayoutAnswer {
  readonly id: number;
  readonly layout: Layout;
}

const KEPT = 24;
const known = new Map<string, Promise<Layout>>();
const waiting = new Map<number, (layout: Layout) => void>();
let worker: Worker | null = null;
let last = 0;

export function requestLayout(scene: Scene, direction: Direction): Promise<Layout> {
  const key = direction + JSON.stringify(scene);
  const found = known.get(key) ?? ask(scene, direction);
  known.delete(key);
  known.set(key, found);
  for (const oldest of known.keys()) {
    if (known.size <= KEPT) break;
    known.delete(oldest);
  }
  return found;
}

function ask(scene: Scene, direction: Direction): Promise<Layout> {
  worker ??= start();
  const request: LayoutRequest = { id: ++last, scene, direction };
  worker.postMessage(request);
  return new Promise((resolve) => waiting.set(request.id, resolve));
}

function start(): Worker {
  const started = new Worker(new URL('./layout.worker.ts', import.meta.url), { type: 'module' });
  started.onmessage = ({ data }: MessageEvent<LayoutAnswer>) => {
    waiting.get(data.id)?.(data.layout);
    waiting.delete(data.id);
  };
  return started;
}
