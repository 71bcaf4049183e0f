/** Keys by which the server knows a request that is sent again because its answer was lost. */
export class OnceKeys {
  private readonly keys = new Map<string, string>();

  /** The same for the same request, until they are forgotten. */
  readonly of = (request: string): string => {
    let key = this.keys.get(request);
    if (key === undefined) this.keys.set(request, (key = uuid()));
    return key;
  };

  readonly forget = (): void => this.keys.clear();
}

/** A random UUID. Browsers have a function for it, but not in pages that came over plain HTTP from another machine. */
function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
