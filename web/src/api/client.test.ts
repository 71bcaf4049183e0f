import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connection, SILENCE_MS } from '../live/connection';
import { request } from './client';

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('localStorage', { getItem: () => null });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
  connection.answered(200);
});

test('a server that takes a request and does not answer is away, until it does', async () => {
  let answer: (response: Response) => void = () => undefined;
  vi.stubGlobal('fetch', () => new Promise<Response>((resolve) => (answer = resolve)));
  const asked = request(new Request('http://server/api/v1/health'));
  vi.advanceTimersByTime(SILENCE_MS - 1);
  expect(connection.get()).toBe('there');
  vi.advanceTimersByTime(1);
  expect(connection.get()).toBe('away');
  answer(new Response('{}'));
  await asked;
  expect(connection.get()).toBe('there');
});

test('a server that answers in time is not away later', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('{}')));
  await request(new Request('http://server/api/v1/health'));
  vi.advanceTimersByTime(2 * SILENCE_MS);
  expect(connection.get()).toBe('there');
});
