import type { Window } from '../logic/window';

/** Times in seconds since the beginning to places, as shares of the width. */
export interface Scale {
  /** Unix seconds of the beginning. */
  readonly start: number;
  readonly window: Window;
}

export function place({ start, window }: Scale, at: number): number {
  return (at - start - window.from) / (window.to - window.from);
}

export function percent(share: number): string {
  return `${Math.max(-1, Math.min(2, share)) * 100}%`;
}
