/** Settings of an executor as pairs of texts. */

export interface Setting {
  readonly name: string;
  readonly value: string;
}

/** Settings inside of settings get their path as their name. */
export function flatten(settings: Readonly<Record<string, unknown>>, prefix = ''): Setting[] {
  return Object.entries(settings).flatMap(([key, value]) => {
    const name = prefix ? `${prefix}.${key}` : key;
    if (isRecord(value) && Object.keys(value).length > 0) return flatten(value, name);
    return [{ name, value: show(value) }];
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  if (typeof value === 'string') return value === '' ? '“”' : value;
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) return value.join(', ') || 'none';
  return value === null ? 'none' : JSON.stringify(value);
}
