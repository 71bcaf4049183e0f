import { describe, expect, it } from 'vitest';
import { mark } from './marks';

const marked = (texts: string[], query: string): string =>
  mark(
    texts.map((text) => ({ text, style: '' })),
    query,
  )
    .map((span) => (span.isHit ? `[${span.text}]` : span.text))
    .join('|');

describe('mark', () => {
  it('marks every hit, whatever its case', () => {
    expect(marked(['an Error and an error'], 'error')).toBe('an |[Error]| and an |[error]');
  });

  it('marks a hit that lies in several colours', () => {
    expect(marked(['abc', 'def', 'g'], 'cdefg')).toBe('ab|[c]|[def]|[g]');
  });

  it('marks hits side by side', () => {
    expect(marked(['aaa'], 'a')).toBe('[a]|[a]|[a]');
  });

  it('leaves a line without a hit alone', () => {
    expect(marked(['abc', 'def'], '')).toBe('abc|def');
    expect(marked(['abc', 'def'], 'x')).toBe('abc|def');
  });
});
