/** The part of a stretch of time that is looked at. Seconds; offsets from the beginning. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** Nothing shorter is looked at: one millisecond over the whole width. */
const SHORTEST = 0.001;

/** Makes the window `factor` times as long, with `at` staying in its place. */
export function zoom(window: Window, length: number, at: number, factor: number): Window {
  const now = window.to - window.from;
  const wanted = Math.min(length, Math.max(Math.min(SHORTEST, length), now * factor));
  const share = now > 0 ? (at - window.from) / now : 0.5;
  const from = at - share * wanted;
  return fit({ from, to: from + wanted }, length);
}

export function pan(window: Window, length: number, by: number): Window {
  return fit({ from: window.from + by, to: window.to + by }, length);
}

/** A window between two points, however they lie. */
export function between(a: number, b: number, length: number): Window {
  const [from, to] = [Math.max(0, Math.min(a, b)), Math.min(length, Math.max(a, b))];
  return to - from < SHORTEST
    ? zoom({ from: 0, to: length }, length, from, SHORTEST / Math.max(length, SHORTEST))
    : { from, to };
}

function fit({ from, to }: Window, length: number): Window {
  const by = from < 0 ? -from : to > length ? length - to : 0;
  return { from: Math.max(0, from + by), to: Math.min(length, to + by) };
}
