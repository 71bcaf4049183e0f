/** Gathers what arrives and hands it over once per frame, or once a second while nobody looks. */
export class FrameQueue<Item> {
  private waiting: Item[] = [];
  private cancel: (() => void) | null = null;

  constructor(private readonly take: (items: readonly Item[]) => void) {}

  push(items: readonly Item[]): void {
    for (const item of items) this.waiting.push(item);
    if (this.cancel === null) this.cancel = soon(this.flush);
  }

  readonly flush = (): void => {
    this.stop();
    const items = this.waiting;
    this.waiting = [];
    if (items.length > 0) this.take(items);
  };

  stop(): void {
    this.cancel?.();
    this.cancel = null;
  }
}

function soon(work: () => void): () => void {
  if (document.visibilityState === 'hidden') {
    const timer = setTimeout(work, 1000);
    return () => clearTimeout(timer);
  }
  const frame = requestAnimationFrame(work);
  return () => cancelAnimationFrame(frame);
}
