import { expect, test } from 'vitest';
import { SseParser, type Message } from './sse';

function parse(...pieces: string[]): Message[] {
  const parser = new SseParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

test('a message is its event and its data', () => {
  expect(parse('id: 4\nevent: task\ndata: {"seq":4}\n\n')).toEqual([{ event: 'task', data: '{"seq":4}' }]);
});

test('a message that comes in pieces is the same message', () => {
  const text = 'event: dispatch\r\ndata: {"name": "a: b"}\r\n\r\n';
  expect(parse(...text)).toEqual([{ event: 'dispatch', data: '{"name": "a: b"}' }]);
});

test('comments say nothing, and what is not complete is kept back', () => {
  expect(parse(': still here\n\n', 'event: moved\ndata: 1\n')).toEqual([]);
});

test('several messages may come at once, with several lines of data', () => {
  expect(parse('data: a\ndata: b\n\nevent: x\ndata:c\n\n')).toEqual([
    { event: 'message', data: 'a\nb' },
    { event: 'x', data: 'c' },
  ]);
});
