/** Python source in coloured pieces: enough to read it by, not a parser. */

export type TokenKind = 'plain' | 'comment' | 'string' | 'number' | 'keyword' | 'builtin' | 'decorator' | 'definition';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const KEYWORDS = new Set(
  (
    'False None True and as assert async await break case class continue def del elif else except finally for from ' +
    'global if import in is lambda match nonlocal not or pass raise return try while with yield'
  ).split(' '),
);

const BUILTINS = new Set(
  (
    'abs all any bool bytes dict enumerate filter float int isinstance len list map max min object open print range ' +
    'repr reversed round self set sorted str sum super tuple type zip'
  ).split(' '),
);

const TOKEN = new RegExp(
  [
    String.raw`(?<comment>#[^\n]*)`,
    String.raw`(?<string>\b[rRbBfFuU]{0,2}(?:"""[\s\S]*?(?:"""|(?![\s\S]))|'''[\s\S]*?(?:'''|(?![\s\S]))|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?)` +
      String.raw`|"""[\s\S]*?(?:"""|(?![\s\S]))|'''[\s\S]*?(?:'''|(?![\s\S]))|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?)`,
    String.raw`(?<number>\b(?:0[xXoObB][\da-fA-F_]+|\d[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?\d+)?j?)\b)`,
    String.raw`(?<decorator>(?<=^[ \t]*)@[\w.]+)`,
    String.raw`(?<word>[^\W\d]\w*)`,
  ].join('|'),
  'gmu',
);

/** The tokens of each line. */
export function highlight(source: string): Token[][] {
  const lines: Token[][] = [[]];
  const push = (kind: TokenKind, text: string): void => {
    text.split('\n').forEach((part, i) => {
      if (i > 0) lines.push([]);
      if (part) lines.at(-1)!.push({ kind, text: part });
    });
  };
  let at = 0;
  let before = '';
  for (const match of source.matchAll(TOKEN)) {
    push('plain', source.slice(at, match.index));
    const text = match[0];
    push(kindOf(match.groups ?? {}, text, before), text);
    before = text;
    at = match.index + text.length;
  }
  push('plain', source.slice(at));
  return lines;
}

function kindOf(groups: Record<string, string | undefined>, text: string, before: string): TokenKind {
  if (groups.comment !== undefined) return 'comment';
  if (groups.string !== undefined) return 'string';
  if (groups.number !== undefined) return 'number';
  if (groups.decorator !== undefined) return 'decorator';
  if (before === 'def' || before === 'class') return 'definition';
  if (KEYWORDS.has(text)) return 'keyword';
  return BUILTINS.has(text) ? 'builtin' : 'plain';
}
