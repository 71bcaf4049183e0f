import { describe, expect, it } from 'vitest';
import { between, pan, zoom } from './window';

const whole = { from: 0, to: 100 };

describe('zoom', () => {
  it('keeps what is pointed at in its place', () => {
    expect(zoom(whole, 100, 25, 0.5)).toEqual({ from: 12.5, to: 62.5 });
  });

  it('never leaves the whole', () => {
    expect(zoom({ from: 80, to: 100 }, 100, 100, 10)).toEqual(whole);
    expect(zoom({ from: 80, to: 100 }, 100, 81, 2).to).toBeLessThanOrEqual(100);
  });

  it('ends at a millisecond', () => {
    const { from, to } = zoom(whole, 100, 50, 1e-9);
    expect(to - from).toBeCloseTo(0.001);
  });
});

describe('pan', () => {
  it('moves, and stops at the ends', () => {
    expect(pan({ from: 10, to: 20 }, 100, 5)).toEqual({ from: 15, to: 25 });
    expect(pan({ from: 10, to: 20 }, 100, -50)).toEqual({ from: 0, to: 10 });
    expect(pan({ from: 10, to: 20 }, 100, 500)).toEqual({ from: 90, to: 100 });
  });
});

describe('between', () => {
  it('takes the points in either order', () => {
    expect(between(70, 30, 100)).toEqual({ from: 30, to: 70 });
    expect(between(-5, 300, 100)).toEqual(whole);
  });
});
