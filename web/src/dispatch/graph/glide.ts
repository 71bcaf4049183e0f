/** Milliseconds that the view may take to move: none for those who asked for less motion. */
export function glide(ms: number): { duration: number } {
  return { duration: matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : ms };
}
