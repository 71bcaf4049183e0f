import { afterEach, describe, expect, it, vi } from 'vitest';
import { LogFeed, type FeedOptions, type Hit } from './logFeed';

/** A log that can grow, and what was read of it. */
class Log {
  reads: [number, number][] = [];
  ended = true;
  broken = '';

  constructor(public text: string) {}

  readonly read = (offset: number, limit: number) => {
    this.reads.push([offset, limit]);
    if (this.broken) return Promise.reject(new Error(this.broken));
    const all = new TextEncoder().encode(this.text);
    const bytes = all.slice(offset, offset + limit);
    return Promise.resolve({ bytes, complete: this.ended && offset + bytes.length >= all.length });
  };
}

const numbered = (count: number): string =>
  Array.from({ length: count }, (_, i) => `${String(i).padStart(9, '0')}\n`).join('');

const open = async (log: Log, options: FeedOptions = {}): Promise<LogFeed> => {
  const feed = new LogFeed(log.read, { piece: 100, keep: 400, ...options });
  await feed.start();
  return feed;
};
const texts = (feed: LogFeed): string[] => Array.from({ length: feed.buffer.count }, (_, i) => feed.buffer.at(i)!.text);

afterEach(() => vi.useRealTimers());

describe('LogFeed', () => {
  it('reads only the end of a long log whose size is known', async () => {
    const log = new Log(numbered(1000));
    const feed = await open(log, { size: 10_000 });
    expect(texts(feed).at(-1)).toBe('000000999');
    expect(log.reads).toEqual([
      [9900, 100],
      [10_000, 100],
    ]);
    expect(feed.state).toMatchObject({ atEnd: true, complete: true, busy: null });
  });

  it('finds the end of a log that is being written, by few reads', async () => {
    const log = new Log(numbered(100_000));
    log.ended = false;
    const feed = await open(log);
    expect(texts(feed).at(-1)).toBe('000099999');
    expect(log.reads.length).toBeLessThan(30);
    feed.stop();
  });

  it('reads a short one whole', async () => {
    const feed = await open(new Log('one\ntwo'));
    expect(texts(feed)).toEqual(['one', 'two']);
  });

  it('loads what comes before, and says by how much lines were shifted', async () => {
    const feed = await open(new Log(numbered(1000)), { size: 10_000 });
    const before = texts(feed)[0];
    feed.takeShift();
    await feed.loadEarlier();
    expect(feed.takeShift()).toBe(10);
    expect(feed.buffer.start).toBe(9800);
    expect(texts(feed)[texts(feed).indexOf(before!)]).toBe(before);
    expect(texts(feed).length).toBe(19);
  });

  it('keeps a bounded part while going up, and finds the end again', async () => {
    const feed = await open(new Log(numbered(1000)), { size: 10_000 });
    for (let i = 0; i < 10; i++) await feed.loadEarlier();
    expect(feed.buffer.end - feed.buffer.start).toBeLessThanOrEqual(500);
    expect(feed.state.atEnd).toBe(false);
    await feed.loadLater();
    await feed.toEnd();
    expect(texts(feed).at(-1)).toBe('000000999');
    expect(feed.state.atEnd).toBe(true);
  });

  it('follows what is written', async () => {
    vi.useFakeTimers();
    const log = new Log('one\n');
    log.ended = false;
    const feed = await open(log);
    log.text += 'two\n';
    await vi.advanceTimersByTimeAsync(1100);
    expect(texts(feed)).toEqual(['one', 'two']);
    log.ended = true;
    await vi.advanceTimersByTimeAsync(1100);
    expect(feed.state.complete).toBe(true);
    const reads = log.reads.length;
    await vi.advanceTimersByTimeAsync(5000);
    expect(log.reads.length).toBe(reads);
  });

  it('says that it cannot read, and goes on when it can', async () => {
    vi.useFakeTimers();
    const log = new Log('one\n');
    log.ended = false;
    log.broken = 'away';
    const feed = await open(log);
    expect(feed.state.error).toBe('away');
    log.broken = '';
    await vi.advanceTimersByTimeAsync(3100);
    expect(texts(feed)).toEqual(['one']);
    expect(feed.state.error).toBe('');
    feed.stop();
  });

  it('searches the whole and shows what it found', async () => {
    const feed = await open(new Log(numbered(1000)), { size: 10_000 });
    let found: readonly Hit[] = [];
    await feed.search('00050', new AbortController().signal, (hits) => (found = hits));
    expect(found.map((hit) => Number(hit.text))).toEqual([50, 500, 501, 502, 503, 504, 505, 506, 507, 508, 509]);
    await feed.toOffset(found[3]!.offset);
    expect(feed.buffer.at(feed.buffer.indexOf(found[3]!.offset))!.text).toBe('000000502');
  });
});
