import { describe, expect, it } from 'vitest';
import { LogBuffer, LONGEST_LINE, MOST_LINES } from './logBuffer';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const shown = (buffer: LogBuffer): string[] => Array.from({ length: buffer.count }, (_, i) => buffer.at(i)!.text);

describe('LogBuffer', () => {
  it('shows whole lines and the one that is being written', () => {
    const buffer = new LogBuffer(1000);
    buffer.append(bytes('one\ntwo\nthr'));
    expect(shown(buffer)).toEqual(['one', 'two', 'thr']);
    buffer.append(bytes('ee\n'));
    expect(shown(buffer)).toEqual(['one', 'two', 'three']);
    expect([buffer.start, buffer.end]).toEqual([0, 14]);
  });

  it('puts a character together that came in two pieces', () => {
    const buffer = new LogBuffer(1000);
    const euro = bytes('a€b\n');
    buffer.append(euro.slice(0, 2));
    buffer.append(euro.slice(2));
    expect(shown(buffer)).toEqual(['a€b']);
  });

  it('hides half a line at its start until what comes before is there', () => {
    const log = bytes('first\nsecond\nthird\n');
    const buffer = new LogBuffer(1000);
    buffer.reset(9);
    buffer.append(log.slice(9));
    expect(shown(buffer)).toEqual(['third']);
    expect(buffer.prepend(log.slice(0, 9))).toBe(2);
    expect(shown(buffer)).toEqual(['first', 'second', 'third']);
    expect(buffer.lines.map((line) => line.offset)).toEqual([0, 6, 13]);
  });

  it('gives up its start when it grows at its end, and the other way round', () => {
    const line = (i: number): string => `${String(i).padStart(8, '0')}\n`;
    const log = bytes(Array.from({ length: 100 }, (_, i) => line(i)).join(''));
    const buffer = new LogBuffer(90);
    buffer.append(log.slice(0, 90));
    expect(buffer.append(log.slice(90, 180))).toBe(10);
    expect([buffer.start, buffer.end]).toEqual([90, 180]);
    expect(buffer.prepend(log.slice(0, 90))).toBe(10);
    expect(buffer.start).toBe(0);
    expect(buffer.end).toBeLessThan(180);
    expect(shown(buffer)[0]).toBe('00000000');
    buffer.append(log.slice(buffer.end, buffer.end + 9));
    expect(shown(buffer).at(-1)).toBe(String(buffer.end / 9 - 1).padStart(8, '0'));
  });

  it('cuts a line without end into pieces, between characters', () => {
    const buffer = new LogBuffer(1 << 20);
    buffer.append(bytes('€'.repeat(10_000)));
    expect(buffer.count).toBe(4);
    expect(shown(buffer).join('')).toBe('€'.repeat(10_000));
    expect(Math.max(...buffer.lines.map((line) => bytes(line.text).length))).toBeLessThanOrEqual(LONGEST_LINE);
  });

  it('joins a prepended piece to a window that begins inside a long line', () => {
    const log = bytes(`${'x'.repeat(50_000)}\nend\n`);
    const buffer = new LogBuffer(1 << 20);
    buffer.reset(20_000);
    buffer.append(log.slice(20_000));
    buffer.prepend(log.slice(0, 20_000));
    expect(shown(buffer).join('')).toBe(`${'x'.repeat(50_000)}end`);
  });

  it('finds the line of a byte', () => {
    const buffer = new LogBuffer(1000);
    buffer.append(bytes('one\ntwo\nthr'));
    expect([0, 3, 4, 7, 8, 10].map((offset) => buffer.indexOf(offset))).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it('keeps no more lines than can be scrolled through', () => {
    const buffer = new LogBuffer(8 << 20);
    buffer.append(bytes('\n'.repeat(MOST_LINES + 5)));
    expect([buffer.count, buffer.start]).toEqual([MOST_LINES, 5]);
  });

  it('takes 1 MiB of short lines in a moment', () => {
    const log = bytes('some words of a log line\n'.repeat(40_000));
    const buffer = new LogBuffer(8 << 20);
    const before = performance.now();
    buffer.append(log);
    expect(buffer.count).toBe(40_000);
    expect(performance.now() - before).toBeLessThan(500);
  });
});
