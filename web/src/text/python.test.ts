import { describe, expect, it } from 'vitest';
import { highlight } from './python';

const kinds = (source: string): string[] =>
  highlight(source)
    .flat()
    .filter((token) => token.kind !== 'plain')
    .map((token) => `${token.kind}:${token.text}`);

describe('highlight', () => {
  it('knows decorators, definitions, keywords and numbers', () => {
    expect(kinds('@ct.electron\ndef f(x):\n    return x + 1.5e3')).toEqual([
      'decorator:@ct.electron',
      'keyword:def',
      'definition:f',
      'keyword:return',
      'number:1.5e3',
    ]);
  });

  it('knows strings of all kinds, also over several lines', () => {
    expect(kinds(`a = f"x{y}" + r'\\d' + """one\ntwo"""`)).toEqual([
      'string:f"x{y}"',
      "string:r'\\d'",
      'string:"""one',
      'string:two"""',
    ]);
  });

  it('leaves a comment in a string and a string in a comment alone', () => {
    expect(kinds('"# no" # "yes"')).toEqual(['string:"# no"', 'comment:# "yes"']);
  });

  it('takes a matrix product for no decorator', () => {
    expect(kinds('x = a @ b')).toEqual([]);
  });

  it('gives back every character', () => {
    const source = 'class A:\n\tpass\n\n"""open\n<b>';
    const text = highlight(source)
      .map((line) => line.map((token) => token.text).join(''))
      .join('\n');
    expect(text).toBe(source);
  });
});
