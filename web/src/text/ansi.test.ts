import { describe, expect, it } from 'vitest';
import { parseLine, plainText, showControls, showName, stripAnsi } from './ansi';

const ESC = '\u001b';

describe('parseLine', () => {
  it('gives colours and weight by class', () => {
    expect(parseLine(`a ${ESC}[1;31mred${ESC}[0m b`).spans).toEqual([
      { text: 'a ', style: '' },
      { text: 'red', style: 'bold fg-1' },
      { text: ' b', style: '' },
    ]);
  });

  it('knows bright colours, backgrounds and the palette of 256', () => {
    const styles = parseLine(`${ESC}[92mx${ESC}[44my${ESC}[38;5;3mz${ESC}[38;2;1;2;3mw`).spans.map(
      (span) => span.style,
    );
    expect(styles).toEqual(['fg-10', 'fg-10 bg-4', 'fg-3 bg-4', 'bg-4']);
  });

  it('drops sequences that move the cursor, set the title or make links', () => {
    const raw = `${ESC}[2J${ESC}]0;title\u0007a${ESC}]8;;http://x${ESC}\\b${ESC}[10;3Hc`;
    expect(
      parseLine(raw)
        .spans.map((span) => span.text)
        .join(''),
    ).toBe('abc');
  });

  it('shows the last state of a line that was written over, and how often it was', () => {
    expect(parseLine('10%\r20%\r30%\r')).toEqual({ spans: [{ text: '30%', style: '' }], overwritten: 2 });
  });

  it('takes a carriage return before the end of the line as part of it', () => {
    expect(parseLine('windows\r')).toEqual({ spans: [{ text: 'windows', style: '' }], overwritten: 0 });
  });

  it('leaves HTML as it is', () => {
    expect(parseLine('<script>alert(1)</script>').spans[0]!.text).toBe('<script>alert(1)</script>');
  });
});

describe('showControls', () => {
  it('shows what cannot be seen, and keeps tabs', () => {
    expect(showControls('a\u0000b\u0007c\td\u007f')).toBe('a␀b␇c\td␡');
  });

  it('shows what would turn the direction of text', () => {
    expect(showControls('a\u202eb')).toBe('a⟨U+202E⟩b');
  });
});

describe('showName', () => {
  it('leaves nothing that cannot be seen', () => {
    expect(showName('  ')).toBe('(no name)');
    expect(showName('\u200b')).toBe('⟨U+200B⟩');
    expect(showName('load')).toBe('load');
  });
});

describe('plainText', () => {
  it('is what is seen', () => {
    expect(plainText(`1\r${ESC}[31mtwo${ESC}[0m\u0001`)).toBe('two␁');
    expect(stripAnsi('plain')).toBe('plain');
  });

  it('shows an escape that is no sequence', () => {
    expect(plainText(`a${ESC}`)).toBe('a␛');
  });
});
