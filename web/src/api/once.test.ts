import { expect, test } from 'vitest';
import { OnceKeys } from './once';

test('a request that is sent again has the same key, and others have others', () => {
  const keys = new OnceKeys();
  const first = keys.of('a');
  expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(keys.of('a')).toBe(first);
  expect(keys.of('b')).not.toBe(first);
});

test('what was forgotten is a new request', () => {
  const keys = new OnceKeys();
  const first = keys.of('a');
  keys.forget();
  expect(keys.of('a')).not.toBe(first);
});
