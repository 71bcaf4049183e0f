import { describe, expect, it } from 'vitest';
import { nearest } from './near';

const box = (id: string, x: number, y: number) => ({ id, x, y, width: 10, height: 10 });
const boxes = [box('a', 0, 0), box('b', -20, 50), box('c', 30, 50), box('d', 0, 100), box('a/x', 2, 2)];

describe('nearest', () => {
  it('goes to the box that lies in the direction of the arrow', () => {
    expect(nearest(boxes, 'a', 'ArrowDown')).toBe('b');
    expect(nearest(boxes, 'b', 'ArrowRight')).toBe('c');
    expect(nearest(boxes, 'd', 'ArrowUp')).toBe('b');
    expect(nearest(boxes, 'c', 'ArrowLeft')).toBe('b');
  });

  it('stays where there is nothing more', () => {
    expect(nearest(boxes, 'd', 'ArrowDown')).toBeNull();
    expect(nearest(boxes, 'gone', 'ArrowDown')).toBeNull();
  });
});
