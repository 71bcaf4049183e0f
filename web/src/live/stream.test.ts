import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connection } from './connection';
import { LiveStream } from './stream';

const target = { addEventListener: () => undefined, removeEventListener: () => undefined };

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', { ...target, visibilityState: 'visible' });
  vi.stubGlobal('window', target);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
  connection.answered(200);
});

/** A server that takes requests, and says only what it is told to; answers how often it was asked. */
function serve(body: () => ReadableStream | null): () => number {
  let asked = 0;
  vi.stubGlobal('fetch', ({ signal }: Request) => {
    asked++;
    const stream = body();
    if (stream) return Promise.resolve(new Response(stream));
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  });
  return () => asked;
}

function follow(): { away: boolean[]; stop: () => void } {
  const away: boolean[] = [];
  const onAway = (isAway: boolean): void => void away.push(isAway);
  const address = (): string => 'http://127.0.0.1/stream';
  const stream = new LiveStream({ address, onMessages: () => undefined, onClosed: () => false, onAway });
  return { away, stop: stream.stop };
}

test('a server that takes requests and never answers is away, and is asked again ever more rarely', async () => {
  const asked = serve(() => null);
  const { away, stop } = follow();
  await vi.advanceTimersByTimeAsync(39_000);
  expect(away).toEqual([]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(away).toEqual([true]);
  expect(connection.get()).toBe('away');
  expect(asked()).toBe(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(asked()).toBe(2);
  stop();
});

test('a page that was left does not make the server away', async () => {
  serve(() => null);
  const { away, stop } = follow();
  stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(away).toEqual([]);
  expect(connection.get()).toBe('there');
});
